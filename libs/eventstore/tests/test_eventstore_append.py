"""Appending: versions, claims, one gapless order under many callers and two writers, neighbours of a bad unit."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from ytempire.events import Event
from ytempire.events.billing import CustomerCreated
from ytempire.events.media import TopicChosen
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import (
    NO_STREAM,
    Claim,
    Committed,
    Decider,
    EventStore,
    MessageContext,
    StreamAppend,
    Unit,
    VersionConflictError,
    derived_id,
    handling,
)
from ytempire.eventstore.audit import verify

USER = derived_id("user")
EVENT = EmailVerified(user_id=USER)


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=derived_id("user", str(number)))


def titled(title: str) -> TopicChosen:
    return TopicChosen(video_id=USER, user_id=USER, channel_id=USER, title=title, source="topic")


async def assert_sound(store: EventStore, count: int) -> None:
    """``count`` events, positions and stream versions without a gap, and a chain that holds."""
    log = await store.read(0, 10_000)
    assert [r.position for r in log] == list(range(1, count + 1))
    for stream in {r.stream for r in log}:
        versions = [r.version for r in log if r.stream == stream]
        assert versions == list(range(1, len(versions) + 1)), stream
    assert (await verify(store)).findings == []


async def test_a_stream_is_appended_to_at_the_expected_version_only(store: EventStore) -> None:
    await store.append("a", EVENT, expected=NO_STREAM)
    with pytest.raises(VersionConflictError) as refused:
        await store.append("a", EVENT, expected=NO_STREAM)
    assert (refused.value.stream, refused.value.expected, refused.value.actual) == ("a", 0, 1)
    committed = await store.append("a", EVENT, EVENT, expected=1)
    assert [r.version for r in committed.events] == [2, 3]
    with pytest.raises(VersionConflictError):
        await store.append("a", EVENT, expected=5)
    await store.append("a", EVENT)
    await store.append("b", EVENT)
    await assert_sound(store, 5)


async def test_a_unit_over_several_streams_commits_whole_or_not_at_all(store: EventStore) -> None:
    await store.append("b", EVENT)
    both = (StreamAppend("a", (EVENT,), NO_STREAM), StreamAppend("b", (EVENT,), NO_STREAM))
    with pytest.raises(VersionConflictError):
        await store.submit(Unit(both, Claim("c", "1")))
    assert await store.load("a") == []
    assert await store.claimed(Claim("c", "1")) is None


async def test_a_claim_answers_with_the_first_events_also_where_the_version_would_conflict(store: EventStore) -> None:
    claim = Claim("command", "1")
    first = await store.append("a", EVENT, claim=claim, expected=NO_STREAM)
    again = await store.append("a", numbered(2), claim=claim, expected=NO_STREAM)
    elsewhere = await store.append("b", numbered(3), claim=claim)
    assert not first.duplicate
    assert again.duplicate
    assert elsewhere.duplicate
    assert [r.id for r in again.events] == [r.id for r in elsewhere.events] == [r.id for r in first.events]
    await store.append("a", EVENT, claim=Claim("other", "1"))
    await assert_sound(store, 2)


async def test_a_claim_without_events_is_taken_all_the_same(store: EventStore) -> None:
    assert await store.submit(Unit((), Claim("c", "1"))) == Committed(())
    assert await store.submit(Unit((), Claim("c", "1"))) == Committed((), duplicate=True)


async def test_callers_with_one_claim_at_the_same_time_have_one_effect(store: EventStore) -> None:
    claim = Claim("command", "1")
    answers = await asyncio.gather(*(store.append(f"s{n % 3}", numbered(n), claim=claim) for n in range(16)))
    assert sorted(a.duplicate for a in answers) == [False] + [True] * 15
    assert len({a.events[0].id for a in answers}) == 1
    await assert_sound(store, 1)


def _count(state: int, event: Event) -> int:
    return state + 1


def _decide(state: int, command: int) -> list[Event]:
    return [numbered(command)] if state < command else []


COUNTER: Decider[int, int] = Decider(lambda: 0, _decide, _count)


async def _busy(store: EventStore, caller: int) -> int:
    """One caller among many on three streams; it reads, decides and appends, again when somebody was faster."""
    conflicts = 0
    for turn in range(4):
        stream = f"s{(caller + turn) % 3}"
        while True:
            version = len(await store.load(stream))
            try:
                await store.append(stream, numbered(caller), expected=version, claim=Claim("busy", f"{caller}-{turn}"))
                break
            except VersionConflictError:
                conflicts += 1
    return conflicts


async def test_sixteen_callers_with_conflicts_leave_one_gapless_order(store: EventStore) -> None:
    conflicts = await asyncio.gather(*(_busy(store, caller) for caller in range(16)))
    assert sum(conflicts) > 0
    await assert_sound(store, 16 * 4)


async def test_two_writers_on_one_log_leave_one_gapless_order(store: EventStore, open_store: Any) -> None:
    other = await open_store()
    free = [s.append(f"own-{n}", numbered(n)) for n in range(40) for s in (store, other)]
    await asyncio.gather(*free, *(_busy((store, other)[caller % 2], caller) for caller in range(8)))
    await assert_sound(store, 2 * 40 + 8 * 4)
    for stream in ("own-7", "s1"):
        ids = [r.id for r in await store.load(stream)]
        assert ids == [r.id for r in await other.load(stream)]


async def test_a_command_is_decided_again_when_somebody_was_faster(store: EventStore, open_store: Any) -> None:
    other = await open_store()
    stores = (store, other)
    await asyncio.gather(*(stores[n % 2].execute(COUNTER, "count", 3) for n in range(6)))
    assert len(await store.load("count")) == 3
    assert (await store.execute(COUNTER, "count", 3, claim=Claim("c", "late"))).events == ()
    assert await store.claimed(Claim("c", "late")) is None


async def test_neighbours_of_a_conflicting_unit_are_committed(store: EventStore) -> None:
    await store.append("taken", EVENT)
    await store.append("claimed", EVENT, claim=Claim("c", "1"))
    answers = await asyncio.gather(
        *(store.append(f"good-{n}", EVENT) for n in range(5)),
        store.append("taken", EVENT, expected=NO_STREAM),
        store.append("again", EVENT, claim=Claim("c", "1")),
        *(store.append(f"fine-{n}", EVENT) for n in range(5)),
        return_exceptions=True,
    )
    assert [type(a) for a in answers] == [Committed] * 5 + [VersionConflictError] + [Committed] * 6
    await assert_sound(store, 12)


async def test_neighbours_of_a_unit_that_cannot_be_written_are_committed(store: EventStore) -> None:
    answers = await asyncio.gather(
        store.append("a", titled("fine")),
        store.append("b", titled("PostgreSQL keeps no \x00 in text")),
        store.append("c", titled("fine too")),
        return_exceptions=True,
    )
    assert [type(a) for a in answers] == [Committed, psycopg.errors.UntranslatableCharacter, Committed]
    await store.append("b", titled("and it goes on"))
    await assert_sound(store, 3)


async def test_an_id_is_used_once(store: EventStore) -> None:
    chosen = derived_id("event")
    await store.submit(Unit((StreamAppend("a", (EVENT,)),), ids=(chosen,)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await store.submit(Unit((StreamAppend("a", (EVENT,)),), ids=(chosen,)))
    await assert_sound(store, 1)


async def test_what_is_appended_belongs_to_the_message_in_hand(store: EventStore) -> None:
    (first,) = (await store.append("a", EVENT)).events
    assert first.meta == {"tenant": "platform", "correlation": first.id, "causation": first.id}
    with handling(MessageContext.of(first.envelope())):
        (second,) = (await store.append("a", EVENT)).events
    with handling(MessageContext(tenant=USER)):
        two = (await store.append("a", EVENT, EVENT)).events
    assert (second.meta["correlation"], second.meta["causation"]) == (first.id, first.id)
    assert {r.meta["correlation"] for r in two} == {two[0].id}
    assert {r.meta["tenant"] for r in two} == {USER}


async def test_only_public_events_reach_the_outbox(store: EventStore) -> None:
    class Quiet(Event, owner="billing", private=True):
        user_id: str

    await store.append("a", EVENT, Quiet(user_id=USER), CustomerCreated(user_id=USER, stripe_customer_id="cus_1"))
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select position, previous, subject from es.outbox order by position")
        rows = await cursor.fetchall()
    assert [(row[0], row[1]) for row in rows] == [(1, 0), (3, 1)]
    assert rows[0][2].startswith("yt.billing.EmailVerified.v1.")
    await assert_sound(store, 3)


@pytest.mark.parametrize("table", ["events", "outbox"])
@pytest.mark.parametrize("change", ["update es.{t} set position = 9", "delete from es.{t}", "truncate es.{t} cascade"])
async def test_nobody_changes_what_was_written(store: EventStore, store_database: Any, change: str, table: str) -> None:
    await store.append("a", EVENT)
    statement = change.format(t=table).encode()
    database = store_database.database
    with psycopg.connect(database.dsn) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)
    with (
        psycopg.connect(database.owner_dsn) as owner,
        pytest.raises(psycopg.errors.RaiseException, match="is append-only"),
    ):
        owner.execute(statement)
    await assert_sound(store, 1)


async def test_the_head_cannot_be_removed_by_the_application(store: EventStore, store_database: Any) -> None:
    for statement in (b"delete from es.head", b"truncate es.inbox", b"drop table es.timers", b"delete from es.inbox"):
        with (
            psycopg.connect(store_database.database.dsn) as application,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            application.execute(statement)
