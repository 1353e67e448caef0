"""Leases: one owner for each piece of work, whoever comes, leaves, dies or freezes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
import pytest

from ytempire.cli.testing import until
from ytempire.eventstore import EventStore, Leases
from ytempire.eventstore.tasks import end

PARTITIONS = 8
HELD_ELSEWHERE = """
insert into es.leases select 'work', p, 'elsewhere', pid, backend_start, clock_timestamp() + %s * interval '1 s'
from pg_stat_activity, generate_series(0, 7) p where pid = pg_backend_pid()"""


@dataclass
class Service:
    """A service of any number of copies, and how many of them ever worked on one partition at once."""

    dsn: str
    working: Counter[int] = field(default_factory=Counter)
    most: int = 0

    async def idle(self) -> bool:
        return not +self.working

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[Leases]:
        async def work(partition: int) -> None:
            self.working[partition] += 1
            self.most = max(self.most, self.working[partition])
            try:
                await asyncio.Event().wait()
            finally:
                self.working[partition] -= 1

        leases = Leases(self.dsn)
        leases.share("work", work, PARTITIONS)
        task = asyncio.create_task(leases.run())
        try:
            yield leases
        finally:
            await end([task])
            assert task.cancelled()


@pytest.fixture
def service(store: EventStore) -> Service:
    return Service(store.dsn)


async def holding(leases: Leases, count: int) -> None:
    async def holds() -> bool:
        return len(leases.held("work")) == count

    await until(holds)


async def test_rule_4_8_copies_share_the_partitions_evenly_as_they_come_and_go(service: Service) -> None:
    async with service.copy() as first:
        await holding(first, 8)
        assert first.covered
        async with service.copy() as second:
            await asyncio.gather(holding(first, 4), holding(second, 4))
            async with service.copy() as third:
                for copy in (first, second, third):
                    await until(partial(_between, copy, 2, 3))
                assert first.held("work") | second.held("work") | third.held("work") == frozenset(range(8))
        await holding(first, 8)
    assert service.most == 1, "two copies worked on one partition"


async def _between(leases: Leases, least: int, most: int) -> bool:
    return least <= len(leases.held("work")) <= most


async def test_what_a_killed_copy_held_is_free_at_once(service: Service, store: EventStore) -> None:
    async with await psycopg.AsyncConnection.connect(store.dsn, autocommit=True) as elsewhere:
        # it would last for an hour, if its owner lived
        await elsewhere.execute(HELD_ELSEWHERE, [3600])
        async with service.copy() as copy:

            async def looked() -> bool:
                return copy.covered

            await until(looked)
            assert not copy.held("work")
            await elsewhere.close()
            await holding(copy, 8)


async def test_what_a_frozen_copy_held_is_free_when_its_time_is_over(service: Service, store: EventStore) -> None:
    async with await psycopg.AsyncConnection.connect(store.dsn, autocommit=True) as elsewhere:
        await elsewhere.execute(HELD_ELSEWHERE, [0.3])
        async with service.copy() as copy:
            await holding(copy, 8)


async def test_a_copy_that_lost_its_leases_stops_the_work_and_wins_them_again(
    service: Service, store: EventStore
) -> None:
    async with service.copy() as copy:
        await holding(copy, 8)
        async with await psycopg.AsyncConnection.connect(store.dsn, autocommit=True) as elsewhere:
            # as somebody does who found the owner frozen
            await elsewhere.execute("delete from es.leases where name = 'work'")
            await elsewhere.execute(HELD_ELSEWHERE, [3600])
            await holding(copy, 0)
            await until(service.idle)
        await holding(copy, 8)


async def test_a_copy_whose_connection_breaks_begins_anew(service: Service, store: EventStore) -> None:
    async with service.copy() as copy:
        await holding(copy, 8)
        async with store.pool.connection() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ytempire-leases'"
                " and datname = current_database()"
            )
        await holding(copy, 0)
        await holding(copy, 8)
    assert service.most == 1


async def test_work_that_fails_is_not_started_again_in_silence(store: EventStore) -> None:
    async def broken() -> None:
        raise ValueError("no")

    async def ended() -> None:
        return

    for work, error in ((broken, ValueError), (ended, RuntimeError)):
        leases = Leases(store.dsn)
        leases.lead("single", work)
        with pytest.raises(error):
            await leases.run()
    with pytest.raises(ValueError, match="registered twice"):
        leases.lead("single", broken)
