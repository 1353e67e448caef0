"""Thousands of timers over a virtual year, through the running platform, with its holder killed on the way.

`python -m tests.backbone.timers [timers] [kills] [days]` measures and prints; the checks read the log alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from ytempire.analytics.domain.events import CollectionDue, EntryPosted, SalesCollectionDue
from ytempire.cli import detached
from ytempire.cli.plan import PlatformPlan, UpOptions
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.stores import open_services
from ytempire.cli.testing import temporary_var
from ytempire.cli.timekeeper import Timekeeper
from ytempire.eventstore import EventStore, Timer, Unit, derived_id
from ytempire.eventstore.audit import verify

HOLDER = "analytics"
REACTED = 0.01
"""Share of the timers that something reacts to: each is a step of its own, as is the holder's own daily timer, which
sets the next day's each time: what follows from a timer comes in order, too."""
_UNIT = 500


def measure(timers: int = 10_000, kills: int = 0, days: int = 365, seed: int = 14) -> dict[str, Any]:
    """Set timers at random times of some days, move time over them, kill their holder on the way, and count.

    Returns seconds (of the move, restarts included), cpu_seconds (of all processes; None if one was restarted), steps,
    kills, set, fired, chained (what the timers themselves led to), missing, twice, misordered, mistimed (business time
    is not the time due) and findings (of the audit of the holder's log).
    """
    with temporary_var() as var:
        detached.start(UpOptions(var=var, port=0, clock="virtual"))
        try:
            return _measure(var, timers, kills, timedelta(days=days), random.Random(seed))
        finally:
            detached.stop(var)


def _measure(var: Path, timers: int, kills: int, span: timedelta, chance: random.Random) -> dict[str, Any]:
    plan = plan_of(running_state(var))
    keeper = Timekeeper(plan)
    keeper.settle(0)
    begin = keeper.now()
    wanted = _wanted(timers, begin, span, chance)
    asyncio.run(_set(plan, wanted, begin))
    keeper.settle(0)
    killer = _Killer(var, kills, chance)
    started, cpu = time.monotonic(), _cpu_seconds(var)
    steps = keeper.advance(span + timedelta(minutes=1), killer.step)
    seconds = time.monotonic() - started
    killer.end()
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": None if kills else round(_cpu_seconds(var) - cpu, 2),
        "steps": steps,
        "kills": killer.done,
        **asyncio.run(_count(plan, wanted, begin)),
    }


def _cpu_seconds(var: Path) -> float:
    pids = [process["pid"] for process in running_state(var)["processes"].values() if process["pid"]]
    own = [psutil.Process(), *(psutil.Process(pid) for pid in pids)]
    every = [*own, *(child for process in own[1:] for child in process.children(recursive=True))]
    return sum(times.user + times.system for times in (process.cpu_times() for process in every))


class _Killer:
    """Kills the holder at random moments, spread over the time; the supervisor starts it again."""

    def __init__(self, var: Path, kills: int, chance: random.Random) -> None:
        self._var, self._chance = var, chance
        self._shares = [(n + 1) / (kills + 1) for n in range(kills)]
        self._threads: list[threading.Timer] = []

    @property
    def done(self) -> int:
        return len(self._threads)

    def step(self, _: datetime, share: float) -> None:
        """After a settled step: the kill comes a little later, in the middle of the next ones."""
        if self._shares and share >= self._shares[0]:
            self._shares.pop(0)
            self._threads.append(threading.Timer(self._chance.uniform(0, 0.05), self._kill))
            self._threads[-1].start()

    def _kill(self) -> None:
        pid = running_state(self._var)["processes"][HOLDER]["pid"]
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        for thread in self._threads:
            thread.join()


def _wanted(timers: int, begin: datetime, span: timedelta, chance: random.Random) -> list[Timer]:
    """Timers at random times; a minute is left at the start for setting them all."""
    made = []
    for n in range(timers):
        due = begin + timedelta(minutes=1) + span * chance.random()
        if chance.random() < REACTED:
            id_ = derived_id("timer", str(n))
            made.append(Timer(str(n), due, f"timer-{n % 97}", CollectionDue(channel_id=id_, user_id=id_)))
        else:
            made.append(Timer(str(n), due, f"timer-{n % 97}", EntryPosted(key=str(n), kind="cost", micros=n)))
    return made


async def _set(plan: PlatformPlan, wanted: list[Timer], begin: datetime) -> None:
    async with open_services(plan) as opened:
        (theirs,) = (service.store for service in opened if service.store.service == HOLDER)
        store = EventStore(HOLDER, theirs.dsn, lambda: begin)
        await store.open()
        for n in range(0, len(wanted), _UNIT):
            await store.submit(Unit((), timers=wanted[n : n + _UNIT]))
        await store.close()


async def _count(plan: PlatformPlan, wanted: list[Timer], begin: datetime) -> dict[str, Any]:
    async with open_services(plan) as opened:
        (store,) = (service.store for service in opened if service.store.service == HOLDER)
        log = await store.read(0, 1_000_000)
        findings = (await verify(store)).findings
    kinds = (EntryPosted, CollectionDue, SalesCollectionDue)
    fired = [record for record in log if record.time > begin and isinstance(record.event, kinds)]
    expected = {(t.stream, t.event.type_name(), t.due): t for t in wanted}
    got = Counter((r.stream, r.type, r.time) for r in fired)
    times = [record.time for record in fired]
    own = [r for r in fired if r.stream.startswith("timer-")]
    return {
        "set": len(wanted),
        "fired": len(own),
        "chained": len(fired) - len(own),
        "missing": sum(key not in got for key in expected),
        "twice": sum(count - 1 for count in got.values()),
        "misordered": sum(later < earlier for earlier, later in pairwise(times)),
        "mistimed": sum((r.stream, r.type, r.time) not in expected for r in own),
        "findings": len(findings),
    }


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps(measure(*numbers), indent=1))
