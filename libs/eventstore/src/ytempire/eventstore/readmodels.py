"""Projections: read models as pure consequences of events.

A projection names its tables and, for each event it cares about, a handler that writes them. Its tables live in a
schema of their own, ``rm_<name>_v<version>``, so that a rebuild can fill another schema with the very same code.
Keys and times come from the event, never from the projector's clock. Where two producers write one row, each writes
its own columns, so that the order in which their events arrive does not matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ytempire.events import Envelope, Event
from ytempire.eventstore.errors import RewindError
from ytempire.eventstore.records import Recorded

Apply = Callable[[AsyncConnection, Any, Envelope], Awaitable[None]]

OWN = -1
"""Partition under which a service tracks its own log, which is one gapless sequence."""


@dataclass(frozen=True)
class Projection:
    name: str
    tables: MetaData
    handlers: Mapping[type[Event], Apply]
    version: int = 1

    @property
    def schema(self) -> str:
        return f"rm_{self.name}_v{self.version}"

    def producers(self, service: str) -> set[str]:
        """Whose logs it reads."""
        return {p for event in self.handlers for p in ((service,) if event.private else event.producers)}

    async def apply(self, connection: AsyncConnection, envelope: Envelope) -> None:
        """Write the consequences of one event; events it has no handler for have none."""
        for event, handler in self.handlers.items():
            if event.type_name() == envelope.type:
                await handler(connection, event.read(envelope.data), envelope)


class ReadModels:
    """The read models of one service in its own database."""

    def __init__(self, service: str, dsn: str, projections: Sequence[Projection]) -> None:
        self.service, self.projections = service, tuple(projections)

        async def connect() -> psycopg.AsyncConnection[Any]:
            return await psycopg.AsyncConnection.connect(dsn)

        # beyond its size a pool closes what comes back, and a log-in costs more than any query; the last used one
        # first, so that a quiet service keeps few
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+psycopg://", async_creator=connect, pool_size=8, max_overflow=4, pool_use_lifo=True
        )

    async def close(self) -> None:
        await self.engine.dispose()

    async def install(self) -> None:
        """Make the tables of projections that are new; they then fill themselves from the logs."""
        async with self.engine.begin() as connection:
            for projection in self.projections:
                await create_tables(connection, projection, projection.schema)
                await connection.execute(
                    text("insert into es.projections values (:name, :version, 'active') on conflict do nothing"),
                    {"name": projection.name, "version": projection.version},
                )

    @asynccontextmanager
    async def reading(self, projection: Projection) -> AsyncIterator[AsyncConnection]:
        """A connection whose unqualified tables are the projection's live ones."""
        async with self.engine.connect() as connection:
            yield await within(connection, projection.schema)

    async def apply_own(self, projection: Projection, records: Sequence[Recorded], position: int) -> None:
        """Apply a run of own events that ends at ``position``, in one transaction.

        :raises RewindError: if the run does not begin behind what was applied last.
        """
        async with self.engine.begin() as connection:
            first = records[0].position - 1
            if not await _advance(connection, projection, self.service, OWN, first, position, 0):
                raise RewindError(0)
            scoped = await within(connection, projection.schema)
            for record in records:
                await projection.apply(scoped, record.envelope())

    async def own_position(self, projection: Projection) -> int:
        async with self.engine.connect() as connection:
            return await _position(connection, projection, self.service, OWN)

    async def apply_foreign(self, envelope: Envelope, partition: int, previous: int, seq: int) -> None:
        """Apply one event of another service to every projection that reads that service, in one transaction.

        :raises RewindError: if a predecessor is missing.
        """
        async with self.engine.begin() as connection:
            for projection in self.projections:
                if envelope.producer not in projection.producers(self.service):
                    continue
                if await _advance(
                    connection, projection, envelope.producer, partition, previous, envelope.position, seq
                ):
                    await projection.apply(await within(connection, projection.schema), envelope)
                elif await _position(connection, projection, envelope.producer, partition) < envelope.position:
                    # from the beginning: what was applied is skipped quickly, what is missing is found for certain
                    raise RewindError(1)


async def create_tables(connection: AsyncConnection, projection: Projection, schema: str) -> None:
    """The projection's tables in a schema of their own; existing ones are left alone."""
    await connection.execute(text(f'create schema if not exists "{schema}"'))
    scoped = await within(connection, schema)
    await scoped.run_sync(projection.tables.create_all)


async def within(connection: AsyncConnection, schema: str) -> AsyncConnection:
    """The same connection with unqualified tables meaning those of ``schema``."""
    return await connection.execution_options(schema_translate_map={None: schema})


async def _position(connection: AsyncConnection, projection: Projection, source: str, partition: int) -> int:
    found = await connection.scalar(
        text(
            "select position from es.tracking where projection = :p and version = :v and source = :s and partition = :n"
        ),
        {"p": projection.name, "v": projection.version, "s": source, "n": partition},
    )
    return int(found or 0)


async def _advance(
    connection: AsyncConnection,
    projection: Projection,
    source: str,
    partition: int,
    previous: int,
    position: int,
    seq: int,
) -> bool:
    """Move the mark from ``previous`` to ``position``; False if the mark stood elsewhere."""
    parameters = {
        "p": projection.name,
        "v": projection.version,
        "s": source,
        "n": partition,
        "previous": previous,
        "position": position,
        "seq": seq,
    }
    moved = await connection.execute(
        text(
            "update es.tracking set position = :position, seq = :seq where projection = :p and version = :v"
            " and source = :s and partition = :n and position = :previous"
        ),
        parameters,
    )
    if moved.rowcount == 1:
        return True
    if previous != 0:
        return False
    first = await connection.execute(
        text("insert into es.tracking values (:p, :v, :s, :n, :position, :seq) on conflict do nothing"), parameters
    )
    return first.rowcount == 1
