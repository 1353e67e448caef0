"""The feed: what it gives is what the outbox holds, without a gap, or it says that it does not know."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ytempire.events.billing import CustomerCreated
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import NO_STREAM, Claim, EventStore, Feed, OutboxRow, VersionConflictError, derived_id

USER = derived_id("user")
EVENT = EmailVerified(user_id=USER)


def row(position: int) -> OutboxRow:
    return OutboxRow(position, derived_id(str(position)), "yt.billing.X.v1.0", 0, 0, b"{}", None)


async def selected(store: EventStore) -> list[OutboxRow]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "select position, event_id::text, subject, partition, previous, body::text::bytea, body->>'traceparent'"
            " from es.outbox order by position"
        )
        return [OutboxRow(*r) for r in await cursor.fetchall()]


async def test_the_feed_holds_what_the_outbox_holds(store: EventStore) -> None:
    assert store.feed.take(0, 10) == []
    await store.append("a", EVENT)
    answers = await asyncio.gather(
        store.append("a", EVENT, expected=NO_STREAM),
        store.append("b", CustomerCreated(user_id=USER, stripe_customer_id="cus_1"), claim=Claim("c", "1")),
        *(store.append(f"s{n}", EVENT) for n in range(5)),
        return_exceptions=True,
    )
    assert [type(a) for a in answers].count(VersionConflictError) == 1
    rows = await selected(store)
    assert store.feed.take(0, 100) == rows
    assert store.feed.take(rows[2].position, 2) == rows[3:5]
    assert store.feed.take(rows[-1].position, 2) == []


async def test_rows_of_another_process_are_a_gap(store: EventStore, open_store: Any) -> None:
    other = await open_store()
    await store.append("a", EVENT)
    await other.append("b", EVENT)
    await store.append("c", EVENT)
    rows = await selected(store)
    assert store.feed.take(0, 100) == rows[:1]
    assert store.feed.take(1, 100) is None
    assert store.feed.take(2, 100) == rows[2:]
    assert other.feed.take(0, 100) is None


@given(kept=st.integers(1, 8), committed=st.lists(st.booleans(), max_size=30), limit=st.integers(1, 5))
def test_a_reader_that_selects_the_gaps_sees_every_row_once(kept: int, committed: list[bool], limit: int) -> None:
    feed, table, seen = Feed(kept), [], list[OutboxRow]()
    for position, ours in enumerate(committed, 1):
        if ours:
            feed.offer(position - 1, [row(position)])
        table.append(row(position))
    while len(seen) < len(table):
        taken = feed.take(len(seen), limit)
        if taken == []:
            assert not any(committed[len(seen) :])  # only what others wrote is left: the reader's poll finds it
        seen += taken or table[len(seen) : len(seen) + limit]
    assert seen == table
