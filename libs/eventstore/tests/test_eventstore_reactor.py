"""Reactions: in order for each stream, again after a crash, into the dead letters when nothing helps."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from ytempire.cli.testing import until
from ytempire.events import Envelope
from ytempire.events.onboarding import EmailVerified, OnboardingCompleted
from ytempire.events.platform import EventDeadLettered
from ytempire.eventstore import Delivery, EventStore, PermanentError, Reaction, TransientError, delivery, derived_id
from ytempire.eventstore.tasks import end
from ytempire.eventstore.workers import Reactor

NAME = "billing-effects"


@contextmanager
def untraced(consumer: str, envelope: Envelope) -> Iterator[str | None]:
    yield None


Handler = Callable[[EmailVerified, Delivery], Awaitable[None]]


def user(number: int) -> str:
    return derived_id("user", str(number))


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=user(number))


@asynccontextmanager
async def reacting(store: EventStore, handler: Handler, concurrency: int = 4) -> AsyncIterator[Reactor]:
    reactor = Reactor(store, Reaction(NAME, {EmailVerified: handler}, concurrency), untraced)
    task = asyncio.create_task(reactor.run())
    try:
        yield reactor
    finally:
        await end([task])


async def mark(store: EventStore) -> int:
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select position from es.checkpoints where consumer = %s", [NAME])
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def settled(store: EventStore, reactor: Reactor) -> None:
    async def level() -> bool:
        head = (await store.head()).position
        return not reactor.busy and reactor.position == head and await mark(store) == head

    await until(level)


async def test_a_crash_repeats_what_was_open_and_nothing_before_it(store: EventStore) -> None:
    for number in range(1, 7):
        await store.append(f"s{number}", numbered(number))
    done: list[str] = []
    stuck = asyncio.Event()

    async def first_life(event: EmailVerified, delivery: Delivery) -> None:
        if event.user_id == user(3):
            await stuck.wait()
        done.append(event.user_id)

    async with reacting(store, first_life):

        async def others_done() -> bool:
            return len(done) == 5 and await mark(store) == 2

        await until(others_done)
    again: list[str] = []

    async def second_life(event: EmailVerified, delivery: Delivery) -> None:
        again.append(event.user_id)

    async with reacting(store, second_life) as reactor:
        await settled(store, reactor)
    assert done == [user(n) for n in (1, 2, 4, 5, 6)]
    assert sorted(again) == sorted(user(n) for n in (3, 4, 5, 6))


async def test_a_stream_keeps_its_order_though_tries_fail_and_streams_run_beside_each_other(store: EventStore) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    failed: set[str] = set()
    running, most = 0, 0

    async def handle(event: EmailVerified, delivery: Delivery) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        if delivery.envelope.id not in failed and delivery.envelope.position % 3 == 0:
            failed.add(delivery.envelope.id)
            raise TransientError("not yet")
        seen[delivery.envelope.subject].append(delivery.envelope.streamversion)

    await asyncio.gather(*(store.append(f"s{n % 4}", numbered(n)) for n in range(20)))
    async with reacting(store, handle, concurrency=3) as reactor:
        await asyncio.gather(*(store.append(f"s{n % 4}", numbered(n)) for n in range(20)))
        await settled(store, reactor)
    assert seen == {f"s{n}": list(range(1, 11)) for n in range(4)}
    assert len(failed) == 13
    assert 1 < most <= 3


async def test_events_without_a_handler_move_the_mark(store: EventStore) -> None:
    async def handle(event: EmailVerified, delivery: Delivery) -> None:
        pytest.fail("nothing is to be handled")

    async with reacting(store, handle) as reactor:
        await store.append("a", *[OnboardingCompleted(user_id=user(n)) for n in range(3)])
        await settled(store, reactor)
    assert await mark(store) == 3


async def letters(store: EventStore) -> list[tuple[Any, ...]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select consumer, event_id::text, type, reason, body from es.dead_letters")
        return await cursor.fetchall()


async def told(store: EventStore) -> list[EventDeadLettered]:
    return [r.event for r in await store.read(0) if isinstance(r.event, EventDeadLettered)]


async def test_what_will_never_work_goes_to_the_dead_letters_at_once(store: EventStore) -> None:
    tries: list[str] = []

    async def handle(event: EmailVerified, delivery: Delivery) -> None:
        tries.append(event.user_id)
        if event.user_id == user(1):
            raise PermanentError("The account is closed.")

    async with reacting(store, handle) as reactor:
        (first,) = (await store.append("a", numbered(1))).events
        await store.append("b", numbered(2))
        await settled(store, reactor)
    assert tries == [user(1), user(2)]
    ((consumer, event_id, type_, reason, body),) = await letters(store)
    assert (consumer, event_id, type_, reason) == (NAME, first.id, first.type, "PermanentError: The account is closed.")
    assert Envelope.model_validate(body) == first.envelope()
    (event,) = await told(store)
    assert (event.consumer, event.event_id, event.reason) == (NAME, first.id, "PermanentError: The account is closed.")
    record = (await store.load(f"dead-letters-{NAME}"))[0]
    assert record.meta["causation"] == first.id


async def test_what_keeps_failing_goes_to_the_dead_letters_after_its_tries(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_DELAYS_S", (0.0, 0.001, 0.001))
    tries: list[int] = []

    async def handle(event: EmailVerified, delivery: Delivery) -> None:
        if event.user_id == user(1):
            tries.append(delivery.attempt)
            raise RuntimeError("out of order")

    async with reacting(store, handle) as reactor:
        await store.append("a", numbered(1))
        await settled(store, reactor)
    assert tries == [1, 2, 3, 4]
    ((*_, reason, _body),) = await letters(store)
    assert reason == "RuntimeError: out of order"
    assert len(await told(store)) == 1
