"""The audit finds what somebody did to a log in spite of grants and triggers, and names the place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ytempire.events import Event
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import EventStore, derived_id
from ytempire.eventstore.audit import verify


class Hidden(Event, owner="billing", private=True):
    number: int


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=derived_id("user", str(number)))


async def fill(store: EventStore) -> None:
    for number in range(1, 5):
        await store.append("a", numbered(number), Hidden(number=number))
    await store.append("b", numbered(9), numbered(10))


_SWAP = (
    "create temporary table kept as select * from es.events where position in (3, 5)",
    "delete from es.outbox where position in (3, 5)",
    "delete from es.events where position in (3, 5)",
    "update kept set position = 8 - position, version = 8 - version",
    "insert into es.events select * from kept",
)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            ["update es.events set data = replace(data::text, 'user', 'usar')::json where position = 3"],
            "position 3 (EmailVerified.v1): the row is not what was hashed",
        ),
        (
            ["update es.events set data = (data::text || ' ')::json where position = 10"],
            "position 10 (EmailVerified.v1): the row is not what was hashed",
        ),
        (
            ["update es.events set occurred_at = occurred_at + interval '1 microsecond' where position = 4"],
            "position 4 (Hidden.v1): the row is not what was hashed",
        ),
        (
            ["update es.events set meta = replace(meta::text, 'platform', 'somebody')::json where position = 1"],
            "position 1 (EmailVerified.v1): the row is not what was hashed",
        ),
        (
            ["update es.events set event_id = gen_random_uuid() where position = 2"],
            "position 2 (Hidden.v1): the row is not what was hashed",
        ),
        (["update es.events set stream = 'c' where position = 9"], "position 9 (EmailVerified.v1): the row is not"),
        (list(_SWAP), "position 3 (EmailVerified.v1): the row is not what was hashed"),
        (["delete from es.events where position = 4"], "position 4 is missing: the log continues at 5"),
        (["delete from es.events where position = 4"], "a jumps from version 3 to 5"),
        (["delete from es.events where position = 1"], "position 1 is missing"),
        (["delete from es.events where position = 10"], "the head says position 10, the log ends at 9"),
        (["update es.head set position = 12"], "the head says position 12, the log ends at 10"),
        (["update es.head set hash = decode(repeat('ab', 32), 'hex')"], "the head says position 10"),
        (["delete from es.head"], "the head says position None"),
        (
            ["update es.outbox set body = replace(body::text, 'user', 'usar')::json where position = 3"],
            "position 3 (EmailVerified.v1): the outbox tells something else than the event",
        ),
        (["delete from es.outbox where position = 5"], "the outbox chain of partition"),
        (
            ["update es.outbox set position = 99 where position = 9"],
            "position 99: the outbox tells an event that does not",
        ),
        (
            ["delete from es.outbox where position = 10"],
            "position 10 (EmailVerified.v1): the event is public, but it is not in the outbox",
        ),
        (
            ["update es.outbox set partition = partition + 1 where position = 9"],
            "position 9 (EmailVerified.v1): the outbox chain",
        ),
    ],
)
async def test_damage_is_found(store: EventStore, store_database: Any, damage: list[str], found: str) -> None:
    await fill(store)
    assert (await verify(store)).findings == []
    store_database.tamper(*damage)
    audit = await verify(store)
    assert not audit.ok
    assert any(found in str(finding) for finding in audit.findings), audit.findings


async def test_an_event_put_in_by_hand_is_found(store: EventStore, store_database: Any) -> None:
    await fill(store)
    store_database.tamper(
        "insert into es.events select 11, 'a', 9, gen_random_uuid(), type, occurred_at, data, meta, hash"
        " from es.events where position = 1",
        "update es.head set position = 11, hash = (select hash from es.events where position = 1)",
    )
    assert any(
        str(f).startswith("position 11 (EmailVerified.v1): the row is not") for f in (await verify(store)).findings
    )


async def test_a_whole_log_is_counted(store: EventStore) -> None:
    assert (await verify(store)).ok
    await fill(store)
    audit = await verify(store)
    assert (audit.ok, audit.events_checked, audit.outbox_checked) == (True, 10, 6)
    assert audit.head_hash == (await store.head()).hash.hex()


async def test_a_log_that_grows_while_it_is_read_is_no_finding(store: EventStore) -> None:
    stop = asyncio.Event()

    async def grow() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await store.append(f"s{number % 5}", numbered(number))

    growing = asyncio.create_task(grow())
    audits = [await verify(store) for _ in range(10)]
    stop.set()
    await growing
    assert [audit.findings for audit in audits] == [[]] * 10
    assert audits[-1].events_checked > audits[0].events_checked
