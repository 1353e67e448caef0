"""How settled a service process is: asked by tools, and by who moves virtual time from one due moment to the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from ytempire.bus import Consumers, Relay
from ytempire.chassis.clock import VirtualClock
from ytempire.chassis.host import Host, Service
from ytempire.eventstore import Leases
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.workers import Projector, Reactor

_SETTLE_S = 5.0
_LOOK_S = 0.002
_LOG = "select position, exists (select from es.outbox where position > %s) from es.head where id = 1"


class State:
    """Looks at every part of a process that may have something to do."""

    def __init__(
        self,
        host: Host[Any],
        service: Service,
        leases: Leases,
        relay: Relay,
        projectors: Sequence[Projector],
        reactors: Sequence[Reactor],
        timers: TimerRunner,
        consumers: Consumers,
    ) -> None:
        self._host, self._service, self._leases, self._relay = host, service, leases, relay
        self._projectors, self._reactors, self._timers, self._consumers = projectors, reactors, timers, consumers

    async def report(self) -> dict[str, Any]:
        """``settled`` says that nothing is due, published, consumed or reacted to any more."""
        report = await self._own()
        if self._consumers.busy > 0 or await self._consumers.pending() > 0:
            report["open"].append("consumers")
            report["settled"] = False
        return report

    async def move(self, revision: int, offset_s: float, *, settle: bool) -> dict[str, Any] | None:
        """Go by this time; with ``settle``, answer when nothing of the service's own is due or under way any more.

        Messages of other services are left out: who moves time knows whether any was sent. ``settled`` is false if it
        takes longer than a few seconds. None on a clock that nobody can move.
        """
        if not isinstance(self._host.clock, VirtualClock):
            return None
        self._host.clock.take(revision, offset_s)
        if not settle:
            return {"clock_revision": self._host.clock.revision}
        deadline = time.monotonic() + _SETTLE_S
        while True:
            if not self._working() or time.monotonic() > deadline:
                report = await self._own()
                if report["settled"] or time.monotonic() > deadline:
                    return report
            await asyncio.sleep(_LOOK_S)

    def _working(self) -> bool:
        """What shows without asking the database."""
        return self._timers.firing or self._service.busy() or any(r.busy for r in self._reactors)

    async def _own(self) -> dict[str, Any]:
        """Everything but what waits on the bus."""
        await self._timers.refresh()
        head, unpublished = await self._log()
        now = self._host.clock.now()
        open_work = {
            "timers": self._timers.firing or self._timers.due(now),
            # what another copy owns is that copy's to report
            "leases": not self._leases.covered,
            "relay": self._leases.leads("relay") and (not self._relay.idle or unpublished),
            "projections": any(p.position < head for p in self._projectors if self._leases.leads(p.name)),
            "reactions": any(r.busy or r.position < head for r in self._reactors if self._leases.leads(r.name)),
            "service": self._service.busy(),
        }
        due, quiet = self._timers.next_due, self._timers.next_quiet
        return {
            "service": self._host.store.service,
            "clock_revision": self._host.clock.revision,
            "now": now.isoformat(),
            "next_due": due.isoformat() if due else None,
            "next_quiet": quiet.isoformat() if quiet else None,
            "position": head,
            "published": self._relay.position,
            "open": sorted(name for name, is_open in open_work.items() if is_open),
            "settled": not any(open_work.values()),
        }

    async def _log(self) -> tuple[int, bool]:
        async with self._host.store.pool.connection() as connection:
            cursor = await connection.execute(_LOG, [self._relay.position])
            row = await cursor.fetchone()
        if row is None:
            raise RuntimeError("the store has no head row: its migrations did not run")
        return int(row[0]), bool(row[1])
