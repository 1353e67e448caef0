"""A service's own append-only store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from psycopg_pool import AsyncConnectionPool

from ytempire.events import Event
from ytempire.eventstore import reading
from ytempire.eventstore.decider import Decider
from ytempire.eventstore.encode import Head
from ytempire.eventstore.errors import VersionConflictError
from ytempire.eventstore.feed import Feed
from ytempire.eventstore.records import Claim, Committed, Recorded, StreamAppend, Unit
from ytempire.eventstore.tasks import end
from ytempire.eventstore.writer import Writer

S = TypeVar("S")
C = TypeVar("C")

_ATTEMPTS = 5


class EventStore:
    """Append with optimistic concurrency and idempotent commands; read by stream and by position."""

    def __init__(self, service: str, dsn: str, clock: Callable[[], datetime]) -> None:
        self.service, self.dsn, self.clock = service, dsn, clock
        self._writer = Writer(service, dsn, clock)
        self._pool = AsyncConnectionPool(dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True})
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._pool.open(wait=True)
        self._task = asyncio.create_task(self._writer.run(), name="event-writer")

    async def close(self) -> None:
        if self._task:
            await end([self._task])
        await self._pool.close()

    @property
    def pool(self) -> AsyncConnectionPool:
        return self._pool

    @property
    def feed(self) -> Feed:
        """The newest outbox rows of this process, in memory."""
        return self._writer.feed

    def listen(self) -> asyncio.Event:
        """An event that is set after each commit of this process."""
        return self._writer.listen()

    async def submit(self, unit: Unit) -> Committed:
        """Commit a unit; a claim that was taken before answers with the events of the first time.

        :raises VersionConflictError: if a stream has another version than expected.
        """
        return await self._writer.submit(unit)

    async def append(
        self, stream: str, *events: Event, claim: Claim | None = None, expected: int | None = None
    ) -> Committed:
        """Append events to one stream; without ``expected``, to whatever version it has."""
        return await self.submit(Unit((StreamAppend(stream, events, expected),), claim))

    async def state(self, decider: Decider[S, C], stream: str) -> tuple[S, int]:
        """A stream's state and version, folded from its events."""
        history = await self.load(stream)
        return decider.fold(record.event for record in history), len(history)

    async def execute(
        self, decider: Decider[S, C], stream: str, command: C, *, claim: Claim | None = None, ids: Sequence[str] = ()
    ) -> Committed:
        """Load, decide, append; decided again if somebody was faster.

        A command that decides nothing writes nothing, not even its claim: deciding again is harmless.

        :raises VersionConflictError: if it lost five times in a row.
        :raises Exception: whatever the decider raises to refuse the command.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            if claim and (earlier := await self.claimed(claim)) is not None:
                return Committed(earlier, duplicate=True)
            state, version = await self.state(decider, stream)
            events = tuple(decider.decide(state, command))
            if not events:
                return Committed(())
            timers, cancel = decider.timers(state, events)
            unit = Unit((StreamAppend(stream, events, version),), claim, timers, cancel, ids=ids)
            try:
                return await self.submit(unit)
            except VersionConflictError:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(0.01 * attempt)
        raise AssertionError("unreachable: the loop returns or raises")

    async def load(self, stream: str) -> list[Recorded]:
        async with self._pool.connection() as connection:
            return await reading.read_stream(connection, self.service, stream)

    async def read(self, after: int, limit: int = 500) -> list[Recorded]:
        """Events behind a position, in order."""
        async with self._pool.connection() as connection:
            return await reading.read_range(connection, self.service, after, after + limit)

    async def claimed(self, claim: Claim) -> tuple[Recorded, ...] | None:
        async with self._pool.connection() as connection:
            return await reading.claimed(connection, self.service, claim)

    async def head(self) -> Head:
        async with self._pool.connection() as connection:
            return await reading.fetch_head(connection)
