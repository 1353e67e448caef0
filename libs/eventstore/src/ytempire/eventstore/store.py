"""A service's own append-only store, in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg_pool import AsyncConnectionPool

from ytempire.events import Event, registry
from ytempire.eventstore import reading
from ytempire.eventstore.encode import Head
from ytempire.eventstore.errors import VersionConflictError
from ytempire.eventstore.feed import Feed, Recent
from ytempire.eventstore.protocol import Store
from ytempire.eventstore.records import Claim, Committed, Recorded, Unit
from ytempire.eventstore.writer import Writer

_END = 2**63 - 1


class EventStore(Store):
    """The store of one service process. Several processes may have one open at the same log."""

    def __init__(self, service: str, dsn: str, clock: Callable[[], datetime]) -> None:
        super().__init__(service, clock)
        self.dsn = dsn
        self._writer = Writer(service, dsn, clock)
        self._pool = AsyncConnectionPool(
            dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True, "options": "-c timezone=UTC"}
        )

    async def open(self) -> None:
        """Connect, and begin to commit."""
        await self._pool.open(wait=True)
        self._writer.start()

    async def close(self) -> None:
        """Commit what was submitted, then disconnect."""
        await self._writer.stop()
        await self._pool.close()

    @property
    def pool(self) -> AsyncConnectionPool:
        """Connections for reading; each statement is a transaction of its own."""
        return self._pool

    @property
    def feed(self) -> Feed:
        return self._writer.feed

    @property
    def timers_changed(self) -> asyncio.Event:
        """Set after each commit of this process that set or cancelled timers."""
        return self._writer.timers_changed

    @property
    def recent(self) -> Recent:
        """The newest events of this process, in memory."""
        return self._writer.recent

    def listen(self) -> asyncio.Event:
        return self._writer.listen()

    async def submit(self, unit: Unit) -> Committed:
        try:
            return await self._writer.submit(unit)
        except VersionConflictError:
            # the writer forgets old claims: a command that comes again late must get its first answer all the same
            if unit.claim is not None and (earlier := await self.claimed(unit.claim)) is not None:
                return Committed(earlier, duplicate=True)
            raise

    async def claimed(self, claim: Claim) -> tuple[Recorded, ...] | None:
        async with self._pool.connection() as connection:
            return await reading.claimed(connection, self.service, claim)

    async def head(self) -> Head:
        async with self._pool.connection() as connection:
            return await reading.fetch_head(connection)

    async def page(self, after: int, upto: int | None, limit: int, types: Sequence[str]) -> list[Recorded]:
        async with self._pool.connection() as connection:
            return await reading.read_log(connection, self.service, after, upto or _END, limit, types)

    async def stream_page(self, stream: str, after: int, limit: int) -> list[Recorded]:
        async with self._pool.connection() as connection:
            return await reading.read_stream(connection, self.service, stream, after, limit)

    async def facts(self, stream: str) -> Sequence[Event]:
        async with self._pool.connection() as connection:
            rows = await reading.read_facts(connection, stream)
        return [registry.read(type_, self.service, data) for type_, data in rows]

    async def position_at(self, time: datetime) -> int:
        async with self._pool.connection() as connection:
            return await reading.position_at(connection, time)
