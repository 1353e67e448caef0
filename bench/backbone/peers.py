"""What others offer for the same work: psycopg alone, COPY, and the `eventsourcing` library."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bench.backbone.world import DATA, EVENT, META, STREAM_LENGTH, World, fresh
from bench.harness import rate
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from ytempire.eventstore import new_id

_EVENTS = """(position bigint generated always as identity primary key, stream text not null, version int not null,
    event_id uuid not null, type text not null, data json not null, meta json not null, unique (stream, version))"""
_TABLES = f"""
create table raw_events {_EVENTS};
create table raw_outbox
    (position bigint primary key, event_id uuid not null, subject text not null, body json not null);
create table raw_inbox (scope text not null, key text not null, primary key (scope, key));
"""
_COLUMNS = "(stream, version, event_id, type, data, meta)"
INSERT = f"insert into raw_events {_COLUMNS} values (%s, %s, %s, %s, %s, %s)"  # noqa: S608 - constants
_UNIT = (
    f"with e as ({INSERT} returning position, event_id, type, data),"  # noqa: S608 - constants
    " o as (insert into raw_outbox select position, event_id, type, data from e)"
    " insert into raw_inbox values ('bench', %s)"
)

RawRow = tuple[str, int, str, str, str, str]
Connection = AsyncConnection[Any]


def raw_rows(count: int) -> list[RawRow]:
    """Rows that are ready to be written: nothing is encoded while the clock runs."""
    name = fresh("raw")
    return [
        (f"{name}-{n // STREAM_LENGTH}", n % STREAM_LENGTH + 1, new_id(), EVENT.type_name(), DATA, META)
        for n in range(count)
    ]


@dataclass
class Raw:
    """psycopg in autocommit mode: one statement, one round trip, one commit."""

    connections: Sequence[Connection]

    async def append(self, count: int) -> float:
        """One row each, no order, on every connection at once: rows a second."""
        return await self._spread(raw_rows(count), lambda connection, row: connection.execute(INSERT, row))

    async def append_units(self, count: int) -> float:
        """Event, outbox row and claim in one statement: units a second."""
        return await self._spread(raw_rows(count), lambda connection, row: connection.execute(_UNIT, (*row, row[2])))

    async def copy(self, batches: int, size: int) -> float:
        """COPY a batch at a time on one connection: rows a second."""
        rows, connection = [raw_rows(size) for _ in range(batches)], self.connections[0]
        begin = time.perf_counter()
        for batch in rows:
            lines = "".join("\t".join(map(str, row)) + "\n" for row in batch)
            async with connection.cursor() as cursor, cursor.copy(f"copy raw_events {_COLUMNS} from stdin") as copy:
                await copy.write(lines)
        return rate(batches * size, begin)

    async def _spread(self, rows: list[RawRow], write: Callable[[AsyncConnection[Any], RawRow], Any]) -> float:
        async def caller(connection: Connection, share: list[RawRow]) -> None:
            for row in share:
                await write(connection, row)

        width = len(self.connections)
        # a stream's rows go through one connection, as they do with us
        streams = [rows[n : n + STREAM_LENGTH] for n in range(0, len(rows), STREAM_LENGTH)]
        shares = [[row for stream in streams[n::width] for row in stream] for n in range(width)]
        begin = time.perf_counter()
        await asyncio.gather(*map(caller, self.connections, shares))
        return rate(len(rows), begin)


@asynccontextmanager
async def raw(world: World, connections: int) -> AsyncIterator[Raw]:
    """Plain tables in a database of their own."""
    async with world.database() as database, AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(await AsyncConnection.connect(database.owner_dsn, autocommit=True))
            for _ in range(connections)
        ]
        await opened[0].execute(_TABLES.encode())
        yield Raw(opened)


class Account(Aggregate):
    """The aggregate that stands in for ours; its event carries as much as our event does."""

    class Saved(Aggregate.Event):
        notes: str

    @event(Saved)
    def save(self, notes: str) -> None:
        self.notes = notes


NOTES = "x" * 200
"""Makes a stored row of the library as long as ours: data and metadata are one JSON document there."""


@dataclass
class EventSourced:
    """An application of the library on PostgreSQL. It blocks: callers are threads, as its documentation has it."""

    app: Application[UUID]

    async def append(self, callers: int, count: int) -> float:
        """Saves a second, one event each."""
        with ThreadPoolExecutor(callers) as threads:
            loop, begin = asyncio.get_running_loop(), time.perf_counter()
            shares = [loop.run_in_executor(threads, self._fill, count // callers) for _ in range(callers)]
            await asyncio.gather(*shares)
            return rate(count // callers * callers, begin)

    def new(self, events: int) -> UUID:
        """An aggregate with so many events."""
        account = Account()
        for _ in range(events - 1):
            account.save(NOTES)
        self.app.save(account)
        return account.id

    def command(self, identity: UUID) -> None:
        """Load, decide, append."""
        account: Account = self.app.repository.get(identity)
        account.save(NOTES)
        self.app.save(account)

    def replay(self) -> int:
        """Read the whole log as typed events; how many there were."""
        start, seen = 1, 0
        while page := self.app.recorder.select_notifications(start=start, limit=1000):
            seen += len([self.app.mapper.to_domain_event(notification) for notification in page])
            start = page[-1].id + 1
        return seen

    def _fill(self, count: int) -> None:
        for first in range(0, count, STREAM_LENGTH):
            account = Account()
            self.app.save(account)
            for _ in range(min(STREAM_LENGTH, count - first) - 1):
                account.save(NOTES)
                self.app.save(account)


@asynccontextmanager
async def eventsourced(world: World, connections: int = 1) -> AsyncIterator[EventSourced]:
    """The library's application in a database of its own."""
    async with world.database() as database:
        with _application(database.owner_dsn, connections) as app:
            yield EventSourced(app)


@contextmanager
def _application(dsn: str, connections: int) -> Iterator[Application[UUID]]:
    where = conninfo_to_dict(dsn)
    app = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(where["dbname"]),
            "POSTGRES_HOST": str(where["host"]),
            "POSTGRES_PORT": str(where["port"]),
            "POSTGRES_USER": str(where["user"]),
            "POSTGRES_PASSWORD": str(where["password"]),
            "POSTGRES_POOL_SIZE": str(connections),
            "POSTGRES_MAX_OVERFLOW": str(connections),
        }
    )
    try:
        yield app
    finally:
        app.close()
