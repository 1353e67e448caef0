"""Queries of the store: by stream, by position, by type, by time, by claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection

from ytempire.eventstore.encode import Head
from ytempire.eventstore.records import Claim, Recorded

Connection = AsyncConnection[tuple[Any, ...]]
Row = Sequence[Any]

_EVENTS: LiteralString = (
    "select e.position, e.stream, e.version, e.event_id::text, e.type, e.occurred_at, e.data::text, e.meta::text"
    " from es.events e"
)
_STREAM = _EVENTS + " where stream = %s and version > %s order by version limit %s"
_LOG = _EVENTS + " where position > %s and position <= %s order by position limit %s"
_FACTS: LiteralString = "select type, data::text from es.events where stream = %s order by version"

HEAD: LiteralString = (
    "select position, hash, (select occurred_at from es.events e where e.position = h.position)"
    " from es.head h where id = 1"
)
CLAIMED: LiteralString = """
select i.scope, i.key, e.position, e.stream, e.version, e.event_id::text, e.type, e.occurred_at, e.data::text,
    e.meta::text
from unnest(%s::text[], %s::text[]) c (scope, key) join es.inbox i on i.scope = c.scope and i.key = c.key
    left join es.events e on e.position between i.first_position and i.last_position
order by e.position"""
# A page of each type by the index, then the first of them all.
_TYPES: LiteralString = """
select e.position, e.stream, e.version, e.event_id::text, e.type, e.occurred_at, e.data::text, e.meta::text
from unnest(%(types)s::text[]) t (name), lateral (
    select * from es.events where type = t.name and position > %(after)s and position <= %(to)s
    order by position limit %(limit)s) e
order by e.position limit %(limit)s"""
# The log has no gap and its time never runs back: the last position of a time is found by halving, without an index.
_POSITION_AT: LiteralString = """
with recursive halving (low, high) as (
    select 0::bigint, position from es.head
    union all
    select case when e.occurred_at <= %(time)s then m.middle else low end,
        case when e.occurred_at <= %(time)s then high else m.middle - 1 end
    from halving, lateral (select (low + high + 1) / 2 as middle) m, lateral (
        select occurred_at from es.events where position = m.middle) e
    where low < high
)
select low from halving where low = high"""


def head(row: Row | None) -> Head:
    """From a row of ``HEAD``."""
    if row is None:
        raise RuntimeError("the store has no head row: its migrations did not run")
    position, hash_, time = row
    return Head(position, bytes(hash_), time.astimezone(UTC)) if time else Head(position, bytes(hash_))


def claims(service: str, rows: Iterable[Row]) -> dict[Claim, tuple[Recorded, ...]]:
    """From rows of ``CLAIMED``: the claims that are taken, with the events of the first time."""
    taken: dict[Claim, list[Recorded]] = {}
    for scope, key, *columns in rows:
        events = taken.setdefault(Claim(scope, key), [])
        if columns[0] is not None:
            events.append(recorded(service, columns))
    return {claim: tuple(events) for claim, events in taken.items()}


async def fetch_head(connection: Connection) -> Head:
    cursor = await connection.execute(HEAD)
    return head(await cursor.fetchone())


async def claimed(connection: Connection, service: str, claim: Claim) -> tuple[Recorded, ...] | None:
    """The events of the first time a claim was taken; None if it is free."""
    cursor = await connection.execute(CLAIMED, [[claim.scope], [claim.key]])
    return claims(service, await cursor.fetchall()).get(claim)


async def read_facts(connection: Connection, stream: str) -> list[tuple[str, str]]:
    """Type and data of each event of a stream: all that its state is folded from."""
    cursor = await connection.execute(_FACTS, [stream], binary=True)
    return await cursor.fetchall()


async def read_stream(connection: Connection, service: str, stream: str, after: int, limit: int) -> list[Recorded]:
    """Events of a stream behind a version, in order."""
    cursor = await connection.execute(_STREAM, [stream, after, limit], binary=True)
    return [recorded(service, row) for row in await cursor.fetchall()]


async def read_log(
    connection: Connection, service: str, after: int, to: int, limit: int, types: Sequence[str] = ()
) -> list[Recorded]:
    """Events with ``after < position <= to``, all or those of some types, in order."""
    if types:
        parameters = {"types": list(types), "after": after, "to": to, "limit": limit}
        cursor = await connection.execute(_TYPES, parameters, binary=True)
    else:
        cursor = await connection.execute(_LOG, [after, to, limit], binary=True)
    return [recorded(service, row) for row in await cursor.fetchall()]


async def position_at(connection: Connection, time: datetime) -> int:
    """Position of the last event that had happened at a time; 0 if none had."""
    cursor = await connection.execute(_POSITION_AT, {"time": time})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


def recorded(service: str, row: Row) -> Recorded:
    position, stream, version, event_id, type_, occurred_at, data, meta = row
    return Recorded(service, position, stream, version, event_id, type_, occurred_at.astimezone(UTC), data, meta)
