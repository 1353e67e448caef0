"""Moves virtual time forward for the whole platform: to the next thing due anywhere, let it settle, repeat.

What is asked of whom at each step, and why nothing is missed: docs/architecture/time.md, "Moving time".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import httpx

from ytempire.cli.loopback import Door
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem

_POLL_S = 0.02
_SETTLE_S = 180.0
_JUST_BEFORE = timedelta(seconds=1)
"""Time runs on by itself between two moves: what is due within a second is not told apart."""
_PUBLIC_DOOR = "gateway"
_SPAN = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Step = Callable[[datetime, float], None]
State = dict[str, Any]


def parse_span(text: str) -> timedelta:
    """`30d`, `12h`, `90m`. Raises `PlatformProblem` for anything else."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise PlatformProblem(f"{text!r} is no span of time: write a number and s, m, h or d, such as 30d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Timekeeper:
    """Talks to the sandbox's clock and to the services' own state on loopback."""

    def __init__(self, plan: PlatformPlan) -> None:
        if plan.clock != "virtual":
            raise PlatformProblem("Time moves by itself here: start the platform with --clock virtual to move it.")
        self._clock_url = f"{plan.sandbox_url}/control/clock"
        self._doors = {service: Door(port) for service, port in plan.health_ports.items()}
        self._http = httpx.Client(verify=str(plan.ca_bundle), timeout=60, trust_env=False)
        self._states: dict[str, State] = {}
        self._done = 0

    def now(self) -> datetime:
        """Business time."""
        return _now(self._clock())

    def advance(self, span: timedelta, step: Step) -> int:
        """Move time by `span`; `step` is told the time reached and the share done. Returns the number of steps."""
        self.settle(0)
        begin = self.now()
        target = begin + span
        steps = 0
        clock = self._clock()
        self._done = clock["done"]
        while (now := _now(clock)) < target:
            stop = min(target, *self._stops("next_due"), *_times(clock["next_due"]))
            if stop - _JUST_BEFORE > now and (self._passes_over_quiet(stop) or stop in _times(clock["next_due"])):
                stop -= _JUST_BEFORE
            clock = self._move(max(stop, now))
            steps += 1
            step(stop, min(1.0, (stop - begin) / span))
        return steps

    def settle(self, revision: int) -> None:
        """Wait until every service knows the time and has nothing left to do.

        Raises `PlatformProblem` naming who is still busy when it takes too long.
        """
        deadline = time.monotonic() + _SETTLE_S
        before: dict[str, int] | None = None
        while True:
            states = self._ask_all()
            busy = {
                name: state["open"] if state else ["away"]
                for name, state in states.items()
                if state is None or not state["settled"] or state["clock_revision"] < revision
            }
            self._states = {name: state for name, state in states.items() if state is not None}
            positions = {name: state["position"] for name, state in self._states.items()}
            # what one service settled may be on its way to another: twice the same is still
            if not busy and positions == before:
                return
            before = positions if not busy else None
            if time.monotonic() > deadline:
                raise PlatformProblem(f"The platform did not settle within {_SETTLE_S:.0f} s: {busy}")
            time.sleep(_POLL_S)

    def _stops(self, kind: str, services: Collection[str] | None = None) -> list[datetime]:
        """When timers of a kind are due next, service by service."""
        return [
            due
            for name, state in self._states.items()
            if services is None or name in services
            for due in _times(state[kind])
        ]

    def _passes_over_quiet(self, stop: datetime) -> bool:
        """Whether quiet timers must have fired before anything else hears of `stop`.

        A service fires its own timers in order anyway; so only if somebody else's moment is the stop.
        """
        owners = {name for name in self._states if stop in self._stops("next_due", [name])}
        if len(owners) > 1:
            owners = set()
        return any(due < stop - _JUST_BEFORE for due in self._stops("next_quiet", self._states.keys() - owners))

    def _move(self, to: datetime) -> State:
        """One step: to a moment, and whatever follows from it. Returns the clock as it is then."""
        clock = self._set(to)
        before = {name: state["published"] for name, state in self._states.items()}
        waking = self._due(clock, "next_due")
        # the outside may knock: by itself, or called by what follows from a timer that is not quiet
        knocks = waking or any(due <= _now(clock) + 2 * _JUST_BEFORE for due in _times(clock["next_due"]))
        told = self._tell(clock, {_PUBLIC_DOOR} & self._doors.keys() if knocks else (), settle=False)
        alone = told and self._tell(clock, self._due(clock, "next_due", "next_quiet"), settle=True)
        after = self._clock() if waking or not alone else clock
        if not alone or self._reached_others(before) or self._outside_acted(after):
            self._tell(clock, self._doors, settle=False)
            self.settle(clock["revision"])
            after = self._clock()
        self._done = after["done"]
        return after

    def _due(self, clock: State, *kinds: str) -> set[str]:
        """The services that have a timer of these kinds due at the clock's time."""
        now = _now(clock)
        return {n for n, s in self._states.items() if any(due <= now for kind in kinds for due in _times(s[kind]))}

    def _tell(self, clock: State, services: Collection[str], *, settle: bool) -> bool:
        """Tell some the time; whether each has heard, and with `settle` has done whatever is due of its own."""
        moved = {"revision": clock["revision"], "offset_seconds": clock["offset_seconds"], "settle": settle}
        for name in services:
            self._doors[name].send("POST", "/internal/clock", moved)
        answers = {name: self._doors[name].answer() for name in services}
        if settle:
            self._states.update({name: answer for name, answer in answers.items() if answer})
        return all(answer and (not settle or answer["settled"]) for answer in answers.values())

    def _reached_others(self, before: dict[str, int]) -> bool:
        """Whether something was published: others may have something to do."""
        return any(state["published"] != before.get(name) for name, state in self._states.items())

    def _outside_acted(self, clock: State) -> bool:
        """Whether the outside world did something, or is about to: a webhook may be on its way."""
        due = _times(clock["next_due"])
        return clock["done"] != self._done or any(at <= _now(clock) for at in due)

    def _set(self, to: datetime) -> State:
        answer = self._http.post(self._clock_url, json={"now": to.isoformat()})
        if answer.status_code == httpx.codes.CONFLICT:
            # the clock also runs by itself: it may have passed this moment already
            return self._clock()
        moved: State = answer.raise_for_status().json()
        return moved

    def _clock(self) -> State:
        found: State = self._http.get(self._clock_url).raise_for_status().json()
        return found

    def _ask_all(self) -> dict[str, State | None]:
        for door in self._doors.values():
            door.send("GET", "/internal/state")
        return {name: door.answer() for name, door in self._doors.items()}


def _now(clock: State) -> datetime:
    return datetime.fromisoformat(clock["now"])


def _times(text: str | None) -> list[datetime]:
    return [datetime.fromisoformat(text)] if text else []
