"""Consuming: handlers and read models against plain FastStream with one upsert a message.

The clock runs from the first message handled to the last one committed: what a start costs is left out on both sides.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import orjson
from bench.backbone.relaying import relayed
from bench.backbone.world import (
    CONSUMER,
    CONTEXT,
    EVENT,
    PRIVATE_EVENT,
    SERVICE,
    STREAM_LENGTH,
    World,
    fresh,
)
from bench.harness import Comparison, Run, Scale, rate
from faststream.nats import JStream, NatsBroker
from faststream.security import SASLPlaintext
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy
from psycopg import AsyncConnection
from sqlalchemy import JSON, BigInteger, Column, MetaData, Table, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import insert

from ytempire.bus import Consumers, broker
from ytempire.bus.consumers import Traced
from ytempire.bus.topology import stream_of
from ytempire.chassis.telemetry import traced
from ytempire.cli.testing import until
from ytempire.events import Envelope, Event
from ytempire.events.billing import EntitlementsChanged
from ytempire.events.onboarding import PreferencesSaved
from ytempire.eventstore import (
    Delivery,
    EventStore,
    Handlers,
    Leases,
    Projection,
    ReadModels,
    StreamAppend,
    Unit,
    Writing,
)
from ytempire.eventstore.tasks import end
from ytempire.eventstore.workers import Projector

_HANDLED, _PROJECTED, _CAUGHT_UP, _PLAIN = 2000, 8000, 30_000, 1500
_UNIT = 1000
_DONE_S = 120
_SUBJECT = f"yt.{SERVICE}.{PreferencesSaved.type_name()}.*"
_PLAIN_TABLE = """create schema if not exists plain; create table if not exists plain.preferences
    (stream text primary key, version bigint not null, notes text not null)"""
_UPSERT = """insert into plain.preferences values (%s, %s, %s)
    on conflict (stream) do update set version = excluded.version, notes = excluded.notes"""

_TABLES = MetaData()
_PREFERENCES = Table(
    "preferences",
    _TABLES,
    Column("stream", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("notes", Text, nullable=False),
)
_ROWS = (
    func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    .table_valued(column("stream", Text), column("version", BigInteger), column("notes", Text))
    .render_derived(with_types=True)
)
_MANY = insert(_PREFERENCES).from_select(
    ["stream", "version", "notes"], select(_ROWS.c.stream, _ROWS.c.version, _ROWS.c.notes)
)
_WRITE = _MANY.on_conflict_do_update(
    index_elements=["stream"], set_={"version": _MANY.excluded.version, "notes": _MANY.excluded.notes}
)


@dataclass
class _Writes:
    """The read model's writing: the newest of each stream, in one statement."""

    begin: float = 0.0
    """When it was first called."""

    async def many(self, connection: Writing, run: Sequence[tuple[Event, Envelope]]) -> None:
        self.begin = self.begin or time.perf_counter()
        newest = {
            envelope.subject: {
                "stream": envelope.subject,
                "version": envelope.streamversion,
                "notes": event.dashboard_layout["notes"],
            }
            for event, envelope in run
            if isinstance(event, PreferencesSaved)
        }
        await connection.execute(_WRITE, {"rows": orjson.dumps(list(newest.values())).decode()})

    async def one(self, connection: Writing, event: PreferencesSaved, envelope: Envelope) -> None:
        await self.many(connection, [(event, envelope)])

    def projection(self, name: str = "preferences") -> Projection:
        return Projection(name, _TABLES, {PreferencesSaved: self.one}, batch=self.many)


@dataclass
class _Clock:
    """Starts with the first message, stops with the last."""

    count: int
    begin: float = 0.0
    seen: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        self.begin = self.begin or time.perf_counter()

    def stop(self) -> None:
        self.seen += 1
        if self.seen == self.count:
            self.done.set()

    async def speed(self) -> float:
        """Messages a second, once all were handled."""
        async with asyncio.timeout(_DONE_S):
            await self.done.wait()
        return rate(self.count, self.begin)


async def _append(store: EventStore, count: int) -> int:
    """Events of many streams; the position of the last one."""
    last = 0
    for first in range(0, count, _UNIT):
        streams = min(_UNIT, count - first) // STREAM_LENGTH
        appends = [StreamAppend(fresh("account"), [EVENT] * STREAM_LENGTH) for _ in range(streams)]
        last = (await store.submit(Unit(appends, context=CONTEXT))).events[-1].position
    return last


@dataclass
class _Bus:
    """A producer's stream, and a consumer with a store and a read model."""

    world: World
    producer: EventStore
    producing: Client
    store: EventStore
    models: ReadModels
    client: Client

    async def tell(self, count: int) -> None:
        """Publish so many more messages."""
        await relayed(self.producer, self.producing, await _append(self.producer, count), count)

    @asynccontextmanager
    async def consuming(self, handlers: Handlers, trace: Traced) -> AsyncIterator[Consumers]:
        """The consumer at work, as in a service's process."""
        leases = Leases(self.store.dsn)
        stream = broker(self.world.access(CONSUMER), fresh(CONSUMER))
        consumers = Consumers(stream, self.client, self.store, self.models, handlers, trace, leases)
        await consumers.start()
        await stream.start()
        owning = asyncio.create_task(leases.run())
        try:
            yield consumers
        finally:
            await stream.stop()
            await end([owning])

    async def versions(self, projection: Projection) -> int:
        """How many events the read model shows: the sum of its streams' versions."""
        async with self.models.reading(projection) as connection:
            return int(await connection.scalar(select(func.coalesce(func.sum(_PREFERENCES.c.version), 0))) or 0)

    async def plain(self, count: int) -> float:
        """Plain FastStream over the newest messages of the stream: messages a second."""
        clock, access = _Clock(count), self.world.access("admin")
        last = (await self.producing.jetstream().stream_info(stream_of(SERVICE))).state.last_seq
        config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=last - count + 1)
        peer = NatsBroker(access.url, security=SASLPlaintext(access.user, access.password, use_ssl=False), logger=None)
        async with await AsyncConnection.connect(self.store.dsn, autocommit=True) as connection:

            async def upsert(body: Envelope) -> None:
                clock.start()
                event = PreferencesSaved.read(body.data)
                await connection.execute(_UPSERT, [body.subject, body.streamversion, event.dashboard_layout["notes"]])
                clock.stop()

            peer.subscriber(_SUBJECT, stream=JStream(stream_of(SERVICE), declare=False), config=config)(upsert)
            await connection.execute(_PLAIN_TABLE)
            await peer.start()
            try:
                return await clock.speed()
            finally:
                await peer.stop()


@asynccontextmanager
async def _bus(world: World, projections: Sequence[Projection]) -> AsyncIterator[_Bus]:
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(world.store(SERVICE))
        store = await stack.enter_async_context(world.store(CONSUMER))
        admin = await stack.enter_async_context(world.client("admin"))
        client = await stack.enter_async_context(world.client(CONSUMER))
        models = ReadModels(CONSUMER, store.dsn, projections)
        stack.push_async_callback(models.close)
        await models.install()
        await _empty(admin)
        yield _Bus(world, producer, admin, store, models, client)
        await _empty(admin)


async def _empty(admin: Client) -> None:
    """No message and no durable of a row before."""
    jetstream, stream = admin.jetstream(), stream_of(SERVICE)
    for info in await jetstream.consumers_info(stream):
        await jetstream.delete_consumer(stream, info.name)
    await jetstream.purge_stream(stream)


@contextmanager
def _untraced(consumer: str, envelope: Envelope) -> Iterator[str | None]:
    yield envelope.traceparent


_ENTITLED = EntitlementsChanged(user_id=EVENT.user_id, plan="starter", active=True, channels=5, videos_per_day=15)


def _handler(row: str, consequence: Event, trace: Traced) -> Comparison[World]:
    """A handler that decides something: claim and consequence in one unit, settled behind the commit."""

    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count, few = scale.of(_HANDLED, least=100), scale.of(_PLAIN, least=20)
        async with _bus(world, ()) as bus:

            async def ours() -> dict[str, float]:
                clock = _Clock(count)

                async def handle(event: PreferencesSaved, delivery: Delivery) -> None:
                    clock.start()
                    await bus.store.append(delivery.envelope.subject, consequence, claim=delivery.claim)
                    clock.stop()

                await bus.tell(count)
                async with bus.consuming({PreferencesSaved: handle}, trace):
                    return {row: await clock.speed()}

            async def reference() -> dict[str, float]:
                return {row: await bus.plain(few)}

            yield ours, reference

    return Comparison(_PLAIN_NAME, {row: "messages/s"}, pair)


@asynccontextmanager
async def _projection(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count, few = scale.of(_PROJECTED, least=100), scale.of(_PLAIN, least=20)
    writes = _Writes()
    projection = writes.projection()
    async with _bus(world, [projection]) as bus:

        async def ours() -> dict[str, float]:
            wanted, writes.begin = await bus.versions(projection) + count, 0.0
            await bus.tell(count)

            async def done() -> bool:
                return await bus.versions(projection) == wanted

            async with bus.consuming({}, traced):
                await until(done, _DONE_S)
                return {_BATCHED: rate(count, writes.begin)}

        async def reference() -> dict[str, float]:
            return {_BATCHED: await bus.plain(few)}

        yield ours, reference


@asynccontextmanager
async def _catch_up(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count, few = scale.of(_CAUGHT_UP, least=100), scale.of(_PLAIN, least=20)
    async with _bus(world, []) as bus:
        await bus.tell(max(few, 100))
        await _append(bus.producer, count)
        head = (await bus.producer.head()).position

        async def ours() -> dict[str, float]:
            # each time another name: its tables are new and empty
            projection = _Writes().projection(f"preferences_{next(numbers)}")
            models = ReadModels(SERVICE, bus.producer.dsn, [projection])
            await models.install()
            projector, begin = Projector(bus.producer, models, projection), time.perf_counter()
            running = asyncio.create_task(projector.run())

            async def done() -> bool:
                return projector.position == head

            try:
                await until(done, _DONE_S)
                return {_CATCHING_UP: rate(head, begin)}
            finally:
                await end([running])
                await models.close()

        async def reference() -> dict[str, float]:
            return {_CATCHING_UP: await bus.plain(few)}

        numbers = itertools.count(1)
        yield ours, reference


_PLAIN_NAME = "plain FastStream, one upsert a message"
_BATCHED, _CATCHING_UP = "projection from the bus", "projection from the own log"

COMPARISONS: tuple[Comparison[World], ...] = (
    _handler("handler, bare", PRIVATE_EVENT, _untraced),
    _handler("handler, traced", PRIVATE_EVENT, traced),
    _handler("handler with a public consequence", _ENTITLED, traced),
    Comparison(_PLAIN_NAME, {_BATCHED: "messages/s"}, _projection),
    Comparison(_PLAIN_NAME, {_CATCHING_UP: "events/s"}, _catch_up),
)
