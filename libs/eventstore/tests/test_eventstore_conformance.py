"""What every store does, in PostgreSQL and in memory alike: each test runs on both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytempire.events import Envelope, Event
from ytempire.events.billing import CustomerCreated
from ytempire.events.media import TopicChosen
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import (
    NO_STREAM,
    Claim,
    Committed,
    Decider,
    EventStore,
    MemoryStore,
    MessageContext,
    OutboxRow,
    Store,
    StreamAppend,
    Timer,
    Unit,
    UnitRefusedError,
    VersionConflictError,
    derived_id,
    handling,
    new_id,
)
from ytempire.eventstore.encode import START, row_hash, timestamp

USER = derived_id("user")
EVENT = EmailVerified(user_id=USER)


class Quiet(Event, owner="billing", private=True):
    name: str


@dataclass
class Kit:
    """A store, and what it keeps beside the log."""

    store: Store
    outbox: Callable[[], Awaitable[list[OutboxRow]]]
    timers: Callable[[], Awaitable[dict[str, datetime]]]


async def in_postgres(store: EventStore) -> Kit:
    async def outbox() -> list[OutboxRow]:
        async with store.pool.connection() as connection:
            cursor = await connection.execute(
                "select position, event_id::text, subject, partition, previous, body::text::bytea,"
                " body->>'traceparent' from es.outbox order by position"
            )
            return [OutboxRow(*row) for row in await cursor.fetchall()]

    async def timers() -> dict[str, datetime]:
        async with store.pool.connection() as connection:
            return dict(await (await connection.execute("select key, due from es.timers")).fetchall())

    return Kit(store, outbox, timers)


def in_memory(store: MemoryStore) -> Kit:
    async def outbox() -> list[OutboxRow]:
        return store.outbox

    async def timers() -> dict[str, datetime]:
        return {key: timer.due for key, timer in store.timers.items()}

    return Kit(store, outbox, timers)


@pytest.fixture(params=["postgres", "memory"])
async def kit(request: pytest.FixtureRequest, open_store: Any, clock: Any) -> Kit:
    if request.param == "memory":
        return in_memory(MemoryStore("billing", clock.now))
    return await in_postgres(await open_store())


@pytest.fixture
def store(kit: Kit) -> Store:
    return kit.store


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=derived_id("user", str(number)))


async def assert_sound(store: Store, count: int) -> None:
    """``count`` events, positions and stream versions without a gap, and a chain that holds."""
    log = [record async for record in store.events()]
    assert [r.position for r in log] == list(range(1, count + 1))
    digest = START.hash
    for r in log:
        digest = row_hash(
            digest, r.position, r.stream, r.version, r.id, r.type, timestamp(r.time), r.data_text, r.meta_text
        )
    for stream in {r.stream for r in log}:
        versions = [r.version for r in log if r.stream == stream]
        assert versions == list(range(1, len(versions) + 1)), stream
        assert await store.load(stream) == [r for r in log if r.stream == stream]
    head = await store.head()
    assert (head.position, head.hash) == (count, digest)
    assert [r.time for r in log] == sorted(r.time for r in log)


async def test_rule_4_3_a_stream_is_appended_to_at_the_expected_version_only(store: Store) -> None:
    await store.append("a", EVENT, expected=NO_STREAM)
    with pytest.raises(VersionConflictError) as refused:
        await store.append("a", EVENT, expected=NO_STREAM)
    assert (refused.value.stream, refused.value.expected, refused.value.actual) == ("a", 0, 1)
    committed = await store.append("a", EVENT, EVENT, expected=1)
    assert [r.version for r in committed.events] == [2, 3]
    for wrong in (2, 5):
        with pytest.raises(VersionConflictError):
            await store.append("a", EVENT, expected=wrong)
    with pytest.raises(VersionConflictError):
        await store.append("none yet", EVENT, expected=1)
    await store.append("a", EVENT)
    await store.append("b", EVENT)
    await assert_sound(store, 5)


async def test_rule_4_3_a_claim_answers_with_the_first_events_also_where_the_version_would_conflict(
    store: Store,
) -> None:
    claim = Claim("command", "1")
    first = await store.append("a", EVENT, claim=claim, expected=NO_STREAM)
    again = await store.append("a", numbered(2), claim=claim, expected=NO_STREAM)
    elsewhere = await store.append("b", numbered(3), claim=claim)
    assert not first.duplicate
    assert again == elsewhere == Committed(first.events, duplicate=True)
    assert await store.claimed(claim) == first.events
    await store.append("a", EVENT, claim=Claim("other", "1"))
    await assert_sound(store, 2)


async def test_a_unit_over_several_streams_commits_whole_or_not_at_all(kit: Kit, clock: Any) -> None:
    store = kit.store
    await store.append("b", EVENT)
    both = (StreamAppend("a", (EVENT,), NO_STREAM), StreamAppend("b", (EVENT,), NO_STREAM))
    timer = Timer("t", clock.now() + timedelta(hours=1), "a", EVENT)
    with pytest.raises(VersionConflictError):
        await store.submit(Unit(both, Claim("c", "1"), (timer,)))
    assert await store.load("a") == []
    assert await store.claimed(Claim("c", "1")) is None
    assert await kit.timers() == {}
    assert [row.position for row in await kit.outbox()] == [1]
    await assert_sound(store, 1)


async def test_one_stream_twice_in_a_unit_is_one_run_of_versions(store: Store) -> None:
    await store.submit(Unit((StreamAppend("a", (EVENT,)), StreamAppend("b", (EVENT,)), StreamAppend("a", (EVENT,)))))
    await assert_sound(store, 3)


async def test_a_claim_without_events_is_taken_all_the_same(store: Store) -> None:
    assert await store.submit(Unit((), Claim("c", "1"))) == Committed(())
    assert await store.submit(Unit((), Claim("c", "1"))) == Committed((), duplicate=True)
    assert await store.claimed(Claim("c", "1")) == ()
    await assert_sound(store, 0)


async def test_callers_with_one_claim_at_the_same_time_have_one_effect(store: Store) -> None:
    claim = Claim("command", "1")
    answers = await asyncio.gather(*(store.append(f"s{n % 3}", numbered(n), claim=claim) for n in range(16)))
    assert sorted(a.duplicate for a in answers) == [False] + [True] * 15
    assert len({a.events[0].id for a in answers}) == 1
    await assert_sound(store, 1)


async def test_callers_with_one_expected_version_at_the_same_time_have_one_winner(store: Store) -> None:
    answers = await asyncio.gather(
        *(store.append("a", numbered(n), expected=NO_STREAM) for n in range(8)),
        *(store.append("b", numbered(n)) for n in range(8)),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [Committed] + [VersionConflictError] * 7 + [Committed] * 8
    await assert_sound(store, 9)


async def test_an_id_is_used_once(store: Store) -> None:
    chosen = derived_id("event")
    await store.submit(Unit((StreamAppend("a", (EVENT,)),), ids=(chosen,)))
    with pytest.raises(UnitRefusedError):
        await store.submit(Unit((StreamAppend("a", (EVENT,)),), ids=(chosen,)))
    await assert_sound(store, 1)


async def test_a_text_that_postgresql_cannot_keep_is_refused(store: Store) -> None:
    def titled(title: str) -> TopicChosen:
        return TopicChosen(video_id=USER, user_id=USER, channel_id=USER, title=title, source="topic")

    with pytest.raises(UnitRefusedError, match="NUL"):
        await store.append("a", titled("no \x00 in text"))
    for odd in (r"\u0000 spelt out", "back\\slash", "\U0001f3ac", '"', "\\\\u0000"):
        await store.append("a", titled(odd))
        assert (await store.load("a"))[-1].event == titled(odd)
    await assert_sound(store, 5)


async def test_what_is_appended_belongs_to_the_message_in_hand(store: Store) -> None:
    (first,) = (await store.append("a", EVENT)).events
    assert first.meta == {"tenant": "platform", "correlation": first.id, "causation": first.id}
    with handling(MessageContext.of(first.envelope())):
        (second,) = (await store.append("a", EVENT)).events
    with handling(MessageContext(tenant=USER)):
        two = (await store.append("a", EVENT, EVENT)).events
    assert (second.meta["correlation"], second.meta["causation"]) == (first.id, first.id)
    assert {r.meta["correlation"] for r in two} == {two[0].id}
    assert {r.meta["tenant"] for r in two} == {USER}


async def test_who_asked_is_on_what_they_asked_and_found_from_the_rest_by_the_correlation(kit: Kit) -> None:
    with handling(MessageContext(tenant=USER, actor="somebody")):
        (asked,) = (await kit.store.append("a", EVENT)).events
    with handling(MessageContext.of(asked.envelope())):
        (answered,) = (await kit.store.append("a", EVENT)).events
    assert (asked.envelope().actorid, answered.envelope().actorid) == ("somebody", None)
    assert answered.envelope().correlationid == asked.id
    sent = [Envelope.model_validate_json(row.body) for row in await kit.outbox()]
    assert sent == [asked.envelope(), answered.envelope()]
    assert b"actorid" not in (await kit.outbox())[1].body
    await assert_sound(kit.store, 2)


async def test_rule_4_5_only_public_events_reach_the_outbox_and_the_feed(kit: Kit) -> None:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    with handling(MessageContext(traceparent=trace)):
        await kit.store.append("a", EVENT, Quiet(name="x"), CustomerCreated(user_id=USER, stripe_customer_id="cus_1"))
    rows = await kit.outbox()
    assert [(row.position, row.previous) for row in rows] == [(1, 0), (3, 1)]
    assert rows[0].subject.startswith("yt.billing.EmailVerified.v1.")
    assert kit.store.feed.take(0, 10) == rows
    log = await kit.store.load("a")
    for row, record in zip(rows, (log[0], log[2]), strict=True):
        assert Envelope.model_validate_json(row.body) == record.envelope()
        assert row.traceparent == trace
    await assert_sound(kit.store, 3)


async def test_timers_are_set_moved_cancelled_and_fired_with_their_unit(kit: Kit, clock: Any) -> None:
    store, noon = kit.store, clock.now()

    def timer(key: str, hours: int) -> Timer:
        return Timer(key, noon + timedelta(hours=hours), "t", Quiet(name=key))

    await store.submit(Unit((), timers=(timer("a", 1), timer("b", 2), timer("c", 3))))
    await store.submit(Unit((), timers=(timer("a", 4),), cancel=("b", "unknown")))
    assert await kit.timers() == {"a": noon + timedelta(hours=4), "c": noon + timedelta(hours=3)}
    fired = Unit((StreamAppend("t", (Quiet(name="c"),)),), fired=(("c", noon + timedelta(hours=3)),))
    assert not (await store.submit(fired)).duplicate
    assert await store.submit(fired) == Committed((), duplicate=True)
    moved = Unit((StreamAppend("t", (Quiet(name="a"),)),), fired=(("a", noon + timedelta(hours=1)),))
    assert await store.submit(moved) == Committed((), duplicate=True)
    await store.submit(Unit((), timers=(timer("d", 5),), cancel=("d",)))
    assert sorted(await kit.timers()) == ["a", "d"]
    await assert_sound(store, 1)


async def test_rule_4_4_a_command_is_loaded_decided_and_appended(store: Store) -> None:
    def decide(state: int, command: int) -> list[Event]:
        return [numbered(n) for n in range(state, command)]

    counter: Decider[int, int] = Decider(lambda: 0, decide, lambda state, event: state + 1)
    assert len((await store.execute(counter, "count", 2, claim=Claim("c", "1"))).events) == 2
    assert (await store.execute(counter, "count", 5, claim=Claim("c", "1"))).duplicate
    await asyncio.gather(*(store.execute(counter, "count", 4) for _ in range(4)))
    assert await store.execute(counter, "count", 3, claim=Claim("c", "late")) == Committed(())
    assert await store.claimed(Claim("c", "late")) is None
    assert await store.state(counter, "count") == (4, 4)


async def test_a_listener_hears_of_each_commit(store: Store) -> None:
    heard = store.listen()
    await store.append("a", EVENT)
    await asyncio.wait_for(heard.wait(), 5)


async def test_reading_by_position_stream_type_and_time_in_pages_of_any_size(store: Store, clock: Any) -> None:
    start = clock.now()
    for hour in range(6):
        clock.advance(hours=1)
        await store.append(f"s{hour % 2}", numbered(hour), Quiet(name=str(hour)))
    log = [record async for record in store.events()]
    assert len(log) == 12
    for page in (1, 5, 12, 100):
        assert [r async for r in store.events(page=page)] == log
        assert [r async for r in store.events(3, 9, page=page)] == log[3:9]
        assert [r async for r in store.events(type_=Quiet, page=page)] == log[1::2]
        assert [r async for r in store.stream("s1", page=page)] == [r for r in log if r.stream == "s1"]
        assert [r async for r in store.stream("s1", 4, page=page)] == [r for r in log if r.stream == "s1"][4:]
        since, until = start + timedelta(hours=2), start + timedelta(hours=4)
        assert [r async for r in store.between(since, until, page=page)] == log[4:8]
    assert list(await store.read(10)) == log[10:]
    assert list(await store.read(0, 3)) == log[:3]
    assert [await store.position_at(start + timedelta(minutes=m)) for m in (0, 59, 60, 61, 359, 360, 999)] == [
        *(0, 0, 2, 2, 10, 12, 12)
    ]


operation = st.tuples(
    st.sampled_from("ab"), st.sampled_from([None, 0, 1, 2, 3]), st.sampled_from([None, "1", "2", "3"])
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bursts=st.lists(st.lists(operation, min_size=1, max_size=6, unique_by=lambda o: o[2] or object()), max_size=8))
async def test_both_stores_give_the_same_answers(open_store: Any, clock: Any, bursts: list[Any]) -> None:
    """Whatever is asked, in whatever bursts: PostgreSQL says what the store in memory says.

    A claim comes once in a burst: of two that come together, either may be the first.
    """
    scope = new_id()
    postgres, memory = await open_shared(open_store), MemoryStore("billing", clock.now)
    for burst in bursts:
        answers = []
        for store in (postgres, memory):
            asked = (
                store.append(f"{scope}-{stream}", EVENT, expected=expected, claim=Claim(scope, key) if key else None)
                for stream, expected, key in burst
            )
            answers.append([summary(a) for a in await asyncio.gather(*asked, return_exceptions=True)])
        assert answers[0] == answers[1]


_shared: dict[Any, EventStore] = {}


async def open_shared(open_store: Any) -> EventStore:
    """One store for all examples of a test: each uses streams of its own."""
    if open_store not in _shared:
        _shared.clear()
        _shared[open_store] = await open_store()
    return _shared[open_store]


def summary(answer: Committed | BaseException) -> object:
    if isinstance(answer, VersionConflictError):
        return answer.expected, answer.actual
    assert isinstance(answer, Committed)
    return answer.duplicate, [(r.stream, r.version) for r in answer.events]
