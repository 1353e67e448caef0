"""Queries of the store: by stream, by position, by claim. Each takes the connection it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from psycopg import AsyncConnection

from ytempire.eventstore.encode import Head
from ytempire.eventstore.records import Claim, Recorded

Connection = AsyncConnection[tuple[Any, ...]]

_COLUMNS = "position, stream, version, event_id::text, type, occurred_at, data, meta"


async def fetch_head(connection: Connection, *, lock: bool = False) -> Head:
    query = (
        "select position, hash, (select occurred_at from es.events e where e.position = h.position)"
        " from es.head h where id = 1"
    )
    cursor = await connection.execute(f"{query} for update" if lock else query)
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("the store has no head row: its migrations did not run")
    head = Head(row[0], bytes(row[1]))
    return replace(head, time=row[2].astimezone(UTC)) if row[2] else head


async def last_outbox(connection: Connection) -> dict[int, int]:
    """Last published position of each partition."""
    cursor = await connection.execute("select partition, max(position) from es.outbox group by partition")
    return {int(row[0]): int(row[1]) for row in await cursor.fetchall()}


async def stream_versions(connection: Connection, streams: Sequence[str]) -> dict[str, int]:
    """Version of each stream, 0 for one that does not exist."""
    cursor = await connection.execute(
        "select s, coalesce((select version from es.events e where e.stream = s order by version desc limit 1), 0)"
        " from unnest(%s::text[]) s",
        [list(streams)],
    )
    return {str(row[0]): int(row[1]) for row in await cursor.fetchall()}


async def claimed(connection: Connection, service: str, claim: Claim) -> tuple[Recorded, ...] | None:
    """The events of the first time a claim was taken; None if it is free."""
    cursor = await connection.execute(
        "select first_position, last_position from es.inbox where scope = %s and key = %s", [claim.scope, claim.key]
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return tuple(await read_range(connection, service, row[0] - 1, row[1]))


async def timers_set(connection: Connection, wanted: Sequence[tuple[str, datetime]]) -> bool:
    """Whether every one of these timers is still set for its time."""
    if not wanted:
        return True
    cursor = await connection.execute(
        "select count(*) from es.timers join unnest(%s::text[], %s::timestamptz[]) f (key, due) using (key, due)",
        [[key for key, _ in wanted], [due for _, due in wanted]],
    )
    row = await cursor.fetchone()
    return row is not None and row[0] == len(wanted)


async def read_stream(connection: Connection, service: str, stream: str) -> list[Recorded]:
    cursor = await connection.execute(
        f"select {_COLUMNS} from es.events where stream = %s order by version",  # noqa: S608 - constant columns
        [stream],
    )
    return [recorded(service, row) for row in await cursor.fetchall()]


async def read_range(connection: Connection, service: str, after: int, to: int) -> list[Recorded]:
    """Events with ``after < position <= to``."""
    cursor = await connection.execute(
        f"select {_COLUMNS} from es.events where position > %s and position <= %s order by position",  # noqa: S608 - constant columns
        [after, to],
    )
    return [recorded(service, row) for row in await cursor.fetchall()]


def recorded(service: str, row: Sequence[object]) -> Recorded:
    position, stream, version, event_id, type_, occurred_at, data, meta = cast(Any, row)
    return Recorded(service, position, stream, version, event_id, type_, occurred_at.astimezone(UTC), data, meta)
