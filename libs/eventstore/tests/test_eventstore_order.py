"""The order of the log under a race, with the poller that everybody writes first as the control that loses events."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import EventStore, derived_id
from ytempire.eventstore.audit import verify

EVENT = EmailVerified(user_id=derived_id("user"))
WRITERS = 8


def naive_race(dsn: str, delays: random.Random) -> tuple[int, int]:
    """Writers that insert into a table with a sequence and commit after a while, as ordinary transactions do, and a
    poller that reads behind the last position it has seen. How many events there were, and how many it saw."""
    with psycopg.connect(dsn, autocommit=True) as poller:
        poller.execute("drop table if exists rm.naive")
        poller.execute("create table rm.naive (position bigserial primary key, body text)")
        writers = [psycopg.connect(dsn) for _ in range(WRITERS)]
        try:
            seen, cursor = 0, 0
            for _ in range(3):
                for writer in writers:
                    writer.execute("insert into rm.naive (body) values ('event')")
                for writer in delays.sample(writers, len(writers)):
                    writer.commit()
                    page = poller.execute(
                        "select position from rm.naive where position > %s order by position", [cursor]
                    ).fetchall()
                    seen, cursor = seen + len(page), page[-1][0] if page else cursor
            return 3 * WRITERS, seen
        finally:
            for writer in writers:
                writer.close()


def test_rule_4_2_control_the_naive_poller_loses_events(store_database: Any) -> None:
    for seed in range(3):
        there, seen = naive_race(store_database.database.owner_dsn, random.Random(seed))
        assert seen < there


class Poller:
    """Reads behind the last position it has seen."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.seen: list[str] = []
        self.cursor = 0

    async def run_until(self, count: int) -> None:
        while len(self.seen) < count:
            for record in await self._store.read(self.cursor, 50):
                self.seen.append(record.id)
                self.cursor = record.position
            await asyncio.sleep(0)


async def test_rule_4_2_one_gapless_global_order_no_poller_misses_an_event(
    store: EventStore, open_store: Any, store_database: Any
) -> None:
    """Two stores in this process and one in another write as fast as they can, from eight callers each."""
    stores = (store, await open_store())
    turns = 12
    count = 3 * WRITERS * turns
    pollers = [Poller(store), Poller(stores[1]), Poller(store)]
    arguments = [
        str(Path(__file__).with_name("writer_process.py")),
        store_database.database.dsn,
        str(WRITERS),
        str(turns),
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)

    async def call(writer: EventStore, caller: int) -> None:
        for turn in range(turns):
            # some streams are written by all three, some by one
            stream = f"shared-{caller}" if turn % 2 else f"own-{caller}-{stores.index(writer)}"
            await writer.append(stream, EVENT)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(call(writer, caller) for writer in stores for caller in range(WRITERS)),
            *(poller.run_until(count) for poller in pollers),
            process.wait(),
        )
    assert process.returncode == 0
    log = [record async for record in store.events()]
    assert [record.position for record in log] == list(range(1, count + 1))
    for poller in pollers:
        assert poller.seen == [record.id for record in log]
    for stream in {record.stream for record in log}:
        assert [r.version for r in log if r.stream == stream] == list(range(1, len(await store.load(stream)) + 1))
    assert (await verify(store)).findings == []


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bursts=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=6))
async def test_rule_4_2_what_was_answered_first_lies_first(open_store: Any, bursts: list[tuple[int, int]]) -> None:
    stores = [await open_store(), await open_store()]
    try:
        last = (await stores[0].head()).position
        for which, size in bursts:
            answers = await asyncio.gather(*(stores[which].append(f"s{n % 3}", EVENT) for n in range(size)))
            assert [a.events[0].position for a in answers] == list(range(last + 1, last + size + 1))
            last += size
    finally:
        for store in stores:
            await store.close()


async def test_rule_4_1_what_was_answered_is_in_the_database_with_what_is_to_be_told(
    store: EventStore, store_database: Any
) -> None:
    """PostgreSQL is the truth: whoever was answered finds event and outbox row there, whatever becomes of the bus."""
    for _ in range(5):
        (event,) = (await store.append("a", EVENT)).events
        with psycopg.connect(store_database.database.dsn) as stranger:
            row = stranger.execute(
                "select e.event_id::text, o.event_id::text, h.position from es.head h join es.events e using (position)"
                " join es.outbox o using (position)"
            ).fetchone()
            durable = stranger.execute("select current_setting('synchronous_commit'), current_setting('fsync')")
            assert durable.fetchone() == ("on", "on")
        assert row == (event.id, event.id, event.position)
