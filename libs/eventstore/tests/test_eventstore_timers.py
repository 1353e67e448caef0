"""Timers: in order of their time, once, never after they were cancelled, and not twice for a crash."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ytempire.cli.testing import until
from ytempire.events import Event
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import Decider, Delivery, EventStore, Reaction, StreamAppend, Timer, Unit, derived_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.workers import Reactor


class Due(Event, owner="billing", private=True):
    name: str


class Awaited(Event, owner="billing", private=True):
    """Something reacts to it."""


EVENT = EmailVerified(user_id=derived_id("user"))


@pytest.fixture
async def runner(store: EventStore) -> AsyncIterator[TimerRunner]:
    runner = TimerRunner(store, (), tick_s=0.005)
    task = asyncio.create_task(runner.run())
    yield runner
    await end([task])


def timer(clock: Any, name: str, hours: float) -> Timer:
    return Timer(name, clock.now() + timedelta(hours=hours), f"timers-{name}", Due(name=name))


async def set_(store: EventStore, *timers: Timer, cancel: Sequence[str] = ()) -> None:
    await store.submit(Unit((StreamAppend("a", (EVENT,)),), timers=timers, cancel=cancel))


async def fired(store: EventStore) -> list[str]:
    return [r.event.name for r in await store.read(0, 10_000) if isinstance(r.event, Due)]


async def kept(store: EventStore) -> list[str]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select key from es.timers order by key")
        return [str(row[0]) for row in await cursor.fetchall()]


async def until_fired(store: EventStore, runner: TimerRunner, clock: Any) -> list[str]:
    """What fired, once nothing is due any more."""
    async with asyncio.timeout(20):
        while True:
            await runner.refresh()
            if not runner.firing and not runner.due(clock.now()):
                return await fired(store)
            await asyncio.sleep(0.005)


async def test_what_is_due_happens_in_the_order_of_its_time(store: EventStore, runner: TimerRunner, clock: Any) -> None:
    await set_(store, timer(clock, "late", 3), timer(clock, "early", 1), timer(clock, "middle", 2))
    await set_(store, timer(clock, "far", 48))
    assert await until_fired(store, runner, clock) == []
    clock.advance(hours=1)
    assert await until_fired(store, runner, clock) == ["early"]
    clock.advance(hours=23)
    assert await until_fired(store, runner, clock) == ["early", "middle", "late"]
    assert await kept(store) == ["far"]
    assert (await verify(store)).findings == []


async def test_what_another_copy_sets_is_found_by_the_one_that_runs(
    store: EventStore, runner: TimerRunner, clock: Any, open_store: Any
) -> None:
    """Given a runner whose own process commits nothing, when another sets a timer that is due, then it fires."""
    await until_fired(store, runner, clock)
    other = await open_store()
    await set_(other, timer(clock, "theirs", -1))

    async def theirs() -> bool:
        return await fired(store) == ["theirs"]

    await until(theirs)


async def test_a_cancelled_timer_never_fires(store: EventStore, runner: TimerRunner, clock: Any) -> None:
    await set_(store, timer(clock, "one", 1), timer(clock, "two", 1))
    await set_(store, cancel=("one", "never set"))
    clock.advance(days=1)
    assert await until_fired(store, runner, clock) == ["two"]


async def test_a_timer_set_anew_fires_at_its_new_time_alone(store: EventStore, runner: TimerRunner, clock: Any) -> None:
    await set_(store, timer(clock, "one", 1))
    await set_(store, timer(clock, "one", 5))
    clock.advance(hours=2)
    assert await until_fired(store, runner, clock) == []
    clock.advance(hours=3)
    assert await until_fired(store, runner, clock) == ["one"]
    await set_(store, timer(clock, "one", 1))
    clock.advance(hours=1)
    assert await until_fired(store, runner, clock) == ["one", "one"]


async def test_a_firing_that_is_submitted_twice_happens_once(store: EventStore, clock: Any) -> None:
    one = timer(clock, "one", 1)
    await set_(store, one)
    firing = Unit((StreamAppend(one.stream, (one.event,)),), fired=((one.key, one.due),))
    first, second = await store.submit(firing), await store.submit(firing)
    assert (first.duplicate, second.duplicate, second.events) == (False, True, ())
    assert await fired(store) == ["one"]
    assert await kept(store) == []


@pytest.mark.parametrize("change", ["cancelled", "set anew"])
async def test_a_timer_that_was_taken_back_while_it_was_firing_does_nothing(
    store: EventStore, clock: Any, change: str
) -> None:
    one = timer(clock, "one", 1)
    await set_(store, one)
    firing = Unit((StreamAppend(one.stream, (one.event,)),), fired=((one.key, one.due),))
    neighbour = Unit((StreamAppend("b", (EVENT,)),))
    if change == "cancelled":
        await set_(store, cancel=("one",))
    else:
        await set_(store, timer(clock, "one", 2))
    stale, fine = await asyncio.gather(store.submit(firing), store.submit(neighbour))
    assert (stale.events, stale.duplicate, fine.duplicate) == ((), True, False)
    assert await fired(store) == []
    assert await kept(store) == ([] if change == "cancelled" else ["one"])


async def test_a_crash_behind_the_firing_s_commit_leaves_nothing_to_fire(
    store: EventStore, open_store: Any, clock: Any
) -> None:
    await set_(store, timer(clock, "one", 1), timer(clock, "two", 2))
    clock.advance(hours=3)
    runners = [TimerRunner(store, ()), TimerRunner(await open_store(), ())]
    # two processes that both believe they are the one
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    await until_fired(store, runners[0], clock)
    await end(tasks)
    assert await fired(store) == ["one", "two"]
    assert (await verify(store)).findings == []


async def test_a_fired_event_belongs_to_who_set_the_timer(store: EventStore, runner: TimerRunner, clock: Any) -> None:
    await set_(store, timer(clock, "one", 1))
    clock.advance(hours=1)
    await until_fired(store, runner, clock)
    setting, firing = await store.read(0)
    assert firing.meta["correlation"] == setting.meta["correlation"]
    assert firing.meta["tenant"] == setting.meta["tenant"]


async def test_a_decider_sets_and_cancels_with_its_events(store: EventStore, runner: TimerRunner, clock: Any) -> None:
    def timers(state: int, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
        return ((timer(clock, "reminder", 1),), ()) if state == 0 else ((), ("reminder",))

    decider: Decider[int, str] = Decider(lambda: 0, lambda s, c: [EVENT], lambda s, e: s + 1, timers)
    await store.execute(decider, "a", "begin")
    assert await kept(store) == ["reminder"]
    await store.execute(decider, "a", "end")
    clock.advance(days=1)
    assert await until_fired(store, runner, clock) == []


async def test_a_key_that_is_cancelled_and_set_in_one_unit_is_set(store: EventStore, clock: Any) -> None:
    await set_(store, timer(clock, "one", 1))
    await set_(store, timer(clock, "one", 2), cancel=("one",))
    assert await kept(store) == ["one"]


async def test_rule_4_14_each_timer_fires_once_in_order_of_its_time_whatever_stream_it_is_of(
    store: EventStore, runner: TimerRunner, clock: Any
) -> None:
    begin = clock.now()
    wanted = [Timer(f"{n:03}", begin + timedelta(minutes=n), f"timers-{n % 7}", Due(name=str(n))) for n in range(500)]
    await set_(store, *random.Random(14).sample(wanted, len(wanted)))
    clock.advance(days=1)
    assert await until_fired(store, runner, clock) == [str(n) for n in range(500)]
    times = [r.time for r in await store.read(0, 1000) if isinstance(r.event, Due)]
    assert times == [timer.due for timer in wanted]
    assert (await verify(store)).findings == []


async def test_rule_4_14_a_late_firing_says_when_it_was_due_but_time_never_runs_back_in_a_log(
    store: EventStore, clock: Any
) -> None:
    await set_(store, timer(clock, "before", 1), timer(clock, "after", 3))
    clock.advance(hours=2)
    noted = await store.append("a", EVENT)
    clock.advance(hours=2)
    runner = TimerRunner(store, ())
    task = asyncio.create_task(runner.run())
    await until_fired(store, runner, clock)
    await end([task])
    before, after = (r.time for r in await store.read(0) if isinstance(r.event, Due))
    assert (before, after) == (noted.events[0].time, noted.events[0].time + timedelta(hours=1))
    clock.advance(hours=-48)
    assert (await store.append("a", EVENT)).events[0].time == after


async def test_rule_4_14_what_fell_due_while_nobody_ran_is_caught_up_before_anything_else_is_recorded(
    store: EventStore, clock: Any
) -> None:
    """Given timers that fell due while the process was down, when it starts, then they keep their own times."""
    first, second = timer(clock, "first", 1), timer(clock, "second", 2)
    await set_(store, second, first, timer(clock, "later", 9))
    clock.advance(hours=3)
    started = TimerRunner(store, ("Due.v1",))
    await started.catch_up()
    await store.append("a", EVENT)
    log = (await store.read(0, 10))[1:]
    assert [(r.stream, r.time) for r in log] == [
        (first.stream, first.due), (second.stream, second.due), ("a", clock.now())
    ]  # fmt: skip
    assert not started.due(clock.now())


async def test_a_timer_is_quiet_only_if_it_is_private_and_nothing_reacts_to_it(store: EventStore, clock: Any) -> None:
    runner = TimerRunner(store, {Awaited.type_name()})
    at = clock.now()
    await set_(store, timer(clock, "quiet", 1))
    await runner.refresh()
    assert (runner.next_due, runner.next_quiet) == (None, at + timedelta(hours=1))
    await set_(store, Timer("public", at + timedelta(hours=3), "t", EVENT))
    await runner.refresh()
    assert runner.next_due == at + timedelta(hours=3)
    await set_(store, Timer("awaited", at + timedelta(hours=2), "t", Awaited()))
    await runner.refresh()
    assert runner.next_due == at + timedelta(hours=2)


@pytest.mark.parametrize("place", ["timer.before_append", "timer.after_append"])
async def test_rule_4_14_a_crash_at_each_step_of_a_firing_neither_loses_nor_repeats_it(
    store: EventStore, store_database: Any, clock: Any, place: str
) -> None:
    await set_(store, *(timer(clock, f"{n:03}", n) for n in range(1, 301)))
    clock.advance(hours=300)
    child = Path(__file__).with_name("timer_process.py")
    arguments = [sys.executable, str(child), store_database.database.dsn, clock.now().isoformat()]
    crashing = await asyncio.create_subprocess_exec(*arguments, env={**os.environ, "YTEMPIRE_CRASH_AT": place})
    assert await crashing.wait() == 137
    # the first unit alone was under way
    assert len(await fired(store)) == (0 if place == "timer.before_append" else 200)
    assert await (await asyncio.create_subprocess_exec(*arguments)).wait() == 0
    assert await fired(store) == [f"{n:03}" for n in range(1, 301)]
    assert (await verify(store)).findings == []


class Chained(Event, owner="billing", private=True):
    """Sets the next of its kind when it fires."""

    name: str
    left: int


async def chain(store: EventStore, event: Chained, delivery: Delivery) -> None:
    if event.left:
        following = Chained(name=f"{event.name}.", left=event.left - 1)
        due = delivery.envelope.time + timedelta(hours=37)
        timer = Timer(f"{event.name}.", due, delivery.envelope.subject, following)
        await store.submit(Unit((), delivery.claim, timers=(timer,)))


async def year(store: EventStore, clock: Any, *, stop_at_quiet: bool) -> list[tuple[str, Any, timedelta]]:
    """Random timers over some weeks, time moved stop by stop: what was recorded, with times from the beginning."""
    begin, behind, chance = clock.now(), (await store.head()).position, random.Random(414)
    for n in range(60):
        kind: Event = Chained(name=str(n), left=3) if n % 10 == 0 else Due(name=str(n))
        due = begin + timedelta(hours=500 * chance.random())
        await store.submit(Unit((), timers=(Timer(str(n), due, f"timers-{n % 5}", kind),)))
    runner = TimerRunner(store, {Chained.type_name()}, tick_s=0.002)
    reaction = Reaction("chain", {Chained: partial(chain, store)})
    reactor = Reactor(store, reaction, lambda consumer, envelope: nullcontext())
    tasks = [asyncio.create_task(runner.run()), asyncio.create_task(reactor.run())]

    async def settled() -> bool:
        await until_fired(store, runner, clock)
        return not reactor.busy and reactor.position == (await store.head()).position

    await runner.refresh()
    while dues := [d for d in (runner.next_due, runner.next_quiet if stop_at_quiet else None) if d]:
        clock.at = max(clock.at, min(dues))
        await until(settled)
    clock.at = begin + timedelta(hours=1000)
    await until(settled)
    await end(tasks)
    return [(r.stream, r.event, r.time - begin) for r in await store.read(behind, 10_000)]


async def test_rule_4_14_passing_over_quiet_timers_records_what_stopping_at_each_would(
    store: EventStore, clock: Any
) -> None:
    stepwise = await year(store, clock, stop_at_quiet=True)
    passed_over = await year(store, clock, stop_at_quiet=False)
    assert len(stepwise) == 60 + 6 * 3
    assert passed_over == stepwise
    assert [at for *_, at in stepwise] == sorted(at for *_, at in stepwise)
