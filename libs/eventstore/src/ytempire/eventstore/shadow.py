"""Rebuild a read model into a shadow: to compare it with the live one row by row, or as it was at a past moment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.eventstore.filling import Bound, Filling, ForeignLog, Marks, Progress, marks_of
from ytempire.eventstore.generations import begin, drop
from ytempire.eventstore.projection import Projection, create_tables
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.rebuilding import kept_schema
from ytempire.eventstore.store import EventStore

MOST_DIFFERENCES = 100
"""So many rows that differ are told of each table; all are counted."""


@dataclass(frozen=True)
class Difference:
    """A row that a rebuild makes otherwise."""

    table: str
    key: Mapping[str, Any]
    live: Mapping[str, Any] | None
    """The columns that differ, as the live model has them; None if it lacks the row."""
    rebuilt: Mapping[str, Any] | None
    """The same columns as the logs have them; None if the logs know no such row."""


@dataclass(frozen=True)
class Rebuilt:
    projection: str
    sources: tuple[str, ...]
    rows: int
    differing: int
    """Rows that differ, in all tables."""
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return self.differing == 0

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables whose rows differ."""
        return tuple(sorted({difference.table for difference in self.differences}))


@dataclass(frozen=True)
class Past:
    """A read model as of a past moment."""

    projection: str
    schema: str | None
    """Where it was kept; None if it was not."""
    rows: int
    digest: str
    """SHA-256 over the sorted rows: two replays of the same moment have the same."""


async def rebuild(
    store: EventStore,
    models: ReadModels,
    projection: Projection,
    foreign: ForeignLog,
    progress: Progress | None = None,
) -> Rebuilt:
    """Fill a shadow schema from the logs, up to where the live model is, and compare row by row."""
    shadow, frozen = f"shadow_{projection.name}", f"frozen_{projection.name}"
    await _clear(models, shadow, frozen)
    try:
        marks = await _freeze(models, projection, frozen)
        async with models.engine.begin() as connection:
            await create_tables(connection, projection, shadow)
        await Filling(store, models, projection, shadow, foreign).run(Bound(marks), progress)
        async with models.engine.connect() as connection:
            rows, differing, differences = 0, 0, list[Difference]()
            for table in projection.tables.sorted_tables:
                rows += await _count(connection, shadow, table)
                found = await _differing(connection, table, frozen, shadow)
                differing += found[0]
                differences += found[1]
    finally:
        await _clear(models, shadow, frozen)
    sources = tuple(sorted({source for source, _ in marks}))
    return Rebuilt(projection.name, sources, rows, differing, tuple(differences))


async def as_of(
    store: EventStore,
    models: ReadModels,
    projection: Projection,
    foreign: ForeignLog,
    bound: Bound,
    keep: str | None = None,
    progress: Progress | None = None,
) -> Past:
    """The read model as it was at a past moment.

    :param keep: a name under which its tables stay, in the schema ``asof_<keep>_<projection>``; one of that name from
        before is replaced.
    """
    schema = kept_schema(keep, projection) if keep else f"shadow_{projection.name}"
    await _clear(models, schema)
    async with models.engine.begin() as connection:
        if keep:
            moment = bound.time.isoformat() if bound.time else ""
            moment += f" position {bound.position}" if bound.position is not None else ""
            await begin(connection, projection, "kept", schema=schema, as_of=moment.strip())
        else:
            await create_tables(connection, projection, schema)
    await Filling(store, models, projection, schema, foreign).run(bound, progress)
    async with models.engine.connect() as connection:
        rows, digest = 0, hashlib.sha256()
        for table in projection.tables.sorted_tables:
            rows += await _digest(connection, schema, table, digest)
    if not keep:
        await _clear(models, schema)
    return Past(projection.name, schema if keep else None, rows, digest.hexdigest())


async def moment_of(store: EventStore, position: int) -> datetime:
    """The business time of an own event, which bounds foreign logs where a position is asked for.

    :raises LookupError: if the log has no such position.
    """
    found = await store.read(position - 1, 1) if position > 0 else []
    if not found:
        raise LookupError(
            f"{store.service} has no position {position}: its log ends at {(await store.head()).position}."
        )
    return found[0].time


async def _clear(models: ReadModels, *schemas: str) -> None:
    async with models.engine.begin() as connection:
        for schema in schemas:
            await drop(connection, schema)


async def _freeze(models: ReadModels, projection: Projection, schema: str) -> Marks:
    """Copy the live rows, and read the marks that belong to them, in one snapshot; the live model goes on."""
    async with models.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        async with connection.begin():
            await connection.execute(text(f'create schema "{schema}"'))
            for table in projection.tables.sorted_tables:
                await connection.execute(
                    text(
                        f'create unlogged table "{schema}"."{table.name}" as'  # noqa: S608 - names are the projection's own
                        f' select * from "{projection.schema}"."{table.name}"'
                    )
                )
            return await marks_of(connection, projection.schema)


async def _count(connection: AsyncConnection, schema: str, table: Table) -> int:
    return int(await connection.scalar(text(f'select count(*) from "{schema}"."{table.name}"')) or 0)  # noqa: S608 - names are the projection's own


async def _differing(
    connection: AsyncConnection, table: Table, live: str, rebuilt: str
) -> tuple[int, list[Difference]]:
    keys = [column.name for column in table.primary_key]
    using = ", ".join(f'"{key}"' for key in keys)
    # as text: JSON keeps its bytes and has no equality
    query = (
        f'from "{live}"."{table.name}" l full join "{rebuilt}"."{table.name}" r using ({using})'
        " where l::text is distinct from r::text"
    )
    count = int(await connection.scalar(text(f"select count(*) {query}")) or 0)
    if not count:
        return 0, []
    rows = await connection.execute(
        text(f"select row_to_json(l)::jsonb, row_to_json(r)::jsonb {query} order by {using} limit {MOST_DIFFERENCES}")
    )
    return count, [_difference(table.name, keys, *row) for row in rows]


def _difference(table: str, keys: list[str], live: dict[str, Any] | None, rebuilt: dict[str, Any] | None) -> Difference:
    key = {name: (live or rebuilt or {})[name] for name in keys}
    if live is None or rebuilt is None:
        return Difference(table, key, live, rebuilt)
    other = [name for name in live if live[name] != rebuilt.get(name)]
    return Difference(table, key, {n: live[n] for n in other}, {n: rebuilt.get(n) for n in other})


async def _digest(connection: AsyncConnection, schema: str, table: Table, digest: Any) -> int:
    """Add the sorted rows of a table to ``digest``; they are streamed, not held."""
    count = 0
    rows = await connection.stream(
        text(f'select t::text from "{schema}"."{table.name}" t order by t::text collate "C"')  # noqa: S608 - names are the projection's own
    )
    digest.update(f"{table.name}\n".encode())
    async for row in rows:
        digest.update(row[0].encode() + b"\n")
        count += 1
    return count
