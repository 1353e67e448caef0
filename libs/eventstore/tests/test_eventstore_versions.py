"""A release changes what an event means: the log of the release before reads in the new shape, everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.bus import topology
from ytempire.cli.testing import until
from ytempire.events import Envelope, Event, Money, upcaster
from ytempire.eventstore import (
    Decider,
    Delivery,
    EventStore,
    Projection,
    Reaction,
    ReadModels,
    StreamAppend,
    Timer,
    Unit,
)
from ytempire.eventstore.audit import verify
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.tracking import apply_own
from ytempire.eventstore.workers import Reactor

TABLES = MetaData()
RENTS = Table("rents", TABLES, Column("key", Text, primary_key=True), Column("micros", BigInteger))


class RentAgreedV1(Event, owner="billing", private=True, name="RentAgreed", major=1):
    """As the release before wrote it: whole dollars."""

    dollars: int


class RentAgreed(Event, owner="billing", private=True, major=2):
    rent: Money


async def _keep(connection: AsyncConnection, event: RentAgreed, envelope: Envelope) -> None:
    await connection.execute(RENTS.insert().values(key=envelope.id, micros=event.rent.micros))


def _add(total: int, event: Event) -> int:
    return total + event.rent.micros if isinstance(event, RentAgreed) else total


TOTAL: Decider[int, None] = Decider(lambda: 0, lambda state, command: (), _add)
DOLLARS = (700, 800, 900)


def rent(dollars: int) -> RentAgreed:
    return RentAgreed(rent=Money.parse(dollars, "USD"))


@contextmanager
def untraced(consumer: str, envelope: Envelope) -> Iterator[str | None]:
    yield None


async def no_foreign(source: str) -> AsyncIterator[tuple[Envelope, int]]:
    raise AssertionError(f"nothing of {source} is read")
    yield


@pytest.fixture
async def inherited(store: EventStore) -> EventStore:
    """A store that the release before wrote: two events and a timer that is due in an hour."""
    timer = Timer("rent", store.clock() + timedelta(hours=1), "rents", RentAgreedV1(dollars=DOLLARS[2]))
    events = [RentAgreedV1(dollars=dollars) for dollars in DOLLARS[:2]]
    await store.submit(Unit((StreamAppend("rents", events),), timers=(timer,)))

    @upcaster(RentAgreedV1, RentAgreed)
    def in_money(old: RentAgreedV1) -> RentAgreed:
        return rent(old.dollars)

    return store


async def test_rule_4_10_what_an_earlier_release_wrote_is_read_in_the_newest_shape(
    inherited: EventStore, clock: Any
) -> None:
    store, handled = inherited, []

    async def effect(event: RentAgreed, _: Delivery) -> None:
        handled.append(event)

    # given: an old log, handlers that know the newest shape alone
    reactor = Reactor(store, Reaction("rents", {RentAgreed: effect}), untraced)
    timers = TimerRunner(store, ("RentAgreed.v1", "RentAgreed.v2"), tick_s=0.005)
    tasks = [asyncio.create_task(worker.run()) for worker in (reactor, timers)]
    # when: time passes
    clock.advance(hours=2)

    async def all_handled() -> bool:
        return len(handled) == len(DOLLARS)

    await until(all_handled)
    await end(tasks)

    # then: effects, state, and the timer's event are of today, and the log itself was not touched
    wanted = [rent(dollars) for dollars in DOLLARS]
    assert handled == wanted
    assert [r.event for r in await store.load("rents")] == wanted
    assert await store.state(TOTAL, "rents") == (sum(e.rent.micros for e in wanted), 3)
    assert [r.type for r in await store.read(0)] == ["RentAgreed.v1", "RentAgreed.v1", "RentAgreed.v2"]
    assert (await verify(store)).ok

    # and: a live read model and its rebuild alike
    projection = Projection("rents", TABLES, {RentAgreed: _keep})
    models = ReadModels("billing", store.dsn, [projection])
    await models.install()
    await apply_own(models, projection, await store.read(0), 0, 3)
    async with models.reading(projection) as connection:
        live = [row.micros for row in await connection.execute(select(RENTS.c.micros).order_by(RENTS.c.micros))]
    assert live == [e.rent.micros for e in wanted]
    assert (await rebuild(store, models, projection, no_foreign)).equal
    await models.close()

    # and: a consumer of the event is sent every version of it, and nobody writes an old one any more
    (durable,) = topology.work_durables("support", [RentAgreed])
    assert durable.filters == ("yt.billing.RentAgreed.v1.*", "yt.billing.RentAgreed.v2.*")
    with pytest.raises(TypeError, match=r"append RentAgreed\.v2"):
        StreamAppend("rents", [RentAgreedV1(dollars=1)])
