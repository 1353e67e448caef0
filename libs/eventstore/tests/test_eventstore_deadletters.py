"""Dead letters: a poison event parks its own stream, everything else flows, and a verdict sets it free in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.cli.testing import until
from ytempire.events import Envelope
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import (
    Arrived,
    Delivery,
    EventStore,
    PermanentError,
    Projection,
    Reaction,
    ReadModels,
    derived_id,
    partition_of,
)
from ytempire.eventstore.deadletters import DeadLetters
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.tasks import end
from ytempire.eventstore.tracking import apply_foreign, release_parked
from ytempire.eventstore.workers import Projector, Reactor

NAME = "billing-effects"
TABLES = MetaData()
SEEN = Table(
    "seen", TABLES, Column("number", Integer, primary_key=True), Column("position", BigInteger), Column("stream", Text)
)


@contextmanager
def untraced(consumer: str, envelope: Envelope) -> Iterator[str | None]:
    yield None


def user(number: int) -> str:
    return derived_id("user", str(number))


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=user(number))


NUMBERS = {user(number): number for number in range(100)}


@dataclass
class Handling:
    """A handler that refuses what it is told to refuse."""

    poison: set[int] = field(default_factory=set)
    done: list[int] = field(default_factory=list)

    def see(self, event: EmailVerified) -> int:
        number = NUMBERS[event.user_id]
        if number in self.poison:
            raise PermanentError(f"{number} is refused")
        self.done.append(number)
        return number

    async def react(self, event: EmailVerified, _: Delivery) -> None:
        self.see(event)

    async def project(self, connection: AsyncConnection, event: EmailVerified, envelope: Envelope) -> None:
        row = {"number": self.see(event), "position": envelope.position, "stream": envelope.subject}
        await connection.execute(insert(SEEN).values(row))


async def statuses(store: EventStore, consumer: str) -> list[tuple[int, str]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "select body->'data'->>'user_id', status from es.dead_letters where consumer = %s order by position",
            [consumer],
        )
        return [(NUMBERS[row[0]], row[1]) for row in await cursor.fetchall()]


async def event_id(store: EventStore, number: int) -> str:
    records = [r for r in await store.read(0) if isinstance(r.event, EmailVerified)]
    return next(r.id for r in records if r.data["user_id"] == user(number))


async def test_rule_4_7_a_poison_event_of_a_reaction_parks_its_own_stream(store: EventStore) -> None:
    handler, letters = Handling(poison={2}), DeadLetters(store)
    reactor = Reactor(store, Reaction(NAME, {EmailVerified: handler.react}), untraced)
    task = asyncio.create_task(reactor.run())
    for number, stream in ((1, "a"), (2, "a"), (3, "a"), (11, "b"), (4, "a"), (12, "b")):
        await store.append(stream, numbered(number))

    async def parked() -> bool:
        return await statuses(store, NAME) == [(2, "dead"), (3, "waiting"), (4, "waiting")]

    await until(parked)
    await until(lambda: _equal(lambda: sorted(handler.done), [1, 11, 12]))
    await end([task])

    # also after a restart what comes later waits
    task = asyncio.create_task(Reactor(store, Reaction(NAME, {EmailVerified: handler.react}), untraced).run())
    await store.append("a", numbered(5))
    await until(lambda: _statuses(store, [(2, "dead"), (3, "waiting"), (4, "waiting"), (5, "waiting")]))

    # replayed while the fault is still there: dead again, nothing overtakes it
    assert await letters.judge(NAME, await event_id(store, 2), "replay", "perhaps it works now")
    await until(lambda: _attempts(store, 2))
    assert sorted(handler.done) == [1, 11, 12]

    handler.poison.clear()
    assert await letters.judge(NAME, await event_id(store, 2), "replay", "the fault is mended")
    await until(lambda: _equal(lambda: [n for n in handler.done if n < 10], [1, 2, 3, 4, 5]))
    await until(lambda: _statuses(store, [(n, "replayed") for n in (2, 3, 4, 5)]))
    await store.append("a", numbered(6))
    await until(lambda: _equal(lambda: handler.done[-1], 6))
    await end([task])


async def _statuses(store: EventStore, wanted: list[tuple[int, str]]) -> bool:
    return await statuses(store, NAME) == wanted


async def _attempts(store: EventStore, wanted: int) -> bool:
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select max(attempts) from es.dead_letters where verdict is null")
        return (await cursor.fetchall())[0][0] == wanted


async def _equal(found: Any, wanted: Any) -> bool:
    return bool(found() == wanted)


@pytest.fixture
async def handler() -> Handling:
    return Handling()


@pytest.fixture
async def models(store: EventStore, handler: Handling) -> AsyncIterator[ReadModels]:
    models = ReadModels("billing", store.dsn, [Projection("seen", TABLES, {EmailVerified: handler.project})])
    await models.install()
    yield models
    await models.close()


async def rows(models: ReadModels) -> list[int]:
    async with models.reading(models.projections[0]) as connection:
        return [row.number for row in await connection.execute(select(SEEN).order_by(SEEN.c.number))]


def arrived(number: int, stream: str, previous: int) -> Arrived:
    id_ = derived_id("event", str(number))
    envelope = Envelope(
        id=id_,
        source="/ytempire/onboarding",
        type=EmailVerified.type_name(),
        subject=stream,
        time="2026-11-20T12:00:00Z",  # type: ignore[arg-type] - parsed as from the bus
        data={"user_id": user(number)},
        tenantid=user(number),
        correlationid=id_,
        causationid=id_,
        position=number,
        streamversion=1,
    )
    return Arrived(envelope, previous, number)


async def test_rule_4_7_a_poison_event_of_a_read_model_parks_its_own_stream(
    store: EventStore, models: ReadModels, handler: Handling
) -> None:
    handler.poison, letters = {2, 4}, DeadLetters(store)
    (projection,) = models.projections
    model, partition = projection.schema, partition_of("a")
    run = [arrived(n, stream, n - 1) for n, stream in ((1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "a"), (6, "b"))]
    assert await apply_foreign(models, "onboarding", partition, run) == 6
    assert await rows(models) == [1, 3, 6]
    assert await statuses(store, model) == [(2, "dead"), (4, "waiting"), (5, "waiting")]
    assert await apply_foreign(models, "onboarding", partition, [arrived(7, "a", 6), arrived(8, "b", 7)]) == 2
    assert await rows(models) == [1, 3, 6, 8]

    # the first is discarded; the next is poison too, so what is behind it goes on waiting
    assert await letters.judge(model, derived_id("event", "2"), "discard", "made by a test")
    await release_parked(models, projection, "onboarding", partition, "a")
    assert await statuses(store, model) == [(2, "discarded"), (4, "dead"), (5, "waiting"), (7, "waiting")]
    assert await rows(models) == [1, 3, 6, 8]

    handler.poison.clear()
    assert await letters.judge(model, derived_id("event", "4"), "replay", "the handler is mended")
    await release_parked(models, projection, "onboarding", partition, "a")
    assert await rows(models) == [1, 3, 4, 5, 6, 7, 8]
    assert await statuses(store, model) == [(2, "discarded"), *((n, "replayed") for n in (4, 5, 7))]
    assert await apply_foreign(models, "onboarding", partition, [arrived(9, "a", 8)]) == 1
    assert await rows(models) == [1, 3, 4, 5, 6, 7, 8, 9]
    assert not await letters.judge(model, derived_id("event", "4"), "discard", "too late")

    # a rebuild leaves out what was given up, though the handler would refuse it still
    handler.poison = {2}
    every = [*run, arrived(7, "a", 6), arrived(8, "b", 7), arrived(9, "a", 8)]

    async def carried(source: str, seq: int) -> AsyncIterator[Carried]:
        for one in every[seq - 1 :]:
            yield Carried(one.envelope, partition, one.sequence)

    rebuilt = await rebuild(store, models, projection, carried)
    assert (rebuilt.equal, rebuilt.rows) == (True, 8)


async def test_a_poison_event_of_the_own_log_does_not_stop_the_projector(
    store: EventStore, models: ReadModels, handler: Handling
) -> None:
    handler.poison = {2}
    for number, stream in ((1, "a"), (2, "a"), (3, "a"), (11, "b")):
        await store.append(stream, numbered(number))
    (projection,) = models.projections
    projection = Projection(projection.name, TABLES, {EmailVerified: handler.project})
    # its own log holds what is somebody else's event elsewhere: that is all the same to the projector
    task = asyncio.create_task(Projector(store, models, projection).run())
    await until(lambda: _rows(models, [1, 11]))
    handler.poison.clear()
    assert await DeadLetters(store).judge(projection.schema, await event_id(store, 2), "replay", "mended")
    await until(lambda: _rows(models, [1, 2, 3, 11]))
    await end([task])


async def _rows(models: ReadModels, wanted: list[int]) -> bool:
    return await rows(models) == wanted


async def test_a_letter_that_is_written_twice_is_one(store: EventStore) -> None:
    (record,) = (await store.append("a", numbered(1))).events
    for _ in range(2):
        await DeadLetters(store).bury(Delivery(record.envelope(), NAME), "No.")
    assert await statuses(store, NAME) == [(1, "dead")]
    assert len(await store.load(f"dead-letters-{NAME}")) == 1
