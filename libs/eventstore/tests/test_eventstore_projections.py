"""Read models: each event once, in order, never over a gap, and the same again from the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.cli.testing import until
from ytempire.events import Envelope
from ytempire.events.billing import CustomerCreated, TrialEnding
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import (
    Arrived,
    EventStore,
    Mark,
    Projection,
    ReadModels,
    RewindError,
    Writing,
    derived_id,
    partition_of,
)
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.projection import within
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.tasks import end
from ytempire.eventstore.tracking import apply_foreign, apply_own, foreign_mark, own_position
from ytempire.eventstore.workers import Projector
from ytempire.eventstore.writing import Collected, Run

TABLES = MetaData()
SEEN = Table("seen", TABLES, Column("user_id", Text, primary_key=True), Column("times", Integer, nullable=False))
STREAM = "account"
PARTITION = partition_of(STREAM)


async def _seen(connection: AsyncConnection, event: EmailVerified | CustomerCreated, _: Envelope) -> None:
    # counts, so that an event applied twice shows
    row = insert(SEEN).values(user_id=event.user_id, times=1)
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={"times": SEEN.c.times + 1}))


FOREIGN = Projection("foreign", TABLES, {EmailVerified: _seen})
OWN = Projection("own", TABLES, {CustomerCreated: _seen})


@pytest.fixture
async def models(store: EventStore) -> AsyncIterator[ReadModels]:
    models = ReadModels("billing", store.dsn, [FOREIGN, OWN])
    await models.install()
    await models.install()
    yield models
    await models.close()


def user(number: int) -> str:
    return derived_id("user", str(number))


def verified(position: int) -> Envelope:
    event_id = derived_id("event", str(position))
    return Envelope(
        id=event_id,
        source="/ytempire/onboarding",
        type=EmailVerified.type_name(),
        subject=STREAM,
        time="2026-11-20T12:00:00Z",  # type: ignore[arg-type] - parsed as from the bus
        data={"user_id": user(position), "a_field_of_a_later_release": 1},
        tenantid=user(position),
        correlationid=event_id,
        causationid=event_id,
        position=position,
        streamversion=1,
    )


async def take(models: ReadModels, *run: tuple[int, int], partition: int = PARTITION) -> int:
    """Offer a run of events, each a position with the one it follows."""
    arrived = [Arrived(verified(position), previous, position) for position, previous in run]
    return await apply_foreign(models, "onboarding", partition, arrived)


async def rows(models: ReadModels, projection: Projection) -> dict[str, int]:
    async with models.reading(projection) as connection:
        return {row.user_id: row.times for row in await connection.execute(select(SEEN))}


async def test_each_event_is_applied_once_behind_its_predecessor(models: ReadModels) -> None:
    for position, previous in ((3, 0), (7, 3), (8, 7)):
        await take(models, (position, previous))
    await take(models, (7, 3))
    await take(models, (3, 0))
    assert await rows(models, FOREIGN) == {user(3): 1, user(7): 1, user(8): 1}
    assert await rows(models, OWN) == {}


async def test_rule_4_8_a_run_is_applied_once_however_it_is_cut_and_repeated(models: ReadModels) -> None:
    chain = [(3, 0), (7, 3), (8, 7), (12, 8)]
    assert await take(models, *chain[:2]) == 2
    assert await take(models, *chain[1:3]) == 1, "what was applied before is skipped"
    with pytest.raises(RewindError):
        await take(models, chain[2], (15, 14))
    assert await take(models, *chain, (13, 12)) == 2
    assert await take(models, *chain) == 0
    assert await rows(models, FOREIGN) == {user(n): 1 for n in (3, 7, 8, 12, 13)}
    assert await foreign_mark(models, "onboarding", PARTITION) == Mark(13, 13)


async def test_a_gap_is_refused_until_it_is_filled(models: ReadModels) -> None:
    await take(models, (3, 0))
    with pytest.raises(RewindError) as refused:
        await take(models, (8, 7))
    assert refused.value.seq == 1
    assert await rows(models, FOREIGN) == {user(3): 1}
    for position, previous in ((3, 0), (7, 3), (8, 7)):
        await take(models, (position, previous))
    assert await rows(models, FOREIGN) == {user(3): 1, user(7): 1, user(8): 1}


async def test_a_first_event_that_has_predecessors_is_a_gap(models: ReadModels) -> None:
    with pytest.raises(RewindError):
        await take(models, (8, 7))
    assert await rows(models, FOREIGN) == {}


async def test_partitions_do_not_wait_for_each_other(models: ReadModels) -> None:
    await take(models, (9, 0), partition=1)
    await take(models, (3, 0), partition=2)
    await take(models, (10, 9), partition=1)
    assert await rows(models, FOREIGN) == {user(3): 1, user(9): 1, user(10): 1}


async def test_rule_4_8_a_run_takes_one_round_trip_only_from_where_every_model_stands(models: ReadModels) -> None:
    """Given a mark at 3, when a run is offered from 3, from elsewhere, with a refused event or past a dead letter, then
    only the first is written, with its mark."""
    await take(models, (3, 0))

    async def at_once(previous: int, *positions: int, refused: bool = False) -> bool:
        run = [verified(position) for position in positions]
        if refused:
            run = [run[0].model_copy(update={"data": {"user_id": "with a \0"}})]
        mark = Mark(positions[-1], positions[-1])
        return await models.applier.apply(Run([FOREIGN], "onboarding", PARTITION, run, previous, mark))

    assert await at_once(3, 7, 8)
    assert not await at_once(3, 7, 8), "it stands at 8"
    assert not await at_once(7, 8)
    assert not await at_once(8, 9, refused=True)
    letter = text(
        "insert into es.dead_letters"
        " (consumer, event_id, source, stream, position, type, status, reason, attempts, body, at)"
        " values (:model, :id, 'onboarding', 'other', 1, 'EmailVerified.v1', 'dead', 'refused', 1, '{}', now())"
    )
    async with models.engine.begin() as connection:
        await connection.execute(letter, {"model": FOREIGN.schema, "id": derived_id("event", "1")})
    assert not await at_once(8, 9), "somebody's events are parked"
    assert await rows(models, FOREIGN) == {user(3): 1, user(7): 1, user(8): 1}
    assert await foreign_mark(models, "onboarding", PARTITION) == Mark(8, 8)


async def test_statements_of_one_table_keep_their_order_and_equal_ones_go_together() -> None:
    other = Table("other", MetaData(), Column("id", Text, primary_key=True))
    write, change, note = insert(SEEN), SEEN.update(), insert(other)

    async def handler(connection: Writing, _: EmailVerified, envelope: Envelope) -> None:
        number = envelope.position
        await connection.execute(change if number == 2 else write, {"user_id": number, "times": 1})
        if number % 2:
            await connection.execute(note, {"id": number})

    collected = Collected()
    for partition, readers in ((1, "a"), (2, "ab")):
        models = [Projection(name, TABLES, {EmailVerified: handler}) for name in readers]
        events = [verified(number) for number in range(1, 6)]
        await collected.collect(Run(models, "onboarding", partition, events, 7, Mark(8, 8)))
    sent = [
        (group.sql.decode().split(" (")[0].split(" SET")[0], [*map(_number, group.rows)]) for group in collected.groups
    ]
    assert sent == [
        ("INSERT INTO rm_a_v1.seen", [1]),
        ("INSERT INTO rm_a_v1.other", [1, 3, 5, 1, 3, 5]),
        ("UPDATE rm_a_v1.seen", [2]),
        ("INSERT INTO rm_a_v1.seen", [3, 4, 5, 1]),
        ("UPDATE rm_a_v1.seen", [2]),
        ("INSERT INTO rm_a_v1.seen", [3, 4, 5]),
        ("INSERT INTO rm_b_v1.seen", [1]),
        ("INSERT INTO rm_b_v1.other", [1, 3, 5]),
        ("UPDATE rm_b_v1.seen", [2]),
        ("INSERT INTO rm_b_v1.seen", [3, 4, 5]),
    ]
    marks = [(mark["model"], mark["partition"]) for mark in collected.marks]
    assert marks == [("rm_a_v1", 1), ("rm_a_v1", 2), ("rm_b_v1", 2)]


def _number(row: Mapping[str, Any]) -> Any:
    return row.get("user_id", row.get("id"))


async def test_rule_4_8_a_handler_gets_no_answer_however_it_is_applied(models: ReadModels) -> None:
    """What it read would be there live and missing in a rebuild, whose statements travel together."""
    answers: list[object] = []

    async def asks(connection: Writing, _: EmailVerified, __: Envelope) -> None:
        answers.append(await connection.execute(select(SEEN)))

    projection = Projection("foreign", TABLES, {EmailVerified: asks})
    envelope = verified(1)
    await Collected().collect(Run([projection], "onboarding", PARTITION, [envelope], 0, Mark(1)))
    async with models.engine.connect() as connection:
        await projection.apply_run(await within(connection, projection.schema), [envelope])
    assert answers == [None, None]


async def test_runs_that_wait_go_together_and_one_that_is_refused_holds_no_other_back(models: ReadModels) -> None:
    """Given four partitions, one of which is offered a run from where it does not stand, when all come at once, then
    three are applied."""
    for partition in range(4):
        await take(models, (3 + partition, 0), partition=partition)

    async def offered(partition: int) -> bool:
        previous = 3 + partition if partition != 2 else 4
        run = Run([FOREIGN], "onboarding", partition, [verified(10 + partition)], previous, Mark(10 + partition, 9))
        return await models.applier.apply(run)

    assert await asyncio.gather(*map(offered, range(4))) == [True, True, False, True]
    assert await rows(models, FOREIGN) == {user(n): 1 for n in (3, 4, 5, 6, 10, 11, 13)}


async def test_the_own_log_is_followed_by_two_projectors_at_once(
    models: ReadModels, store: EventStore, open_store: Any
) -> None:
    created = [CustomerCreated(user_id=user(n), stripe_customer_id=f"cus_{n}") for n in range(30)]
    await asyncio.gather(*(store.append(f"account-{n}", e) for n, e in enumerate(created[:10])))
    projectors = [Projector(s, models, OWN) for s in (store, await open_store())]
    tasks = [asyncio.create_task(projector.run()) for projector in projectors]
    await asyncio.gather(*(store.append(f"account-{n}", e) for n, e in enumerate(created[10:], 10)))

    async def caught_up() -> bool:
        return all(projector.position >= 30 for projector in projectors)

    await until(caught_up)
    await end(tasks)
    assert await rows(models, OWN) == {user(n): 1 for n in range(30)}
    assert await own_position(models, OWN) == 30


async def test_events_that_do_not_concern_a_model_move_its_mark_when_it_is_quiet(
    models: ReadModels, store: EventStore, open_store: Any
) -> None:
    """Given a model at 1, when events follow that it does not handle, one of them by another process, then it has read
    them, and its mark follows once nothing comes any more."""
    other = await open_store()
    await store.append("account", CustomerCreated(user_id=user(0), stripe_customer_id="cus"))
    projector = Projector(store, models, OWN)
    task = asyncio.create_task(projector.run())
    await until(lambda: _stands(projector, 1))
    for writer in (store, other, store):
        await writer.append("account", TrialEnding(user_id=user(0), trial_ends_at=store.clock()))
    await until(lambda: _stands(projector, 4))

    async def marked() -> bool:
        return await own_position(models, OWN) == 4

    await until(marked)
    await end([task])
    assert await rows(models, OWN) == {user(0): 1}


async def _stands(projector: Projector, position: int) -> bool:
    return projector.position == position


async def test_what_another_process_wrote_is_not_in_memory(store: EventStore, open_store: Any) -> None:
    other = await open_store()
    created = [CustomerCreated(user_id=user(n), stripe_customer_id=f"cus_{n}") for n in range(3)]
    await store.append("account", created[0])
    assert [event.position for event in store.recent.take(0, 9) or ()] == [1]
    assert store.recent.take(1, 9) == []
    await other.append("account", created[1])
    await store.append("account", created[2])
    assert store.recent.take(1, 9) is None, "position 2 is the other's"
    assert [event.position for event in store.recent.take(2, 9) or ()] == [3]
    assert await store.read(2) == list(store.recent.take(2, 9) or ())


async def test_a_rebuild_is_equal_and_a_changed_row_is_found(models: ReadModels, store: EventStore) -> None:
    created = [CustomerCreated(user_id=user(n % 4), stripe_customer_id=f"cus_{n}") for n in range(12)]
    await store.append("account", *created[:8])
    await apply_own(models, OWN, await store.read(0), 0, 8)
    await store.append("account", *created[8:])

    async def foreign(source: str, first: int) -> AsyncIterator[Carried]:
        for seq, (position, partition) in enumerate(((3, 1), (4, 2), (7, 1), (8, 2)), 1):
            if seq >= first:
                yield Carried(verified(position), partition, seq)

    for position, previous, partition in ((3, 0, 1), (4, 0, 2), (7, 3, 1)):
        await take(models, (position, previous), partition=partition)
    for projection, count, source in ((OWN, 4, "billing"), (FOREIGN, 3, "onboarding")):
        rebuilt = await rebuild(store, models, projection, foreign)
        assert (rebuilt.equal, rebuilt.rows, rebuilt.sources) == (True, count, (source,))
    async with models.engine.begin() as connection:
        await connection.execute(text(f"update \"{OWN.schema}\".seen set times = 7 where user_id = '{user(1)}'"))
    damaged = await rebuild(store, models, OWN, foreign)
    assert (damaged.equal, damaged.tables) == (False, ("seen",))
    (difference,) = damaged.differences
    assert (difference.key, difference.live, difference.rebuilt) == ({"user_id": user(1)}, {"times": 7}, {"times": 2})
