"""A store in memory, for tests of rules and features that need no database: same rules, same answers."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Callable, Sequence
from datetime import datetime

from ytempire.events import Event
from ytempire.eventstore.context import current
from ytempire.eventstore.encode import START, Head, Placer, Prepared, prepare
from ytempire.eventstore.errors import UnitRefusedError
from ytempire.eventstore.feed import Feed, OutboxRow
from ytempire.eventstore.protocol import Store
from ytempire.eventstore.records import Claim, Committed, Recorded, Timer, Unit
from ytempire.eventstore.verdict import Judge


class MemoryStore(Store):
    """Forgets everything with its process. What it holds can be looked at: ``log``, ``outbox``, ``timers``."""

    def __init__(self, service: str, clock: Callable[[], datetime]) -> None:
        super().__init__(service, clock)
        self.log: list[Recorded] = []
        self.outbox: list[OutboxRow] = []
        self.timers: dict[str, Timer] = {}
        """The timers that are set, by key."""
        self._head = START
        self._versions: dict[str, int] = {}
        self._previous: dict[int, int] = {}
        self._claims: dict[Claim, tuple[Recorded, ...]] = {}
        self._ids: set[str] = set()
        self._listeners: list[asyncio.Event] = []
        self._feed = Feed()

    @property
    def feed(self) -> Feed:
        return self._feed

    def listen(self) -> asyncio.Event:
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    async def submit(self, unit: Unit) -> Committed:
        prepared = prepare(unit, unit.context or current())
        versions = {append.stream: self._versions.get(append.stream, 0) for append in unit.appends}
        placer = Placer(self.service, self._head, versions, dict(self._previous))
        claims = {unit.claim: self._claims[unit.claim]} if unit.claim in self._claims else {}
        still = {(timer.key, timer.due) for timer in self.timers.values()}
        (verdict,) = Judge(placer, claims, still, self.clock()).all([prepared])
        if isinstance(verdict, Exception):
            raise verdict
        if not verdict.duplicate:
            self._commit(prepared, placer, verdict)
        return verdict

    def _commit(self, prepared: Prepared, placer: Placer, verdict: Committed) -> None:
        ids = [record.id for record in verdict.events]
        if len(set(ids)) < len(ids) or self._ids & set(ids):
            raise UnitRefusedError("the unit cannot be written: an event id was used before")
        self._ids.update(ids)
        self.log.extend(verdict.events)
        self._feed.offer(self.outbox[-1].position if self.outbox else 0, placer.rows.outbox)
        self.outbox.extend(placer.rows.outbox)
        self._head, self._previous = placer.head, placer.previous
        self._versions.update(placer.versions)
        if prepared.unit.claim is not None:
            self._claims[prepared.unit.claim] = verdict.events
        for key in prepared.timers:
            self.timers.pop(key, None)
        self.timers.update((timer.key, timer) for timer in prepared.unit.timers)
        for listener in self._listeners:
            listener.set()

    async def claimed(self, claim: Claim) -> tuple[Recorded, ...] | None:
        return self._claims.get(claim)

    async def head(self) -> Head:
        return self._head

    async def page(self, after: int, upto: int | None, limit: int, types: Sequence[str]) -> list[Recorded]:
        behind = self.log[after:upto]
        return [record for record in behind if not types or record.type in types][:limit]

    async def stream_page(self, stream: str, after: int, limit: int) -> list[Recorded]:
        return [record for record in self.log if record.stream == stream and record.version > after][:limit]

    async def facts(self, stream: str) -> Sequence[Event]:
        return [record.event for record in self.log if record.stream == stream]

    async def position_at(self, time: datetime) -> int:
        return bisect.bisect_right(self.log, time, key=lambda record: record.time)
