"""Prove a log: contiguous positions, hash chain, versions, outbox, causation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from psycopg import AsyncConnection

from ytempire.events import public_events
from ytempire.eventstore.encode import row_hash, timestamp
from ytempire.eventstore.records import partition_of
from ytempire.eventstore.store import EventStore

_FIRST = bytes(32)
_PAGE = 1000
_MAX_FINDINGS = 50


@dataclass
class Audit:
    """What was checked of one service's log, and what is wrong with it."""

    service: str
    events_checked: int = 0
    outbox_checked: int = 0
    head_hash: str = ""
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def find(self, text: str) -> None:
        if len(self.findings) < _MAX_FINDINGS:
            self.findings.append(text)


async def verify(store: EventStore) -> Audit:
    """Read the whole log and check it against itself."""
    audit = Audit(store.service)
    async with store.pool.connection() as connection, connection.transaction():
        # one snapshot: what is appended meanwhile is not half seen
        await connection.execute("set transaction isolation level repeatable read read only")
        await _verify_chain(connection, audit)
        await _verify_outbox(connection, audit)
        await _verify_published(connection, audit)
    return audit


async def _verify_chain(connection: AsyncConnection[Any], audit: Audit) -> None:
    previous, position = _FIRST, 0
    versions: dict[str, int] = {}
    async for row in _rows(connection):
        position += 1
        if row[0] != position:
            audit.find(f"position {position} is missing: the log continues at {row[0]}")
            position = row[0]
        stream, version, event_id, type_, at, data, meta, kept, causation = row[1:]
        expected = row_hash(previous, position, stream, version, event_id, type_, timestamp(at), data, meta)
        if expected != bytes(kept):
            audit.find(f"position {position} ({type_}): the row is not what was hashed when it was written")
        if versions.get(stream, 0) + 1 != version:
            audit.find(f"position {position}: {stream} jumps from version {versions.get(stream, 0)} to {version}")
        versions[stream] = version
        if not causation:
            audit.find(f"position {position}: no cause is named")
        previous = bytes(kept)
        audit.events_checked += 1
    cursor = await connection.execute("select position, hash from es.head where id = 1")
    head = await cursor.fetchone()
    if head is None or head[0] != position or bytes(head[1]) != previous:
        audit.find(f"the head says position {head[0] if head else None}, the log ends at {position}")
    audit.head_hash = previous.hex()


async def _rows(connection: AsyncConnection[Any]) -> AsyncIterator[tuple[Any, ...]]:
    position = 0
    while True:
        cursor = await connection.execute(
            "select position, stream, version, event_id::text, type, occurred_at at time zone 'utc', data::text,"
            " meta::text, hash, meta->>'causation' from es.events where position > %s order by position limit %s",
            [position, _PAGE],
        )
        rows = await cursor.fetchall()
        for row in rows:
            yield row
        if not rows:
            return
        position = rows[-1][0]


async def _verify_outbox(connection: AsyncConnection[Any], audit: Audit) -> None:
    """Every outbox row tells exactly what its event says, in an unbroken chain for each partition."""
    cursor = await connection.execute(
        "select o.position, o.partition, o.previous, o.body->>'id', (o.body->'data')::text, e.event_id::text,"
        " e.stream, e.data::text from es.outbox o join es.events e using (position) order by o.position"
    )
    last: dict[int, int] = {}
    async for position, partition, previous, body_id, body_data, event_id, stream, data in cursor:
        if body_id != event_id or _canonical(body_data) != _canonical(data):
            audit.find(f"position {position}: the outbox tells something else than the event")
        if partition != partition_of(stream) or previous != last.get(partition, 0):
            audit.find(f"position {position}: the outbox chain of partition {partition} is broken")
        last[partition] = position
        audit.outbox_checked += 1


async def _verify_published(connection: AsyncConnection[Any], audit: Audit) -> None:
    """Every public event has its outbox row: without one, nobody else would ever hear of it."""
    cursor = await connection.execute(
        "select e.position, e.type from es.events e left join es.outbox o using (position)"
        " where o.position is null and e.type = any(%s) order by e.position",
        [[event.type_name() for event in public_events(superseded=True)]],
    )
    async for position, type_ in cursor:
        audit.find(f"position {position} ({type_}): the event is public, but it is not in the outbox")


def _canonical(text: str) -> object:
    return orjson.loads(text)
