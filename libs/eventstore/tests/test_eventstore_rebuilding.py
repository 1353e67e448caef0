"""A read model is rebuilt beside the live one, flipped to in one transaction, and gone back from."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.cli.testing import until
from ytempire.events import Envelope
from ytempire.events.billing import CustomerCreated
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import Arrived, EventStore, Projection, ReadModels, derived_id
from ytempire.eventstore.filling import Bound, Carried, Filling
from ytempire.eventstore.generations import Generation, begin, generations
from ytempire.eventstore.projection import is_live
from ytempire.eventstore.rebuilding import Rebuilder, RebuildError, drop_generations
from ytempire.eventstore.shadow import as_of, moment_of, rebuild
from ytempire.eventstore.tasks import end
from ytempire.eventstore.tracking import apply_foreign
from ytempire.eventstore.workers import Projector

TABLES = MetaData()
# counts, so that an event applied twice or never shows
USERS = Table(
    "users",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("created", Integer, nullable=False, server_default="0"),
    Column("verified", Integer, nullable=False, server_default="0"),
)
EFFECTS: list[str] = []


async def _count(connection: AsyncConnection, user_id: str, column: str) -> None:
    row = insert(USERS).values(user_id=user_id, **{column: 1})
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={column: USERS.c[column] + 1}))


async def _created(connection: AsyncConnection, event: CustomerCreated, _: Envelope) -> None:
    await _count(connection, event.user_id, "created")
    if is_live(connection):
        EFFECTS.append(event.user_id)


async def _verified(connection: AsyncConnection, event: EmailVerified, _: Envelope) -> None:
    await _count(connection, event.user_id, "verified")


MODEL = Projection("customers", TABLES, {CustomerCreated: _created, EmailVerified: _verified})


def user(number: int) -> str:
    return derived_id("user", str(number))


class Stream:
    """The stream of another service, as the bus would carry it."""

    def __init__(self) -> None:
        self.carried: list[tuple[Carried, int]] = []
        self._last: dict[int, int] = {}

    def publish(self, number: int) -> None:
        position, partition = 3 * len(self.carried) + 1, number % 4
        event_id = derived_id("event", str(position))
        envelope = Envelope(
            id=event_id,
            source="/ytempire/onboarding",
            type=EmailVerified.type_name(),
            subject=f"account-{number}",
            time="2026-11-20T12:00:00Z",  # type: ignore[arg-type] - parsed as from the bus
            data={"user_id": user(number)},
            tenantid=user(number),
            correlationid=event_id,
            causationid=event_id,
            position=position,
            streamversion=1,
        )
        previous, self._last[partition] = self._last.get(partition, 0), position
        self.carried.append((Carried(envelope, partition, len(self.carried) + 1), previous))

    async def read(self, source: str, first: int) -> AsyncIterator[Carried]:
        assert source == "onboarding"
        for carried, _ in list(self.carried)[first - 1 :]:
            yield carried

    async def deliver(self, models: ReadModels, start: int = 0) -> None:
        for carried, previous in self.carried[start:]:
            arrived = Arrived(carried.envelope, previous, carried.seq)
            await apply_foreign(models, "onboarding", carried.partition, [arrived])


@pytest.fixture
async def models(store: EventStore) -> AsyncIterator[ReadModels]:
    EFFECTS.clear()
    models = ReadModels("billing", store.dsn, [MODEL])
    assert await models.install() == []
    yield models
    await models.close()


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def rebuilder(store: EventStore, models: ReadModels, stream: Stream) -> Rebuilder:
    return Rebuilder(store, models, MODEL, stream.read)


@pytest.fixture
async def projector(store: EventStore, models: ReadModels) -> AsyncIterator[Projector]:
    projector = Projector(store, models, MODEL)
    task = asyncio.create_task(projector.run())
    yield projector
    await end([task])


async def create(store: EventStore, *numbers: int) -> None:
    for number in numbers:
        event = CustomerCreated(user_id=user(number), stripe_customer_id=f"cus_{number}")
        await store.append(f"account-{number}", event)


async def counts(models: ReadModels, projection: Projection = MODEL) -> dict[str, tuple[int, int]]:
    async with models.reading(projection) as connection:
        return {r.user_id: (r.created, r.verified) for r in await connection.execute(select(USERS))}


async def level(store: EventStore, projector: Projector) -> None:
    async def reached() -> bool:
        return projector.position >= (await store.head()).position

    await until(reached)


async def known(models: ReadModels) -> list[tuple[int, str, str]]:
    async with models.engine.connect() as connection:
        return [(g.number, g.status, g.schema) for g in await generations(connection, MODEL.name)]


async def damage(models: ReadModels) -> None:
    async with models.engine.begin() as connection:
        await connection.execute(text(f'update "{MODEL.schema}".users set created = 9'))


async def test_rule_4_8_a_rebuild_goes_live_in_one_transaction_and_readers_follow(
    store: EventStore, models: ReadModels, stream: Stream, rebuilder: Rebuilder, projector: Projector
) -> None:
    for number in range(6):
        stream.publish(number)
    await create(store, *range(5))
    await level(store, projector)
    await stream.deliver(models)
    await damage(models)
    told = len(EFFECTS)

    live = await rebuilder.rebuild()

    assert (live.number, live.status, live.schema) == (2, "active", MODEL.schema)
    assert await counts(models) == {user(n): (int(n < 5), 1) for n in range(6)}
    assert len(EFFECTS) == told, "a rebuild has no effect but its rows"
    assert await known(models) == [(1, "previous", "gen_customers_v1_g1"), (2, "active", MODEL.schema)]
    # the same projector and the same durable go on where the new tables stand
    await create(store, 7)
    stream.publish(7)
    await stream.deliver(models, 6)
    await level(store, projector)
    assert (await counts(models))[user(7)] == (1, 1)
    assert (await rebuild(store, models, MODEL, stream.read)).equal


async def test_rule_4_8_appends_and_reads_go_on_during_a_rebuild(
    store: EventStore, models: ReadModels, rebuilder: Rebuilder, projector: Projector
) -> None:
    await create(store, *range(300))
    await level(store, projector)
    stop, least = asyncio.Event(), 300

    async def append() -> int:
        number = 300
        while not stop.is_set():
            await create(store, number)
            number += 1
        return number

    async def read() -> None:
        nonlocal least
        while not stop.is_set():
            async with models.reading(MODEL) as connection:
                found = await connection.scalar(select(func.count()).select_from(USERS))
            least = min(least, int(found or 0))
            await asyncio.sleep(0)

    busy = [asyncio.create_task(append()), asyncio.create_task(read()), asyncio.create_task(read())]
    for _ in range(3):
        await rebuilder.rebuild()
    stop.set()
    appended, *_ = await asyncio.gather(*busy)
    await level(store, projector)
    assert least == 300, "no reader ever saw a model that was not complete"
    assert await counts(models) == {user(n): (1, 0) for n in range(int(appended or 0))}


async def test_rule_4_8_going_back_brings_the_previous_generation_level(
    store: EventStore, models: ReadModels, stream: Stream, rebuilder: Rebuilder, projector: Projector
) -> None:
    await create(store, 1)
    await level(store, projector)
    stream.publish(1)
    await stream.deliver(models)
    with pytest.raises(RebuildError, match="nothing to go back to"):
        await rebuilder.rollback()
    await rebuilder.rebuild()
    await create(store, 2)
    stream.publish(2)
    stream.publish(1)
    await stream.deliver(models, 1)
    await level(store, projector)

    live = await rebuilder.rollback()

    assert live.number == 1
    assert await counts(models) == {user(1): (1, 2), user(2): (1, 1)}
    assert [(number, status) for number, status, _ in await known(models)] == [(1, "active"), (2, "previous")]
    assert await drop_generations(models, MODEL) == ["gen_customers_v1_g2"]
    with pytest.raises(RebuildError, match="nothing to go back to"):
        await rebuilder.rollback()


async def test_going_back_to_tables_that_lack_a_column_is_refused(models: ReadModels, rebuilder: Rebuilder) -> None:
    await rebuilder.rebuild()
    async with models.engine.begin() as connection:
        await connection.execute(text("alter table gen_customers_v1_g1.users drop column verified"))
    with pytest.raises(RebuildError, match=r"lacks users\.verified"):
        await rebuilder.rollback()
    assert (await known(models))[1][1] == "active"


async def test_rule_4_8_a_raised_version_is_built_before_it_is_read(
    store: EventStore, models: ReadModels, stream: Stream, projector: Projector
) -> None:
    for number in range(3):
        stream.publish(number)
    await create(store, *range(4))
    await level(store, projector)
    await stream.deliver(models)
    raised = dataclasses.replace(MODEL, version=2)
    newer = ReadModels("billing", store.dsn, [raised])
    try:
        assert await newer.install() == [raised]
        live = await Rebuilder(store, newer, raised, stream.read).finish()
        assert live is not None
        assert (live.version, live.status) == (2, "active")
        assert await newer.install() == []
        assert await Rebuilder(store, newer, raised, stream.read).finish() is None
        # a copy of the release before goes on beside, in its own tables
        await create(store, 9)
        await level(store, projector)
        assert user(9) in await counts(models)
        assert await counts(newer, raised) == {user(n): (1, int(n < 3)) for n in range(4)}
        with pytest.raises(RebuildError, match="start the release that knows version 1"):
            await Rebuilder(store, newer, raised, stream.read).rollback()
    finally:
        await newer.close()
    # and the release before, started again, makes its own tables live
    assert await models.install() == [MODEL]
    back = await Rebuilder(store, models, MODEL, stream.read).finish()
    assert back is not None
    assert (back.version, back.number) == (1, 1)


async def test_a_build_that_was_interrupted_goes_on_and_a_second_one_is_refused(
    store: EventStore, models: ReadModels, stream: Stream, projector: Projector
) -> None:
    await create(store, *range(8))
    stream.publish(1)
    stream.publish(2)
    await level(store, projector)
    await stream.deliver(models)
    raised = dataclasses.replace(MODEL, version=2)
    async with models.engine.begin() as connection:
        begun = await begin(connection, raised)
    # as far as it came before it died
    await Filling(store, models, raised, begun.schema, stream.read).run(Bound(position=5, marks={("billing", -1): 5}))
    finished: list[Generation | None] = await asyncio.gather(
        *(Rebuilder(store, models, raised, stream.read).finish() for _ in range(2))
    )
    assert [g.number for g in finished if g] == [2], "two copies start together: one builds, the other waits"
    assert await counts(models, raised) == {user(n): (1, int(n in (1, 2))) for n in range(8)}
    async with models.engine.connect() as connection:
        await connection.execute(text("select pg_advisory_lock(hashtextextended('projection customers', 0))"))
        with pytest.raises(RebuildError, match="under way"):
            await Rebuilder(store, models, raised, stream.read).rebuild()


async def test_a_stream_that_was_made_anew_is_read_from_its_start(
    store: EventStore, models: ReadModels, stream: Stream, rebuilder: Rebuilder
) -> None:
    for number in range(6):
        stream.publish(number)
    await stream.deliver(models)
    await rebuilder.rebuild()
    await rebuilder.rebuild()
    # the bus lost its directory and was refilled: other sequences for the same events, and one more
    stream.publish(6)
    refilled = [carried for carried, _ in stream.carried]

    async def read(source: str, first: int) -> AsyncIterator[Carried]:
        for seq, carried in enumerate([refilled[0], *refilled], 1):
            if seq >= first:
                yield carried._replace(seq=seq)

    await Rebuilder(store, models, MODEL, read).rollback()
    assert await counts(models) == {user(n): (0, 1) for n in range(7)}


async def test_rule_4_9_a_past_moment_is_replayed_and_kept_for_queries(
    store: EventStore, models: ReadModels, stream: Stream, clock: Any, projector: Projector
) -> None:
    stream.publish(1)
    clock.advance(minutes=1)
    await create(store, 1, 2)
    then = clock.now()
    clock.advance(days=1)
    await create(store, 2, 3)
    await level(store, projector)

    past = await as_of(store, models, MODEL, stream.read, Bound(time=then), keep="audit")
    assert past.schema == "asof_audit_customers"
    async with models.engine.connect() as connection:
        rows = await connection.execute(text("select created, verified from asof_audit_customers.users order by 1, 2"))
        assert [tuple(row) for row in rows] == [(1, 0), (1, 1)]
    by_position = await as_of(store, models, MODEL, stream.read, Bound(position=2, time=await moment_of(store, 2)))
    assert (by_position.digest, by_position.rows, by_position.schema) == (past.digest, 2, None)
    now = await as_of(store, models, MODEL, stream.read, Bound())
    assert now.digest != past.digest
    assert await drop_generations(models, MODEL, kept="audit") == ["asof_audit_customers"]
    with pytest.raises(LookupError, match="no position 99"):
        await moment_of(store, 99)
