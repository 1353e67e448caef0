"""What a store is, whatever keeps it: the operations of ``Store``, the same rules and the same answers everywhere."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from ytempire.events import Event, type_names
from ytempire.eventstore.decider import Decider
from ytempire.eventstore.encode import Head
from ytempire.eventstore.errors import VersionConflictError
from ytempire.eventstore.feed import Feed
from ytempire.eventstore.records import Claim, Committed, Recorded, StreamAppend, Unit

S = TypeVar("S")
C = TypeVar("C")

PAGE = 1000
"""Events that are in memory at once while a log is streamed."""

_ATTEMPTS = 5


class Store(ABC):
    """Append with optimistic concurrency and idempotent commands; read by position, stream, type and time."""

    def __init__(self, service: str, clock: Callable[[], datetime]) -> None:
        self.service, self.clock = service, clock

    @abstractmethod
    async def submit(self, unit: Unit) -> Committed:
        """Commit a unit; a claim that was taken before answers with the events of the first time.

        :raises VersionConflictError: if a stream has another version than expected.
        :raises UnitRefusedError: if it can never be written.
        """

    @abstractmethod
    async def claimed(self, claim: Claim) -> tuple[Recorded, ...] | None:
        """The events of the first time a claim was taken; None if it is free."""

    @abstractmethod
    async def head(self) -> Head:
        """The end of the log."""

    @abstractmethod
    async def page(self, after: int, upto: int | None, limit: int, types: Sequence[str]) -> list[Recorded]:
        """At most ``limit`` events with ``after < position <= upto``, all or those of some types, in order."""

    @abstractmethod
    async def stream_page(self, stream: str, after: int, limit: int) -> list[Recorded]:
        """At most ``limit`` events of a stream behind a version, in order."""

    @abstractmethod
    async def facts(self, stream: str) -> Sequence[Event]:
        """The typed events of a stream, and nothing else of them."""

    @abstractmethod
    async def position_at(self, time: datetime) -> int:
        """Position of the last event that had happened at a business time; 0 if none had.

        Time never runs back in a log, so what happened between two times lies between two positions.
        """

    @abstractmethod
    def listen(self) -> asyncio.Event:
        """An event that is set after each commit of this process; the listener clears it."""

    @property
    @abstractmethod
    def feed(self) -> Feed:
        """The newest outbox rows of this process, in memory."""

    async def append(
        self, stream: str, *events: Event, claim: Claim | None = None, expected: int | None = None
    ) -> Committed:
        """Append events to one stream; without ``expected``, to whatever version it has."""
        return await self.submit(Unit((StreamAppend(stream, events, expected),), claim))

    async def state(self, decider: Decider[S, C], stream: str) -> tuple[S, int]:
        """A stream's state and version, folded from its events."""
        facts = await self.facts(stream)
        return decider.fold(facts), len(facts)

    async def execute(
        self, decider: Decider[S, C], stream: str, command: C, *, claim: Claim | None = None, ids: Sequence[str] = ()
    ) -> Committed:
        """Load, decide, append; decided again if somebody was faster.

        A command that decides nothing writes nothing, not even its claim: deciding again is harmless.

        :raises VersionConflictError: if it lost five times in a row.
        :raises Exception: whatever the decider raises to refuse the command.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            state, version = await self.state(decider, stream)
            try:
                events = tuple(decider.decide(state, command))
                if events:
                    timers, cancel = decider.timers(state, events)
                    unit = Unit((StreamAppend(stream, events, version),), claim, timers, cancel, ids=ids)
                    return await self.submit(unit)
            except VersionConflictError:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(0.01 * attempt)
                continue
            except Exception:
                # what would be refused now may be what was done the first time
                if claim and (earlier := await self.claimed(claim)) is not None:
                    return Committed(earlier, duplicate=True)
                raise
            earlier = await self.claimed(claim) if claim else None
            return Committed(earlier or (), duplicate=earlier is not None)
        raise AssertionError("unreachable: the loop returns or raises")

    async def load(self, stream: str) -> list[Recorded]:
        """A whole stream, in order."""
        return [record async for record in self.stream(stream)]

    async def read(self, after: int, limit: int = 500) -> list[Recorded]:
        """Events behind a position, in order."""
        return await self.page(after, None, limit, ())

    async def events(
        self, after: int = 0, upto: int | None = None, *, type_: type[Event] | None = None, page: int = PAGE
    ) -> AsyncIterator[Recorded]:
        """Events with ``after < position <= upto`` in order, a page at a time; all, or one type in all its versions.

        Without ``upto`` it ends where the log ends when it gets there.
        """
        names = type_names(type_) if type_ else ()
        while records := await self.page(after, upto, page, names):
            for record in records:
                yield record
            after = records[-1].position

    async def stream(self, stream: str, after: int = 0, *, page: int = PAGE) -> AsyncIterator[Recorded]:
        """Events of one stream behind a version, in order, a page at a time."""
        while records := await self.stream_page(stream, after, page):
            for record in records:
                yield record
            if len(records) < page:
                return
            after = records[-1].version

    async def between(self, since: datetime, until: datetime, *, page: int = PAGE) -> AsyncIterator[Recorded]:
        """Events with ``since < time <= until``, in order, a page at a time."""
        first, last = await self.position_at(since), await self.position_at(until)
        async for record in self.events(first, last, page=page):
            yield record
