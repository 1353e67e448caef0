"""Prove one service's log against itself, in one snapshot, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson
from psycopg import AsyncConnection

from ytempire.events import lookup
from ytempire.eventstore.encode import claim_hash, outbox_row, row_hash
from ytempire.eventstore.findings import Audit, Finding, LedgerCheck
from ytempire.eventstore.reading import recorded
from ytempire.eventstore.records import Recorded, partition_of
from ytempire.eventstore.store import EventStore

__all__ = ["Audit", "Elsewhere", "Finding", "LogRow", "correlations", "log_rows", "verify"]

Connection = AsyncConnection[Any]
Elsewhere = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Of these event ids, those that other logs hold, each with its correlation."""
Progress = Callable[[int], None]
"""Told how many events have been read so far."""

_FIRST = bytes(32)
_PAGE = 1000
_TIME = "to_char({} at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
# text, not the database's types: what somebody wrote by hand need not be readable
_ROWS = f"""
select e.position, e.stream, e.version, e.event_id::text, e.type, {_TIME.format("e.occurred_at")}, e.data::text,
    e.meta::text, e.hash, o.event_id::text, o.subject, o.partition, o.previous, o.body::text
from es.events e left join es.outbox o using (position)
where e.position > %s and e.position <= %s order by e.position limit %s"""  # noqa: S608 - constant text
_VERSIONS = """
select position, stream, version, expected from (
    select position, stream, version, row_number() over (partition by stream order by position) as expected
    from es.events) numbered
where version <> expected order by position"""
_STRAY = """
select o.position from es.outbox o left join es.events e using (position) where e.position is null order by 1"""
_CLAIMS = """
select i.scope, i.key, i.first_position, i.last_position, i.hash, e.hash
from es.inbox i left join es.events e on e.position = i.last_position
where (i.scope, i.key) > (%s, %s) order by i.scope, i.key limit %s"""
_LEDGER = """
select position, stream, version, event_id::text, type, occurred_at, data::text, meta::text
from es.events where starts_with(stream, %s) and (stream, version) > (%s, %s) order by stream, version limit %s"""
_CORRELATIONS = "select event_id::text, meta::text from es.events where event_id = any(%s::uuid[])"


@dataclass(slots=True)
class LogRow:
    """An event with its outbox row, as text."""

    position: int
    stream: str
    version: int
    event_id: str
    type: str
    time: str
    data: str
    meta: str
    hash: bytes
    told_id: str | None
    subject: str
    partition: int
    previous: int
    body: str

    @property
    def place(self) -> tuple[int, str, int, str, str, str]:
        return (self.position, self.stream, self.version, self.event_id, self.type, self.time)


async def verify(
    store: EventStore,
    *,
    elsewhere: Elsewhere | None = None,
    ledgers: Sequence[LedgerCheck] = (),
    progress: Progress = lambda _: None,
) -> Audit:
    """Read the whole log and check it against itself.

    :param elsewhere: where causes in other services' logs are looked for; without it they are not.
    """
    audit = Audit(store.service)
    audit.looks_at("positions", "chain", "versions", "head", "causes", "outbox", "claims")
    async with store.pool.connection() as connection, connection.transaction():
        # one snapshot: what is appended meanwhile is not half seen
        await connection.execute("set transaction isolation level repeatable read read only")
        await _read_log(connection, audit, elsewhere, progress)
        await _check_versions(connection, audit)
        async for (position,) in _all(connection, _STRAY):
            audit.find("outbox", position, f"position {position}: the outbox tells an event that does not exist")
        await _check_claims(connection, audit)
        for ledger in ledgers:
            audit.looks_at(ledger.check)
            await _check_ledger(connection, audit, ledger)
    return audit


async def _read_log(connection: Connection, audit: Audit, elsewhere: Elsewhere | None, progress: Progress) -> None:
    previous, position = _FIRST, 0
    told: dict[int, int] = {}
    async for page in log_rows(connection):
        sound: list[LogRow] = []
        for row in page:
            position += 1
            if row.position != position:
                audit.find(
                    "positions", position, f"position {position} is missing: the log continues at {row.position}"
                )
                position = row.position
            if _chained(previous, row):
                sound.append(row)
            else:
                what = "the row is not what was hashed when it was written"
                audit.find("chain", position, f"position {position} ({row.type}): {what}")
            previous = row.hash
            _check_told(audit, row, told)
            audit.count(row.type, row.time)
        await _check_causes(connection, audit, sound, elsewhere)
        progress(audit.events_checked)
    audit.head_hash, audit.last_position = previous.hex(), position
    cursor = await connection.execute("select position, hash from es.head where id = 1")
    head = await cursor.fetchone()
    if head is None or head[0] != position or bytes(head[1]) != previous:
        said = head[0] if head else None
        audit.find("head", position, f"the head says position {said}, the log ends at {position}")


async def log_rows(connection: Connection, end: int = 2**62) -> AsyncIterator[list[LogRow]]:
    """The log up to ``end``, a page at a time."""
    position = 0
    while True:
        cursor = await connection.execute(_ROWS, [position, end, _PAGE])
        rows = [LogRow(*row) for row in await cursor.fetchall()]
        if not rows:
            return
        yield rows
        position = rows[-1].position


def _chained(previous: bytes, row: LogRow) -> bool:
    return row_hash(previous, *row.place, row.data, row.meta) == row.hash


def _check_told(audit: Audit, row: LogRow, told: dict[int, int]) -> None:
    """The outbox row is exactly what the event makes it, chained within its partition."""
    event = lookup(row.type, audit.service)
    where = f"position {row.position} ({row.type})"
    if row.told_id is None:
        if event is not None and not event.private:
            audit.find("outbox", row.position, f"{where}: the event is public, but it is not in the outbox")
        return
    audit.outbox_checked += 1
    audit.last_told = row.position
    if event is not None and event.private:
        audit.find("outbox", row.position, f"{where}: the event is private, but the outbox tells it")
    try:
        made = outbox_row(audit.service, *row.place, row.data, orjson.loads(row.meta), told)
        same = (made.event_id, made.subject, made.body.decode()) == (row.told_id, row.subject, row.body)
    except (ValueError, KeyError, TypeError, AttributeError):
        same, told[partition_of(row.stream)] = False, row.position
    if not same:
        audit.find("outbox", row.position, f"{where}: the outbox tells something else than the event")
    elif (made.partition, made.previous) != (row.partition, row.previous):
        audit.find("outbox", row.position, f"{where}: the outbox chain of partition {row.partition} is broken")


async def _check_causes(connection: Connection, audit: Audit, rows: list[LogRow], elsewhere: Elsewhere | None) -> None:
    """Each event belongs to the chain of its cause. An event that is its own cause begins one, or was a timer's."""
    metas = {row.position: orjson.loads(row.meta) for row in rows}
    wanted = {
        meta["correlation"] if meta["causation"] == row.event_id else meta["causation"]
        for row in rows
        for meta in (metas[row.position],)
    }
    known = dict(await correlations(connection, wanted))
    foreign = wanted - set(known)
    if foreign and elsewhere is not None:
        known |= await elsewhere(foreign)
    for row in rows:
        meta, where = metas[row.position], f"position {row.position} ({row.type})"
        own = meta["causation"] == row.event_id
        cause = meta["correlation"] if own else meta["causation"]
        audit.causes_elsewhere += cause in foreign
        if elsewhere is not None and own and cause == row.event_id and not _may_begin(row.type, audit.service):
            audit.find("causes", row.position, f"{where}: it begins a chain, though it must have a cause")
        elif cause not in known:
            if elsewhere is not None:
                audit.find("causes", row.position, f"{where}: its cause {cause} is in no log")
        elif known[cause] != meta["correlation"]:
            audit.find("causes", row.position, f"{where}: it belongs to another chain than its cause {cause}")


def _may_begin(type_: str, service: str) -> bool:
    """What came in through the gateway, what is private (a timer's event is) and what a log says of itself."""
    event = lookup(type_, service)
    return event is None or event.private or event.owner in ("gateway", "platform")


async def correlations(connection: Connection, ids: Collection[str]) -> Mapping[str, str]:
    """Of these event ids, those in this log, each with its correlation."""
    if not ids:
        return {}
    cursor = await connection.execute(_CORRELATIONS, [list(ids)])
    found = {}
    for event_id, meta in await cursor.fetchall():
        try:
            found[str(event_id)] = str(orjson.loads(meta)["correlation"])
        except (ValueError, KeyError, TypeError):
            # the chain check of that log names the row
            found[str(event_id)] = ""
    return found


async def _check_versions(connection: Connection, audit: Audit) -> None:
    async for position, stream, version, expected in _all(connection, _VERSIONS):
        what = f"position {position}: {stream} jumps from version {expected - 1} to {version}"
        audit.find("versions", position, what)


async def _check_claims(connection: Connection, audit: Audit) -> None:
    scope, key = "", ""
    while True:
        cursor = await connection.execute(_CLAIMS, [scope, key, _PAGE])
        rows = await cursor.fetchall()
        if not rows:
            return
        for scope, key, first, last, kept, log in rows:
            audit.claims_checked += 1
            at = _FIRST if last == 0 else log
            if at is None:
                audit.find("claims", last, f"position {last}: the claim {scope} {key} points behind the end of the log")
            elif claim_hash(bytes(at), scope, key, first, last) != bytes(kept):
                audit.find("claims", last, f"position {last}: the claim {scope} {key} is not what was taken then")


async def _check_ledger(connection: Connection, audit: Audit, ledger: LedgerCheck) -> None:
    """Stream after stream, each whole: none is longer than memory."""
    stream, version = "", 0
    held: list[Recorded] = []
    while True:
        cursor = await connection.execute(_LEDGER, [ledger.streams, stream, version, _PAGE])
        rows = await cursor.fetchall()
        held += [recorded(audit.service, row) for row in rows]
        complete = [list(records) for _, records in groupby(held, key=lambda record: record.stream)]
        held = complete.pop() if rows and complete else []
        for records in complete:
            for position, what in ledger.wrong(records):
                audit.find(ledger.check.name, position, f"position {position} ({records[0].stream}): {what}")
        if not rows:
            return
        stream, version = rows[-1][1], rows[-1][2]


async def _all(connection: Connection, query: str) -> AsyncIterator[tuple[Any, ...]]:
    async with connection.cursor(name="audit") as cursor:
        await cursor.execute(query)
        async for row in cursor:
            yield row
