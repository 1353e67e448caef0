"""The one writer of a store: waiting units are committed together in one statement, in one gapless order.

Positions and hashes are computed from a cached head; the head row is a compare-and-set at the front of the statement,
so nothing is ever committed on a stale head, also when a second process writes to the same store. A unit that
conflicts or cannot be written never fails its neighbours: the whole batch is refused and each unit is then settled on
its own.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
import psycopg
from psycopg import AsyncConnection

from ytempire.eventstore import crash
from ytempire.eventstore.context import MessageContext, current
from ytempire.eventstore.encode import Encoder, Head, Rows
from ytempire.eventstore.errors import VersionConflictError
from ytempire.eventstore.feed import Feed, OutboxRow
from ytempire.eventstore.reading import claimed, fetch_head, last_outbox, stream_versions, timers_set
from ytempire.eventstore.records import Committed, Recorded, Unit

_BATCH = 128
_KNOWN_STREAMS = 20_000

_STATEMENT = """
with h as (
    update es.head set position = %(new)s, hash = %(hash)s where id = 1 and position = %(old)s
        and not exists (select from json_to_recordset(%(cancel)s::json) as f(key text, due timestamptz)
            where f.due is not null and not exists (select from es.timers t where t.key = f.key and t.due = f.due))
    returning 1
), claims as (
    insert into es.inbox select x.scope, x.key, x.first_position, x.last_position, decode(x.hash, 'hex')
    from h, json_to_recordset(%(claims)s::json)
        as x(scope text, key text, first_position bigint, last_position bigint, hash text)
), events as (
    insert into es.events (position, stream, version, event_id, type, occurred_at, data, meta, hash)
    select x.position, x.stream, x.version, x.event_id, x.type, x.occurred_at, x.data, x.meta, decode(x.hash, 'hex')
    from h, json_to_recordset(%(events)s::json) as x(position bigint, stream text, version int, event_id uuid,
        type text, occurred_at timestamptz, data json, meta json, hash text)
), outbox as (
    insert into es.outbox select x.* from h, json_to_recordset(%(outbox)s::json)
        as x(position bigint, event_id uuid, subject text, partition int, previous bigint, body json)
), cancelled as (
    delete from es.timers t using h, json_to_recordset(%(cancel)s::json)
        as x(key text, due timestamptz) where t.key = x.key and (x.due is null or x.due = t.due)
), timers as (
    insert into es.timers select x.* from h, json_to_recordset(%(timers)s::json)
        as x(key text, due timestamptz, stream text, type text, data json, meta json)
    on conflict (key) do update set due = excluded.due, stream = excluded.stream, type = excluded.type,
        data = excluded.data, meta = excluded.meta
)
select count(*) from h
"""


@dataclass(slots=True)
class _Waiting:
    unit: Unit
    context: MessageContext
    done: asyncio.Future[Committed]


class _HeadMovedError(Exception):
    """Another process appended since the head was cached, or a timer in the batch is no longer set."""


_REFUSED = (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError, orjson.JSONEncodeError)
"""Nothing was written, because of what some unit holds; the others are fine."""


class Writer:
    """Accepts units from any number of callers and commits them in the order of their arrival."""

    def __init__(self, service: str, dsn: str, clock: Callable[[], datetime]) -> None:
        self._service, self._dsn, self._clock = service, dsn, clock
        self._encoder = Encoder(service)
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._connection: AsyncConnection[tuple[object, ...]] | None = None
        self._head: Head | None = None
        self._previous: dict[int, int] = {}
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._listeners: list[asyncio.Event] = []
        self.feed = Feed()

    def listen(self) -> asyncio.Event:
        """An event that is set after each commit; the listener clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    async def submit(self, unit: Unit) -> Committed:
        """Commit a unit.

        :raises VersionConflictError: if a stream has another version than expected.
        """
        waiting = _Waiting(unit, unit.context or current(), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.done

    async def run(self) -> None:
        """Commit what waits, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._commit(self._next_batch())
        finally:
            await self._disconnect()

    def _next_batch(self) -> list[_Waiting]:
        """At most one unit for each stream and claim, so that verdicts do not depend on each other."""
        taken: set[object] = set()
        batch: list[_Waiting] = []
        later: deque[_Waiting] = deque()
        while self._queue and len(batch) < _BATCH:
            waiting = self._queue.popleft()
            keys: set[object] = {a.stream for a in waiting.unit.appends}
            if waiting.unit.claim:
                keys.add(waiting.unit.claim)
            if keys & taken:
                later.append(waiting)
            else:
                batch.append(waiting)
            taken |= keys
        later.extend(self._queue)
        self._queue = later
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            results = await self._together(batch)
        except (*_REFUSED, VersionConflictError, _HeadMovedError):
            self._forget()
            for waiting in batch:
                await self._settle(waiting)
        except (psycopg.OperationalError, OSError) as error:
            # whether it was committed is unknown: callers re-submit, the claim tells
            await self._disconnect()
            for waiting in batch:
                _fail(waiting, error)
        except BaseException as error:
            for waiting in batch:
                _fail(waiting, error)
            await self._disconnect()
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, recorded in zip(batch, results, strict=True):
                if not waiting.done.done():
                    waiting.done.set_result(Committed(recorded))
        self._notify()

    async def _together(self, batch: list[_Waiting]) -> list[tuple[Recorded, ...]]:
        connection = await self._connect()
        if self._head is None:
            self._head = await fetch_head(connection)
            self._previous = await last_outbox(connection)
        await self._learn(connection, (a.stream for w in batch for a in w.unit.appends))
        self._check(batch)
        old, head, rows, previous = self._head, self._head, Rows(), dict(self._previous)
        now, results = self._clock(), []
        for waiting in batch:
            head, recorded = self._encoder.encode(
                waiting.unit, waiting.context, head, self._versions, previous, now, rows
            )
            results.append(recorded)
        await self._execute(connection, old, head, rows)
        crash.point("append.after_commit")
        self.feed.offer(max(self._previous.values(), default=0), rows.outbox)
        self._head, self._previous = head, previous
        for recorded in results:
            for record in recorded:
                self._versions[record.stream] = record.version
        return results

    async def _settle(self, waiting: _Waiting) -> None:
        """One unit under the head's lock: duplicate, conflict or commit, whatever the truth is."""
        try:
            connection = await self._connect()
            async with connection.transaction():
                head = await fetch_head(connection, lock=True)
                if waiting.unit.claim:
                    earlier = await claimed(connection, self._service, waiting.unit.claim)
                    if earlier is not None:
                        waiting.done.set_result(Committed(earlier, duplicate=True))
                        return
                streams = [a.stream for a in waiting.unit.appends]
                versions = await stream_versions(connection, streams)
                _expect(waiting.unit, versions)
                if not await timers_set(connection, waiting.unit.fired):
                    waiting.done.set_result(Committed((), duplicate=True))
                    return
                rows, previous = Rows(), await last_outbox(connection)
                behind = max(previous.values(), default=0)
                new, recorded = self._encoder.encode(
                    waiting.unit, waiting.context, head, versions, previous, self._clock(), rows
                )
                await self._execute(connection, head, new, rows)
            crash.point("append.after_commit")
            self.feed.offer(behind, rows.outbox)
            waiting.done.set_result(Committed(recorded))
        except Exception as error:
            if isinstance(error, psycopg.OperationalError):
                await self._disconnect()
            _fail(waiting, error)

    async def _execute(self, connection: AsyncConnection[tuple[object, ...]], old: Head, new: Head, rows: Rows) -> None:
        crash.point("append.before_statement")
        cursor = await connection.execute(
            _STATEMENT,
            {
                "old": old.position,
                "new": new.position,
                "hash": new.hash,
                "claims": orjson.dumps(rows.claims).decode(),
                "events": orjson.dumps(rows.events).decode(),
                "outbox": orjson.dumps([_outbox(row) for row in rows.outbox]).decode(),
                "timers": orjson.dumps(rows.timers).decode(),
                "cancel": orjson.dumps(rows.cancel).decode(),
            },
        )
        row = await cursor.fetchone()
        if row is None or row[0] != 1:
            raise _HeadMovedError

    async def _learn(self, connection: AsyncConnection[tuple[object, ...]], streams: Iterable[str]) -> None:
        wanted = set(streams)
        unknown = [s for s in wanted if s not in self._versions]
        if unknown:
            self._versions.update(await stream_versions(connection, unknown))
        # to the end, so that what is given up below is never one of this batch
        for stream in wanted:
            self._versions.move_to_end(stream)
        while len(self._versions) > _KNOWN_STREAMS:
            self._versions.popitem(last=False)

    def _check(self, batch: list[_Waiting]) -> None:
        for waiting in batch:
            _expect(waiting.unit, self._versions)

    def _forget(self) -> None:
        self._head = None
        self._versions.clear()

    async def _connect(self) -> AsyncConnection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._forget()
            self._connection = await AsyncConnection.connect(self._dsn, autocommit=True)
        return self._connection

    async def _disconnect(self) -> None:
        self._forget()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _notify(self) -> None:
        for listener in self._listeners:
            listener.set()


def _expect(unit: Unit, versions: dict[str, int] | OrderedDict[str, int]) -> None:
    for append in unit.appends:
        if append.expected is not None and versions[append.stream] != append.expected:
            raise VersionConflictError(append.stream, append.expected, versions[append.stream])


def _outbox(row: OutboxRow) -> dict[str, object]:
    return {
        "position": row.position,
        "event_id": row.event_id,
        "subject": row.subject,
        "partition": row.partition,
        "previous": row.previous,
        "body": orjson.Fragment(row.body),
    }


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
