"""A run in one round trip: what the handlers of all read models write, their marks and the transaction around it.

It takes for granted what is so nearly always: every read model stands right before the run, and nothing of its source
is parked. The one statement that moves the marks checks that; if it is otherwise, or anything is refused, nothing is
written and the caller goes the careful way, under locks (see ``tracking``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import structlog
from psycopg import AsyncConnection
from sqlalchemy import ClauseElement, Executable, make_url
from sqlalchemy.sql.compiler import SQLCompiler

from ytempire.events import Envelope
from ytempire.eventstore.deadletters import reason_of
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Mark

_STATEMENTS = 256
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()

# division by zero is the refusal: it stops what is already on its way to the server
_MOVE = """
with moved as (
    update es.tracking set position = %(position)s, seq = %(seq)s
    where model = any(%(models)s) and source = %(source)s and partition = %(partition)s and position = %(previous)s
    returning 1)
select 1 / ((select count(*) from moved) = %(count)s
    and not exists (select from es.open_letters where consumer = any(%(models)s) and source = %(source)s))::int"""

Row = Mapping[str, Any]
Group = tuple[bytes, list[Row]]
"""A statement and its rows."""
log = structlog.get_logger()


class Collected:
    """Takes the statements of handlers, and keeps those of one table in order.

    What is written to different tables does not depend on each other, because handlers never read: so the same
    statement for many rows is sent as one.
    """

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._last: dict[str, Group] = {}
        self.schema = ""
        """Where unqualified tables are."""

    async def execute(self, statement: Executable, parameters: Row | None = None) -> None:
        """Remember a statement with its row; nothing is sent."""
        row = parameters or {}
        sql, table, bind = _compiled(statement, tuple(row), self.schema)
        last = self._last.get(f"{self.schema}.{table}")
        if last is None or last[0] != sql:
            last = self._last[f"{self.schema}.{table}"] = (sql, [])
            self.groups.append(last)
        last[1].append(bind(row))


async def apply_at_once(
    models: ReadModels,
    readers: Sequence[Projection],
    source: str,
    partition: int,
    run: Sequence[Envelope],
    previous: int,
    mark: Mark,
) -> bool:
    """Apply a run to every read model that reads it, from exactly ``previous`` to ``mark``; whether it was possible."""
    collected = Collected()
    try:
        for projection in readers:
            collected.schema = projection.schema
            await projection.apply_run(collected, run)
        parameters = {
            "models": [projection.schema for projection in readers],
            "source": source,
            "partition": partition,
            "previous": previous,
            "position": mark.position,
            "seq": mark.sequence,
            "count": len(readers),
        }
        async with models.applying() as connection:
            await _send(connection, parameters, collected.groups)
    except Exception as error:
        # whatever it is, the careful way meets it too and knows what to do about it
        log.debug("a run is applied the careful way", source=source, partition=partition, reason=reason_of(error))
        return False
    return True


async def _send(connection: AsyncConnection[Any], move: Row, groups: Sequence[Group]) -> None:
    """Begin, move the marks, write, commit: the server gets all of it at once."""
    try:
        async with connection.pipeline() as pipeline, connection.cursor() as cursor:
            await cursor.execute("begin")
            await cursor.execute(_MOVE, move, prepare=True)
            for sql, rows in groups:
                if len(rows) == 1:
                    await cursor.execute(sql, rows[0], prepare=True)
                else:
                    await cursor.executemany(sql, rows)
            await cursor.execute("commit")
            await pipeline.sync()
    except Exception:
        await connection.rollback()
        raise


@lru_cache(_STATEMENTS)
def _compiled(statement: Executable, columns: tuple[str, ...], schema: str) -> tuple[bytes, str, Callable[[Row], Row]]:
    """The text of a statement, the table it writes, and what makes the driver's parameters of a row."""
    translated: dict[str, Any] = {"schema_translate_map": {None: schema}, "render_schema_translate": True}
    made = cast("ClauseElement", statement).compile(dialect=_DIALECT, column_keys=list(columns) or None, **translated)
    compiled = cast("SQLCompiler", made)
    fixed = {name: value for name, value in compiled.params.items() if name not in columns}
    # not public, but what SQLAlchemy itself applies to each row: JSON to text and the like
    processors: Mapping[str, Any] = compiled._bind_processors

    def bind(row: Row) -> Row:
        values = {**fixed, **row}
        for name, process in processors.items():
            values[name] = process(values[name])
        return values

    return compiled.string.encode(), str(getattr(statement, "table", "")), bind
