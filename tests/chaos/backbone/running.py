"""One seed from its plan to its verdict."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.chaos.backbone import disk as disks
from tests.chaos.backbone.checker import Found, check, read_log, read_stream
from tests.chaos.backbone.disk import Disk
from tests.chaos.backbone.faults import Fault, inflict, plan
from tests.chaos.backbone.load import Command, Load, drawn
from tests.chaos.backbone.names import CONSUMER, PRODUCER
from tests.chaos.backbone.reference import LEDGER_MODEL
from tests.chaos.backbone.world import World, world

from ytempire.bus import read_carried
from ytempire.bus.topology import stream_of
from ytempire.eventstore import EventStore, ReadModels
from ytempire.eventstore.rebuilding import Rebuilder

_REST_S, _LOOK_S = 60.0, 0.5
"""What is still wrong when nothing has moved for so long is the finding: longer than any message waits for another
try."""
_STEPS, _STEP_S = 40, 0.25
_SERVICES = (PRODUCER, CONSUMER)
LEAST_KILLS = 2
"""Fewer in one run prove too little."""


@dataclass(frozen=True)
class Outcome:
    """What a seed came to."""

    seed: int
    faults: tuple[str, ...]
    events_acked: int
    kills: int
    crashed: tuple[str, ...]
    duplicates_delivered: int
    found: Found
    seconds: float
    error: str = ""
    """Why the run did not come to its end; empty if it did."""

    @property
    def broken(self) -> bool:
        return bool(self.found.all or self.error)

    def short_of(self, events: int) -> str:
        """What it lacks to count as a run; empty if nothing."""
        if self.events_acked < events:
            return f"{self.events_acked} events acknowledged, {events} wanted"
        return f"{self.kills} kills, {LEAST_KILLS} wanted" if self.kills < LEAST_KILLS else ""

    def row(self) -> dict[str, object]:
        """The form of the stored results."""
        return {
            "seed": self.seed,
            "events_acked": self.events_acked,
            "kills": self.kills,
            "duplicates_delivered": self.duplicates_delivered,
            "lost": len(self.found.lost),
            "twice": len(self.found.twice),
            "misordered": len(self.found.misordered),
            "rebuild_equal": not self.found.rebuild and not self.error,
            "other": len(self.found.other),
            "faults": self.faults,
            "crashed": self.crashed,
            "seconds": round(self.seconds, 1),
            **({"error": self.error} if self.error else {}),
        }


def failed(seed: int, error: Exception) -> Outcome:
    """A run that ended before its verdict: a broken one, and no reason to leave out the others."""
    return Outcome(seed, (), 0, 0, (), 0, Found(), 0.0, f"{type(error).__name__}: {error}")


async def run_seed(seed: int, events: int, faults: int) -> Outcome:
    """Draw a plan, run it, let everything come to rest and check."""
    draw = random.Random(seed)
    power = disks.why_not() is None
    planned, commands = plan(draw, faults, disk=power), drawn(draw, events)
    return await run_plan(seed, planned, commands)


async def run_plan(seed: int, planned: Sequence[Fault], commands: list[Command]) -> Outcome:
    """The given faults, each at its share of the load."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(disks.memory_folder())
        disk = _attached(folder, stack) if disks.why_not() is None else None
        async with world(folder, disk) as running:
            load = Load(commands, running.http_ports)
            await _under_fire(running, load, planned)
            found = await rested(running, load)
            if not found.all:
                await rebuild(running)
                found = await look(running, load)
            return Outcome(
                seed,
                tuple(fault.kind for fault in planned),
                load.events_acked,
                running.kills,
                tuple(running.crashed),
                duplicates_delivered(running.deliveries),
                found,
                time.monotonic() - began,
            )


def _attached(folder: Path, stack: ExitStack) -> Disk:
    disk = Disk(folder)
    disk.attach()
    stack.callback(disk.detach)
    return disk


async def _under_fire(running: World, load: Load, planned: Sequence[Fault]) -> None:
    sending = asyncio.create_task(load.run())
    try:
        share = 1 / max(1, len(planned))
        for number, fault in enumerate(planned):
            await load.allow((number + 0.3) * share)
            await load.reached((number + 0.3) * share)
            await while_sending(load, number * share, share, inflict(running, fault))
        await load.allow(1.0)
        await sending
    finally:
        sending.cancel()


async def while_sending(load: Load, begun: float, share: float, happening: Coroutine[Any, Any, None]) -> None:
    """Let something happen while a share of the load goes on being sent, a little at a time."""
    task = asyncio.create_task(happening)
    for step in range(_STEPS):
        await load.allow(begun + share * (step + 1) / _STEPS)
        if (await asyncio.wait([task], timeout=_STEP_S))[0]:
            break
    await task


async def rested(running: World, load: Load) -> Found:
    """Look until nothing is wrong any more, or nothing moves any more."""
    await asyncio.gather(*(server.ready() for server in (running.database, running.bus, *running.services())))
    since, before = time.monotonic(), None
    while True:
        # cheap looks while it works, the thorough one when nothing moves
        now = await _pending(running), await asyncio.to_thread(_standing, running)
        still = time.monotonic() - since
        if now != before:
            since, before = time.monotonic(), now
        elif now[0] == 0 or still > _REST_S:
            found = await look(running, load)
            if not found.all or still > _REST_S:
                return found
        await asyncio.sleep(_LOOK_S)


async def rebuild(running: World) -> None:
    """Fill every read model anew by the library and make that the live one, as an operator would."""
    async with running.admin() as client:
        foreign = partial(read_carried, client.jetstream())
        for service in _SERVICES:
            store = EventStore(service, running.dsn(service), lambda: datetime.now(UTC))
            models = ReadModels(service, store.dsn, (LEDGER_MODEL,))
            try:
                await store.open()
                await Rebuilder(store, models, LEDGER_MODEL, foreign).rebuild()
            finally:
                await models.close()
                await store.close()


def _standing(running: World) -> list[object]:
    """Where the logs end, and how many timers wait."""
    found: list[object] = []
    for service in _SERVICES:
        with running.sql(service) as connection:
            found += connection.execute("select position, (select count(*) from es.timers) from es.head").fetchall()
    return found


async def look(running: World, load: Load) -> Found:
    """Every invariant, now."""
    logs = {}
    for service in _SERVICES:
        with running.sql(service) as connection:
            logs[service] = await asyncio.to_thread(read_log, connection)
    async with running.admin() as client:
        streams = {service: await read_stream(client, stream_of(service)) for service in _SERVICES}
    commands = {command.key: len(command.amounts) for command in load.commands}
    found = await asyncio.to_thread(check, logs, streams, commands, load.acked)
    found.other += [f"{key} was acknowledged with two answers" for key in load.contradicted]
    return found


async def _pending(running: World) -> int:
    """Messages that wait for anybody."""
    async with running.admin() as client:
        infos = [i for s in _SERVICES for i in await client.jetstream().consumers_info(stream_of(s))]
    return sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos if "__" in info.name)


def duplicates_delivered(deliveries: Path) -> int:
    """How many messages came to a handler that had seen them before."""
    lines = deliveries.read_text(encoding="utf-8").splitlines()
    return len(lines) - len(set(lines))
