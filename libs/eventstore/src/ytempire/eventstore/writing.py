"""Runs of events in one round trip: what the handlers of all read models write, their marks, the transaction around it.

It takes for granted what is so nearly always: every read model stands right before its run, and nothing of the source
is parked. The statement that moves the marks checks that; if it is otherwise, or anything is refused, nothing is
written and the caller goes the careful way, under locks (see ``tracking``).

Runs that come while others are on their way wait and go together in the next transaction: nobody waits for a partner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import orjson
import structlog
from psycopg import AsyncConnection
from sqlalchemy import ClauseElement, Executable, make_url
from sqlalchemy.sql.compiler import SQLCompiler

from ytempire.events import Envelope
from ytempire.eventstore.deadletters import reason_of
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.records import Mark
from ytempire.eventstore.together import Together

_STATEMENTS = 256
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()

# division by zero is the refusal: it stops what is already on its way to the server
_MOVE = b"""
with wanted as (
    select * from json_to_recordset(%s::json)
        as w(model text, source text, partition int, previous bigint, position bigint, seq bigint)),
moved as (
    update es.tracking t set position = w.position, seq = w.seq from wanted w
    where t.model = w.model and t.source = w.source and t.partition = w.partition and t.position = w.previous
    returning 1)
select 1 / ((select count(*) from moved) = (select count(*) from wanted) and not exists (
    select from es.open_letters l join wanted w on l.consumer = w.model and l.source = w.source))::int"""

Row = Mapping[str, Any]
Connections = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Run:
    """Events of one partition of one source for every read model that reads it, from ``previous`` to ``mark``."""

    readers: Sequence[Projection]
    source: str
    partition: int
    events: Sequence[Envelope]
    previous: int
    mark: Mark


@dataclass(slots=True)
class _Group:
    """One statement for some rows."""

    sql: bytes
    rows: list[Row] = field(default_factory=list)


class Collected:
    """Takes the statements of handlers, and keeps those of one table in order.

    What is written to different tables does not depend on each other, because handlers never read: so the same
    statement for many rows is sent as one.
    """

    def __init__(self) -> None:
        self.marks: list[Row] = []
        self.groups: list[_Group] = []
        self._last: dict[str, _Group] = {}
        self._schema = ""

    async def collect(self, run: Run) -> None:
        """What a run writes.

        :raises Exception: what a handler raised.
        """
        for projection in run.readers:
            self._schema = projection.schema
            self.marks.append(
                {
                    "model": projection.schema,
                    "source": run.source,
                    "partition": run.partition,
                    "previous": run.previous,
                    "position": run.mark.position,
                    "seq": run.mark.sequence,
                }
            )
            await projection.apply_run(self, run.events)

    async def execute(self, statement: Executable, parameters: Row | None = None) -> None:
        """Remember a statement with its row; nothing is sent."""
        row = parameters or {}
        sql, table, bind = _compiled(statement, tuple(row), self._schema)
        group = self._last.get(table)
        if group is None or group.sql != sql:
            group = self._last[table] = _Group(sql)
            self.groups.append(group)
        group.rows.append(bind(row))


class Applier:
    """Applies runs, all that wait in one transaction."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._together = Together(self._settle, "applier")
        self.backends: set[int] = set()
        """Processes of the server that ever worked for this one: what they notify is known here already."""

    async def apply(self, run: Run) -> bool:
        """Whether a run could be applied so; if not, nothing of it is written."""
        # the first run of all finds no marks
        return run.previous != 0 and await self._together.do(run)

    async def close(self) -> None:
        """Stop at once: what was not committed is read again."""
        await self._together.close()

    async def _settle(self, runs: Sequence[Run]) -> Sequence[bool]:
        """All at once; if something is refused, each by itself."""
        if await self._at_once(runs):
            return [True] * len(runs)
        return [len(runs) > 1 and await self._at_once([run]) for run in runs]

    async def _at_once(self, runs: Sequence[Run]) -> bool:
        collected = Collected()
        try:
            for run in runs:
                await collected.collect(run)
            async with self._connections() as connection:
                self.backends.add(connection.info.backend_pid)
                await _send(connection, collected)
        except Exception as error:
            # whatever it is, the careful way meets it too and knows what to do about it
            log.debug("runs go the careful way", sources=[run.source for run in runs], reason=reason_of(error))
            return False
        return True


async def _send(connection: AsyncConnection[Any], collected: Collected) -> None:
    """Begin, move the marks, write, commit: the server gets all of it at once.

    What a crash of the server takes is read again from the log or its stream, because rows and marks go together.
    """
    try:
        async with connection.pipeline() as pipeline, connection.cursor() as cursor:
            await cursor.execute(b"begin")
            await cursor.execute(_MOVE, [orjson.dumps(collected.marks).decode()], prepare=True)
            for group in collected.groups:
                if len(group.rows) == 1:
                    await cursor.execute(group.sql, group.rows[0], prepare=True)
                else:
                    await cursor.executemany(group.sql, group.rows)
            await cursor.execute(b"commit")
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

    table = getattr(statement, "table", None)
    return compiled.string.encode(), "" if table is None else f"{schema}.{table}", bind
