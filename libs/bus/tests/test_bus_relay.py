"""The relay: the stream is its checkpoint, whatever crashed, was lost or was sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from prometheus_client import REGISTRY
from sqlalchemy import Column, Integer, MetaData, Table, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.bus import Consumers, NatsAccess, Relay, broker, connect, headers, read_stream, topology
from ytempire.bus.publishing import ATOMIC_FROM, Publisher, RefusedError
from ytempire.bus.relay import message_of
from ytempire.chassis.telemetry import traced
from ytempire.chassis.watch import Watch
from ytempire.cli.testing import NatsAccess as RunningNats
from ytempire.cli.testing import until
from ytempire.events import Envelope
from ytempire.events.billing import CustomerCreated, TrialEnding
from ytempire.eventstore import (
    Delivery,
    EventStore,
    Handlers,
    Leases,
    PermanentError,
    Projection,
    ReadModels,
    TransientError,
    derived_id,
)
from ytempire.eventstore.deadletters import DeadLetters
from ytempire.eventstore.tasks import end

STREAM = topology.stream_of("billing")
TABLES = MetaData()
CUSTOMERS = Table("customers", TABLES, Column("user_id", Text, primary_key=True), Column("times", Integer))


def created(number: int) -> CustomerCreated:
    return CustomerCreated(user_id=derived_id("user", str(number)), stripe_customer_id=f"cus_{number}")


@pytest.fixture
async def admin(nats_server: RunningNats) -> AsyncIterator[JetStreamContext]:
    """An empty stream of billing's, and who may remove it."""
    client = await connect(NatsAccess(nats_server.url, "admin", nats_server.password_file("admin")), "admin")
    jetstream = client.jetstream()
    await topology.apply(jetstream)
    await renew(jetstream)
    yield jetstream
    await client.close()


async def renew(admin: JetStreamContext) -> None:
    await admin.delete_stream(STREAM)
    assert await topology.apply(admin) == [f"created {STREAM}"]


@pytest.fixture
async def client(admin: JetStreamContext, nats_server: RunningNats) -> AsyncIterator[Client]:
    client = await connect(NatsAccess(nats_server.url, "billing", nats_server.password_file("billing")), "billing")
    yield client
    await client.close()


@pytest.fixture
def jetstream(client: Client) -> JetStreamContext:
    return client.jetstream()


@asynccontextmanager
async def relaying(store: EventStore, client: Client, count: int = 1) -> AsyncIterator[list[Relay]]:
    relays = [Relay(store, client) for _ in range(count)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield relays
    finally:
        await end(tasks)


async def in_stream(jetstream: JetStreamContext) -> list[int]:
    return [envelope.position async for envelope, _ in read_stream(jetstream, "billing")]


async def published(store: EventStore, jetstream: JetStreamContext, count: int) -> None:
    async def all_there() -> bool:
        return bool((await jetstream.stream_info(STREAM)).state.messages >= count)

    await until(all_there)


async def append(store: EventStore, first: int, count: int) -> None:
    await asyncio.gather(*(store.append(f"account-{n % 5}", created(n)) for n in range(first, first + count)))


async def test_a_relay_that_crashed_is_followed_by_one_that_sends_nothing_twice(
    store: EventStore, client: Client, jetstream: JetStreamContext
) -> None:
    await append(store, 0, 150)
    async with relaying(store, client):
        # crashes somewhere in the middle of a page
        await published(store, jetstream, 20)
    async with relaying(store, client):
        await append(store, 150, 30)
        await published(store, jetstream, 180)
    assert await in_stream(jetstream) == list(range(1, 181))


async def test_two_relays_at_once_keep_the_order_and_send_nothing_twice(
    store: EventStore, client: Client, jetstream: JetStreamContext
) -> None:
    async with relaying(store, client, count=2):
        for first in range(0, 90, 30):
            await append(store, first, 30)
        await published(store, jetstream, 90)
        await asyncio.sleep(0.2)
    assert await in_stream(jetstream) == list(range(1, 91))


async def test_what_another_copy_of_the_service_wrote_is_told_too(
    store: EventStore, client: Client, jetstream: JetStreamContext, open_store: Any
) -> None:
    other = await open_store()
    async with relaying(store, client):
        for first in range(0, 40, 10):
            await append(other if first % 20 else store, first, 10)
            await published(store, jetstream, first + 10)
    assert await in_stream(jetstream) == list(range(1, 41))


async def test_a_message_behind_an_unknown_answer_is_not_sent_again(
    store: EventStore, client: Client, jetstream: JetStreamContext
) -> None:
    # the first life stored some, one by one or in one batch, and ended before it heard so
    for first, kept, count in ((0, 2, 3), (3, ATOMIC_FROM, ATOMIC_FROM + 5)):
        await append(store, first, count)
        rows = await Relay(store, client)._select(first)
        publisher = Publisher(client)
        await publisher.open()
        await (await publisher.send([message_of(row) for row in rows[:kept]], first)).stored()
        await publisher.close()
        async with relaying(store, client):
            await published(store, jetstream, first + count)
    assert await in_stream(jetstream) == list(range(1, 3 + ATOMIC_FROM + 5 + 1))


@pytest.mark.parametrize("count", [2, ATOMIC_FROM + 2])
async def test_what_the_server_refuses_is_an_error_and_stores_nothing(
    store: EventStore, client: Client, jetstream: JetStreamContext, count: int
) -> None:
    await append(store, 0, count)
    messages = [message_of(row) for row in await Relay(store, client)._select(0)]
    publisher = Publisher(client)
    await publisher.open()
    with pytest.raises(RefusedError, match="wrong last sequence"):
        await (await publisher.send(messages, expected=7)).stored()
    sent = await publisher.send(messages, expected=0)
    await sent.stored()
    assert sent.end == count
    if count >= ATOMIC_FROM:
        # a batch with a message the stream knows is refused as a whole: sending again can never work
        with pytest.raises(RefusedError, match="duplicate message id"):
            await (await publisher.send(messages, expected=count)).stored()
    await publisher.close()
    assert await in_stream(jetstream) == list(range(1, count + 1))


FEW, MANY = 3, ATOMIC_FROM + 3


@pytest.mark.parametrize(("first", "second"), [(FEW, FEW), (FEW, MANY), (MANY, FEW), (MANY, MANY)])
async def test_what_is_sent_behind_something_that_is_refused_is_refused_too(
    store: EventStore, client: Client, jetstream: JetStreamContext, first: int, second: int
) -> None:
    await append(store, 0, first + second)
    messages = [message_of(row) for row in await Relay(store, client)._select(0)]
    publisher = Publisher(client)
    await publisher.open()

    async def both(expected: int) -> list[BaseException | None]:
        """Send the second page before the first is confirmed."""
        before = await publisher.send(messages[:first], expected)
        behind = await publisher.send(messages[first:], before.end)
        return await asyncio.gather(before.stored(), behind.stored(), return_exceptions=True)

    assert [type(answer) for answer in await both(expected=7)] == [RefusedError, RefusedError]
    assert await in_stream(jetstream) == []
    assert await both(expected=0) == [None, None]
    await publisher.close()
    assert await in_stream(jetstream) == list(range(1, first + second + 1))


async def test_every_message_names_its_predecessor_in_its_partition(
    store: EventStore, client: Client, jetstream: JetStreamContext
) -> None:
    await append(store, 0, 40)
    async with relaying(store, client):
        await published(store, jetstream, 40)
    last: dict[str, str] = {}
    for sequence in range(1, 41):
        message = await jetstream.get_msg(STREAM, sequence)
        assert message.headers
        assert message.data
        partition = message.headers[headers.PARTITION]
        assert message.headers[headers.PREVIOUS] == last.get(partition, "0")
        assert message.headers[headers.POSITION] == str(orjson.loads(message.data)["position"]) == str(sequence)
        assert message.subject == f"yt.billing.CustomerCreated.v1.{partition}"
        last[partition] = message.headers[headers.POSITION]


async def test_rule_4_1_a_stream_that_was_lost_is_filled_again(
    store: EventStore, client: Client, jetstream: JetStreamContext, admin: JetStreamContext
) -> None:
    await append(store, 0, 70)
    async with relaying(store, client):
        await published(store, jetstream, 70)
        # while nothing new is told, and nobody restarts anything
        await renew(admin)
        await published(store, jetstream, 70)
        await renew(admin)
        await append(store, 70, 1)
        await published(store, jetstream, 71)
    await renew(admin)
    async with relaying(store, client):
        await published(store, jetstream, 71)
    assert await in_stream(jetstream) == list(range(1, 72))


async def _counted(connection: AsyncConnection, event: CustomerCreated, _: Envelope) -> None:
    row = insert(CUSTOMERS).values(user_id=event.user_id, times=1)
    times = {"times": CUSTOMERS.c.times + 1}
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=times))


PROJECTION = Projection("customers", TABLES, {CustomerCreated: _counted})


class Reader:
    """Publisher as a consumer of billing: one event of its own for each that comes, and a read model."""

    def __init__(self, store: EventStore, models: ReadModels) -> None:
        self.store, self.models, self.handled = store, models, 0
        self.refused = self.broken = ""

    async def handle(self, event: CustomerCreated, delivery: Delivery) -> None:
        if event.user_id == self.refused:
            raise PermanentError("not this one")
        if event.user_id == self.broken:
            raise TransientError("not now")
        self.handled += 1
        answer = TrialEnding.model_validate({"user_id": event.user_id, "trial_ends_at": delivery.envelope.time})
        await self.store.append(f"reader-{event.user_id}", answer, claim=delivery.claim)

    async def rows(self) -> dict[str, int]:
        async with self.models.reading(PROJECTION) as connection:
            return {row.user_id: row.times for row in await connection.execute(select(CUSTOMERS))}


@asynccontextmanager
async def consuming(reader: Reader, nats: RunningNats) -> AsyncIterator[Consumers]:
    access = NatsAccess(nats.url, "publisher", nats.password_file("publisher"))
    handlers: Handlers = {CustomerCreated: reader.handle}
    async with AsyncExitStack() as stack:
        client = await connect(access, "publisher")
        stack.push_async_callback(client.close)
        stream = broker(access, "publisher")
        leases = Leases(reader.store.dsn)
        consumers = Consumers(stream, client, reader.store, reader.models, handlers, traced, leases)
        await consumers.start()
        await stream.start()
        stack.push_async_callback(stream.stop)
        task = asyncio.create_task(leases.run())
        stack.push_async_callback(end, [task])
        yield consumers


@pytest.fixture
async def reader(store: EventStore, service_database: Any) -> AsyncIterator[Reader]:
    import psycopg

    from ytempire.eventstore.schema import create_event_store

    database = service_database("publisher")
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:

        class _Owner:
            def execute(self, sql: str) -> object:
                return connection.execute(sql.encode())

        create_event_store(_Owner(), application_role="publisher", database=database.name)
    own = EventStore("publisher", database.dsn, store.clock)
    await own.open()
    models = ReadModels("publisher", database.dsn, [PROJECTION])
    await models.install()
    yield Reader(own, models)
    await models.close()
    await own.close()


async def test_rule_4_5_what_is_delivered_twice_has_one_effect(
    store: EventStore,
    client: Client,
    admin: JetStreamContext,
    reader: Reader,
    nats_server: RunningNats,
) -> None:
    count = 25
    await append(store, 0, count)
    async with relaying(store, client):

        async def read() -> bool:
            done = reader.handled >= count and len(await reader.rows()) == count
            return done and await consumers.pending() == 0

        async with consuming(reader, nats_server) as consumers:
            await until(read)
        # stream and durables are lost: everything comes once more
        await renew(admin)
        await append(store, count, 1)
        count, reader.handled = count + 1, 0
        async with consuming(reader, nats_server) as consumers:
            await until(read)
    assert (await reader.store.head()).position == count
    assert await reader.rows() == {created(n).user_id: 1 for n in range(count)}


async def test_rule_4_8_a_read_model_that_lost_its_mark_reads_again_from_the_beginning(
    store: EventStore, client: Client, reader: Reader, nats_server: RunningNats
) -> None:
    count = 20
    await append(store, 0, count)
    async with relaying(store, client), consuming(reader, nats_server) as consumers:

        async def read() -> bool:
            return len(await reader.rows()) == count and await consumers.pending() == 0

        await until(read)
        async with reader.models.engine.begin() as connection:
            await connection.execute(text("delete from es.tracking"))
            await connection.execute(text(f'delete from "{PROJECTION.schema}".customers'))
        # each partition notices when its next event has a predecessor that is not there
        await append(store, count, 5)
        count += 5
        await until(read)
    assert await reader.rows() == {created(n).user_id: 1 for n in range(count)}
    assert (await reader.store.head()).position == count


async def test_rule_4_7_a_dead_letter_of_work_holds_nobody_up_and_is_replayed_by_the_running_service(
    store: EventStore, client: Client, reader: Reader, nats_server: RunningNats
) -> None:
    count, reader.refused = 10, created(3).user_id
    await append(store, 0, count)
    letters = DeadLetters(reader.store)
    consumer = "publisher__work__billing"

    async def answered() -> set[str]:
        records = await reader.store.read(0)
        return {str(r.data["user_id"]) for r in records if r.type == TrialEnding.type_name()}

    async with relaying(store, client), consuming(reader, nats_server):

        async def others() -> bool:
            return await letters.parked(consumer) == {"account-3"} and len(await answered()) == count - 1

        await until(others)
        reader.refused = ""
        (dead,) = [r for r in await store.read(0) if r.data["user_id"] == created(3).user_id]
        assert await letters.judge(consumer, dead.id, "replay", "the fault is mended")

        async def all_answered() -> bool:
            return len(await answered()) == count and not await letters.parked(consumer)

        await until(all_answered)
    assert not await letters.judge(consumer, dead.id, "discard", "too late")


@asynccontextmanager
async def watching(reader: Reader, nats: RunningNats, consumers: Consumers) -> AsyncIterator[Watch]:
    client = await connect(NatsAccess(nats.url, "publisher", nats.password_file("publisher")), "publisher-watch")
    leases, relay = Leases(reader.store.dsn), Relay(reader.store, client)
    leases.lead("relay", relay.run)
    watch = Watch(client, reader.store, leases, relay, [], consumers)
    task = asyncio.create_task(watch.run())
    yield watch
    await end([task])
    await client.close()


def measured(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_durable_that_was_deleted_is_made_again_and_work_goes_on(
    store: EventStore, client: Client, admin: JetStreamContext, reader: Reader, nats_server: RunningNats
) -> None:
    durable = "publisher__work__billing"
    async with (
        relaying(store, client),
        consuming(reader, nats_server) as consumers,
        watching(reader, nats_server, consumers) as watch,
    ):
        await append(store, 0, 3)
        await until(lambda: _handled(reader, 3))
        await admin.delete_consumer(STREAM, durable)
        await watch.look()
        await append(store, 3, 2)

        async def all_answered() -> bool:
            return (await reader.store.head()).position == 5 and await consumers.pending() == 0

        await until(all_answered)
        await watch.look()
        assert measured("ytempire_consumer_lag_messages", durable=durable) == 0


async def test_what_waits_in_the_outbox_is_counted_with_the_age_of_the_oldest(
    store: EventStore, client: Client, reader: Reader, nats_server: RunningNats
) -> None:
    """Given a relay that leads and tells nothing, when events wait, then their number and age can be read."""
    leases = Leases(store.dsn)
    leases.lead("relay", asyncio.Event().wait)
    task = asyncio.create_task(leases.run())
    try:
        async with consuming(reader, nats_server) as consumers:
            await until(lambda: _leads(leases))
            await append(store, 0, 3)
            written = store.clock()
            store.clock = lambda: written + timedelta(seconds=90)
            await Watch(client, store, leases, Relay(store, client), [], consumers).look()
    finally:
        await end([task])
    assert measured("ytempire_outbox_pending") == 3
    assert measured("ytempire_outbox_oldest_seconds") == 90


async def _leads(leases: Leases) -> bool:
    return leases.leads("relay")


async def _handled(reader: Reader, count: int) -> bool:
    return reader.handled >= count


async def test_what_jetstream_gives_up_on_is_counted_and_dead_letters_are_measured(
    store: EventStore, client: Client, admin: JetStreamContext, reader: Reader, nats_server: RunningNats
) -> None:
    durable = "publisher__work__billing"
    reader.broken = created(0).user_id
    async with (
        relaying(store, client),
        consuming(reader, nats_server) as consumers,
        watching(reader, nats_server, consumers) as watch,
    ):
        # somebody changed the durable behind the code's back
        config = next(d for d in consumers.durables if d.name == durable).config()
        config.max_deliver = 2
        await admin.add_consumer(STREAM, config)
        before = measured("ytempire_advisories_total", kind="MAX_DELIVERIES", consumer=durable)
        await append(store, 0, 1)

        async def counted() -> bool:
            return measured("ytempire_advisories_total", kind="MAX_DELIVERIES", consumer=durable) > before

        await until(counted)
        reader.refused, reader.broken = created(1).user_id, ""
        await append(store, 1, 1)
        await until(lambda: _parked(reader))
        await watch.look()
        assert measured("ytempire_dlq_messages", consumer=durable, status="dead") == 1


async def _parked(reader: Reader) -> bool:
    return bool(await DeadLetters(reader.store).parked("publisher__work__billing"))
