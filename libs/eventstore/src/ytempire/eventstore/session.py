"""The writer's own connection: the one statement that appends, and what must be known before it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, LiteralString

import orjson
import psycopg

from ytempire.eventstore import crash, reading
from ytempire.eventstore.encode import Head, Rows, timestamp
from ytempire.eventstore.feed import OutboxRow
from ytempire.eventstore.leases import LEASE_S
from ytempire.eventstore.records import PARTITIONS, Claim, Recorded

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Cursor = psycopg.AsyncCursor[tuple[Any, ...]]

# The statement only looks up keys. A plan made while a table was small would scan it for ever. And a process that froze
# while it had the head's lock must not keep the other copies of the service from writing.
_OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "enable_bitmapscan=off",
        "plan_cache_mode=force_generic_plan",
        "timezone=UTC",
        f"idle_in_transaction_session_timeout={LEASE_S}s",
    )
)

_HEAD: LiteralString = """
with h as (
    update es.head set position = %(new)s, hash = %(hash)s where id = 1 and position = %(old)s
    returning 1
)"""
_HEAD_GUARDED: LiteralString = """
with h as (
    update es.head set position = %(new)s, hash = %(hash)s where id = 1 and position = %(old)s
        and not exists (select from json_to_recordset(%(fired)s::json) as f(key text, due timestamptz)
            where not exists (select from es.timers t where t.key = f.key and t.due = f.due))
    returning 1
)"""
_CLAIMS = """, claims as (
    insert into es.inbox select x.scope, x.key, x.first_position, x.last_position, decode(x.hash, 'hex')
    from h, json_to_recordset(%(claims)s::json)
        as x(scope text, key text, first_position bigint, last_position bigint, hash text)
)"""
_EVENTS = """, events as (
    insert into es.events (position, stream, version, event_id, type, occurred_at, data, meta, hash)
    select x.position, x.stream, x.version, x.event_id, x.type, x.occurred_at, x.data, x.meta, decode(x.hash, 'hex')
    from h, json_to_recordset(%(events)s::json) as x(position bigint, stream text, version int, event_id uuid,
        type text, occurred_at timestamptz, data json, meta json, hash text)
)"""
_OUTBOX = """, outbox as (
    insert into es.outbox select x.* from h, json_to_recordset(%(outbox)s::json)
        as x(position bigint, event_id uuid, subject text, partition int, previous bigint, body json)
)"""
_CANCEL = """, cancelled as (
    delete from es.timers t using h, json_to_recordset(%(cancel)s::json) as x(key text) where t.key = x.key
)"""
_TIMERS = """, timers as (
    insert into es.timers select x.* from h, json_to_recordset(%(timers)s::json)
        as x(key text, due timestamptz, stream text, type text, data json, meta json)
    on conflict (key) do update set due = excluded.due, stream = excluded.stream, type = excluded.type,
        data = excluded.data, meta = excluded.meta
)"""
_TABLES: dict[str, LiteralString] = {
    "claims": _CLAIMS,
    "events": _EVENTS,
    "outbox": _OUTBOX,
    "cancel": _CANCEL,
    "timers": _TIMERS,
}

_WRITTEN: LiteralString = " select count(*) from h"
_LOCK = "select 1 from es.head where id = 1 for update"
_PREVIOUS = """
select p, (select max(position) from es.outbox where partition = p) from generate_series(0, %s - 1) p"""
_VERSIONS = """
select s, coalesce((select version from es.events e where e.stream = s order by version desc limit 1), 0)
from unnest(%s::text[]) s"""
_TIMERS_SET = """
select key, due from es.timers join unnest(%s::text[], %s::timestamptz[]) f (key, due) using (key, due)"""


@cache
def _statement(parts: frozenset[str]) -> LiteralString:
    """Only the tables that something is written to; each form is prepared once."""
    statement = _HEAD_GUARDED if "fired" in parts else _HEAD
    for name, sql in _TABLES.items():
        if name in parts:
            statement += sql
    return statement + _WRITTEN


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so under the head's lock."""

    head: Head
    previous: dict[int, int]
    versions: dict[str, int]
    claims: dict[Claim, tuple[Recorded, ...]]
    timers: frozenset[tuple[str, datetime]]


class Session:
    """Connects when it is needed. Any error of the connection is for the caller, who closes and goes on."""

    def __init__(self, service: str, dsn: str) -> None:
        self._service, self._dsn = service, dsn
        self._connection: Connection | None = None

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, options=_OPTIONS, application_name=f"{self._service} writer"
            )
        return self._connection

    async def close(self) -> None:
        """Forget the connection, whatever state it is in."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def end(self) -> tuple[Head, dict[int, int]]:
        """The head and the last outbox position of each partition."""
        connection = await self._connected()
        async with connection.pipeline():
            head = await connection.execute(reading.HEAD)
            previous = await connection.execute(_PREVIOUS, [PARTITIONS])
        return reading.head(await head.fetchone()), _previous(await previous.fetchall())

    async def versions(self, streams: Collection[str]) -> dict[str, int]:
        """Version of each stream, 0 for one that does not exist."""
        found = await (await self._connected()).execute(_VERSIONS, [list(streams)])
        return dict(await found.fetchall())

    @asynccontextmanager
    async def locked(
        self, streams: Collection[str], claims: Sequence[Claim], timers: Sequence[tuple[str, datetime]]
    ) -> AsyncIterator[Truth]:
        """A transaction that holds the head: nobody else appends before it ends."""
        connection = await self._connected()
        async with connection.pipeline(), connection.transaction():
            # first, so that the snapshots of the others see whatever was committed before the lock was given
            await connection.execute(_LOCK)
            head = await connection.execute(reading.HEAD)
            previous = await connection.execute(_PREVIOUS, [PARTITIONS])
            versions = await connection.execute(_VERSIONS, [list(streams)])
            taken = await connection.execute(reading.CLAIMED, [[c.scope for c in claims], [c.key for c in claims]])
            still = await connection.execute(_TIMERS_SET, [[key for key, _ in timers], [due for _, due in timers]])
            yield Truth(
                reading.head(await head.fetchone()),
                _previous(await previous.fetchall()),
                dict(await versions.fetchall()),
                reading.claims(self._service, await taken.fetchall()),
                frozenset((key, due.astimezone(UTC)) for key, due in await still.fetchall()),
            )

    async def append(self, old: Head, new: Head, rows: Rows) -> bool:
        """Write everything in one statement; whether the head was still ``old``, and the timers still set."""
        if rows == Rows():
            return True
        written = await self._write(await self._connected(), old, new, rows)
        row = await written.fetchone()
        return row is not None and row[0] == 1

    async def append_locked(self, old: Head, new: Head, rows: Rows) -> None:
        """The same inside ``locked``, where nothing can have changed: it travels together with the commit."""
        if rows != Rows():
            await self._write(await self._connected(), old, new, rows)

    @staticmethod
    async def _write(connection: Connection, old: Head, new: Head, rows: Rows) -> Cursor:
        parameters: dict[str, object] = {"old": old.position, "new": new.position, "hash": new.hash}
        parameters |= {name: orjson.dumps(table).decode() for name, table in _tables(rows).items() if table}
        crash.point("append.before_statement")
        return await connection.execute(_statement(frozenset(parameters)), parameters, prepare=True)


def _tables(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    return {
        "claims": rows.claims,
        "events": rows.events,
        "outbox": [_outbox(row) for row in rows.outbox],
        "timers": [row for row in rows.timers.values() if row is not None],
        "cancel": [{"key": key} for key, row in rows.timers.items() if row is None],
        "fired": [{"key": key, "due": timestamp(due)} for key, due in rows.fired],
    }


def _outbox(row: OutboxRow) -> dict[str, Any]:
    return {
        "position": row.position,
        "event_id": row.event_id,
        "subject": row.subject,
        "partition": row.partition,
        "previous": row.previous,
        "body": orjson.Fragment(row.body),
    }


def _previous(rows: Sequence[tuple[Any, ...]]) -> dict[int, int]:
    return {partition: position for partition, position in rows if position is not None}
