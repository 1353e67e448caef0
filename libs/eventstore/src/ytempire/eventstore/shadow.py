"""Rebuild a read model beside the live one and compare them row by row."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.events import Envelope
from ytempire.eventstore.projection import Projection, create_tables, within
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.tracking import OWN

_PAGE = 1000

ForeignLog = Callable[[str], AsyncIterator[tuple[Envelope, int]]]
"""All events of another service with their partition, in stream order, from the first message."""

Marks = dict[tuple[str, int], int]
"""How far the live model is: position by (source, partition)."""


@dataclass(frozen=True)
class Rebuilt:
    projection: str
    sources: tuple[str, ...]
    rows: int
    equal: bool
    differences: tuple[str, ...]
    """Tables whose rows differ."""


async def rebuild(store: EventStore, models: ReadModels, projection: Projection, foreign: ForeignLog) -> Rebuilt:
    """Fill a shadow schema from the logs, up to where the live model is, and compare."""
    schema = f"shadow_{projection.name}"
    async with models.engine.connect() as connection:
        # one snapshot for the marks and the live rows they belong to
        await connection.execution_options(isolation_level="REPEATABLE READ")
        async with connection.begin():
            marks = await _marks(connection, projection)
            live = await _dump(connection, projection, projection.schema)
    async with models.engine.begin() as connection:
        await connection.execute(text(f'drop schema if exists "{schema}" cascade'))
        await create_tables(connection, projection, schema)
        await _fill(connection, store, projection, foreign, marks, schema)
        shadow = await _dump(connection, projection, schema)
        await connection.execute(text(f'drop schema "{schema}" cascade'))
    return Rebuilt(
        projection.name,
        tuple(sorted({source for source, _ in marks})),
        sum(count for count, _ in shadow.values()),
        live == shadow,
        tuple(sorted(table for table in live if live[table] != shadow.get(table))),
    )


async def _fill(
    connection: AsyncConnection,
    store: EventStore,
    projection: Projection,
    foreign: ForeignLog,
    marks: Marks,
    schema: str,
) -> None:
    for source in sorted({source for source, _ in marks}):
        if source == store.service:
            await _fill_own(connection, store, projection, marks[source, OWN], schema)
            continue
        async for envelope, partition in foreign(source):
            if envelope.position <= marks.get((source, partition), 0):
                await projection.apply(await within(connection, schema), envelope)


async def _fill_own(
    connection: AsyncConnection, store: EventStore, projection: Projection, upto: int, schema: str
) -> None:
    position = 0
    while position < upto:
        records = await store.read(position, min(_PAGE, upto - position))
        for record in records:
            await projection.apply(await within(connection, schema), record.envelope())
        position = records[-1].position


async def _marks(connection: AsyncConnection, projection: Projection) -> Marks:
    rows = await connection.execute(
        text("select source, partition, position from es.tracking where model = :m"), {"m": projection.schema}
    )
    return {(str(source), int(partition)): int(position) for source, partition, position in rows}


async def _dump(connection: AsyncConnection, projection: Projection, schema: str) -> dict[str, tuple[int, str]]:
    """Row count and SHA-256 of the sorted rows of each table."""
    dumped: dict[str, tuple[int, str]] = {}
    for table in projection.tables.sorted_tables:
        digest, count = hashlib.sha256(), 0
        rows = await connection.execute(
            text(f'select t::text as line from "{schema}"."{table.name}" t order by t::text collate "C"')  # noqa: S608 - names are the projection's own
        )
        for row in rows:
            digest.update(row[0].encode() + b"\n")
            count += 1
        dumped[table.name] = (count, digest.hexdigest())
    return dumped
