"""Moves virtual time forward for the whole platform: to the next thing due anywhere, let it settle, repeat."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from ytempire.cli.plan import PlatformPlan
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.problems import PlatformProblem

_POLL_S = 0.03
_SETTLE_S = 180.0
_SPAN = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Step = Callable[[datetime, float], None]


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
        self._state_urls = {
            service: f"http://{LOOPBACK}:{port}/internal/state" for service, port in plan.health_ports.items()
        }
        self._http = httpx.Client(verify=str(plan.ca_bundle), timeout=60, trust_env=False)

    def now(self) -> datetime:
        """Business time."""
        return datetime.fromisoformat(self._clock()["now"])

    def advance(self, span: timedelta, step: Step) -> int:
        """Move time by `span`; `step` is told the time reached and the share done. Returns the number of steps."""
        self.settle(0)
        begin = self.now()
        target = begin + span
        steps = 0
        while (now := self.now()) < target:
            due = self._next_due()
            reached = min(due, target) if due is not None else target
            revision = self._move(max(reached, now))
            self.settle(revision)
            steps += 1
            step(reached, min(1.0, (reached - begin) / span))
        return steps

    def settle(self, revision: int) -> None:
        """Wait until every service knows the time and has nothing left to do.

        Raises `PlatformProblem` naming who is still busy when it takes too long.
        """
        deadline = time.monotonic() + _SETTLE_S
        before: Mapping[str, int] | None = None
        while True:
            states = self._states()
            busy = {
                name: state["open"]
                for name, state in states.items()
                if not state["settled"] or state["clock_revision"] < revision
            }
            positions = {name: state["position"] for name, state in states.items()}
            # what one service settled may be on its way to another: twice the same is still
            if not busy and positions == before:
                return
            before = positions if not busy else None
            if time.monotonic() > deadline:
                raise PlatformProblem(f"The platform did not settle within {_SETTLE_S:.0f} s: {busy}")
            time.sleep(_POLL_S)

    def _next_due(self) -> datetime | None:
        dues = [state["next_due"] for state in self._states().values()]
        dues.append(self._clock()["next_due"])
        return min((datetime.fromisoformat(due) for due in dues if due), default=None)

    def _move(self, to: datetime) -> int:
        answer = self._http.post(self._clock_url, json={"now": to.isoformat()})
        if answer.status_code == httpx.codes.CONFLICT:
            # the clock also runs by itself: it may have passed this moment already
            return int(self._clock()["revision"])
        return int(answer.raise_for_status().json()["revision"])

    def _clock(self) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(self._clock_url).raise_for_status().json()
        return found

    def _states(self) -> dict[str, dict[str, Any]]:
        return {name: self._http.get(url).raise_for_status().json() for name, url in self._state_urls.items()}
