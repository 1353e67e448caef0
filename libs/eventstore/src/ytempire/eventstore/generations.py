"""Which tables of a projection there are: the registry ``es.projections`` and the schemas it names.

Each *generation* is one filling of a projection's tables, in a schema of its own. Code always reads and writes the
schema of its own version, ``rm_<name>_v<version>``; whatever is not live lies elsewhere, and a flip renames schemas in
one transaction. So every reader and writer of every copy follows with its next statement, and nobody asks where the
tables are. A copy of an older release keeps the schema of its own version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.eventstore.parking import hand_on_discarded, move_letters
from ytempire.eventstore.projection import Projection, create_tables

_COLUMNS = "schema, name, version, generation, status, as_of, made_at"


@dataclass(frozen=True)
class Generation:
    schema: str
    name: str
    version: int
    number: int
    status: str
    """``building``, ``active``, ``previous`` (to go back to) or ``kept`` (as of a past moment, for queries)."""
    as_of: str | None
    made_at: datetime


async def generations(connection: AsyncConnection, name: str) -> list[Generation]:
    """Every generation of a projection, oldest first."""
    rows = await connection.execute(
        text(f"select {_COLUMNS} from es.projections where name = :name order by generation"),  # noqa: S608 - constant columns
        {"name": name},
    )
    return [_generation(row) for row in rows]


def _generation(row: Sequence[Any]) -> Generation:
    return Generation(*row)


async def begin(
    connection: AsyncConnection,
    projection: Projection,
    status: str = "building",
    *,
    schema: str | None = None,
    as_of: str | None = None,
) -> Generation:
    """Make empty tables for a new generation.

    :param schema: where; beside the live ones unless said otherwise.
    """
    found = await connection.execute(
        text("select coalesce(max(generation), 0) + 1 from es.projections where name = :name"),
        {"name": projection.name},
    )
    number = int(found.scalar_one())
    schema = schema or beside(projection, number)
    await create_tables(connection, projection, schema)
    rows = await connection.execute(
        text(
            "insert into es.projections (schema, name, version, generation, status, as_of)"  # noqa: S608 - constant columns
            f" values (:schema, :name, :version, :number, :status, :as_of) returning {_COLUMNS}"
        ),
        {
            "schema": schema,
            "name": projection.name,
            "version": projection.version,
            "number": number,
            "status": status,
            "as_of": as_of,
        },
    )
    return _generation(rows.one())


def beside(projection: Projection, number: int) -> str:
    """Where a generation lies that is not live."""
    return f"gen_{projection.name}_v{projection.version}_g{number}"


async def flip(connection: AsyncConnection, projection: Projection, target: Generation) -> None:
    """Make ``target`` what readers see and appliers write, and keep what was live until now as the previous one.

    The generation that was the previous one is dropped. Everything happens in the caller's transaction.
    """
    known = await generations(connection, projection.name)
    if target.schema != projection.schema:
        await hand_on_discarded(connection, projection.schema, target.schema)
        for old in known:
            if old.schema == projection.schema:
                await _move(connection, old.schema, beside(projection, old.number))
        await _move(connection, target.schema, projection.schema)
    for old in known:
        if old.status == "previous" and old.number != target.number and old.version == projection.version:
            await drop(connection, old.schema)
    await _set_status(connection, projection.name, "status = 'active'", "previous")
    await _set_status(connection, projection.name, f"generation = {target.number:d}", "active")


async def _set_status(connection: AsyncConnection, name: str, which: str, status: str) -> None:
    await connection.execute(
        text(f"update es.projections set status = :status where name = :name and {which}"),  # noqa: S608 - which is ours
        {"status": status, "name": name},
    )


async def _move(connection: AsyncConnection, old: str, new: str) -> None:
    await connection.execute(text(f'alter schema "{old}" rename to "{new}"'))
    for statement in (
        "update es.tracking set model = :new where model = :old",
        "update es.projections set schema = :new where schema = :old",
    ):
        await connection.execute(text(statement), {"old": old, "new": new})
    await move_letters(connection, old, new)


async def drop(connection: AsyncConnection, schema: str) -> None:
    """Remove a generation: its tables, its marks and its entry."""
    await connection.execute(text(f'drop schema if exists "{schema}" cascade'))
    for table, column in (("tracking", "model"), ("projections", "schema"), ("dead_letters", "consumer")):
        await connection.execute(
            text(f"delete from es.{table} where {column} = :schema"),  # noqa: S608 - names from here
            {"schema": schema},
        )


async def missing_columns(connection: AsyncConnection, projection: Projection, schema: str) -> Sequence[str]:
    """Columns that the code writes and the tables in ``schema`` lack."""

    def look(sync: Any) -> list[str]:
        inspector = inspect(sync)
        lacking: list[str] = []
        for table in projection.tables.sorted_tables:
            there = (
                {column["name"] for column in inspector.get_columns(table.name, schema)}
                if inspector.has_table(table.name, schema)
                else set()
            )
            lacking += [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]
        return lacking

    return await connection.run_sync(look)
