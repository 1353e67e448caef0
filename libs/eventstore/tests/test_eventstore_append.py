"""Appending: versions, claims, one gapless order under many callers and two writers, neighbours of a bad unit."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from ytempire.events import Event
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import (
    NO_STREAM,
    Claim,
    Committed,
    Decider,
    EventStore,
    StreamAppend,
    Unit,
    UnitRefusedError,
    VersionConflictError,
    derived_id,
    writer,
)
from ytempire.eventstore.audit import verify

USER = derived_id("user")
EVENT = EmailVerified(user_id=USER)


def numbered(number: int) -> EmailVerified:
    return EmailVerified(user_id=derived_id("user", str(number)))


async def assert_sound(store: EventStore, count: int) -> None:
    """``count`` events, positions and stream versions without a gap, and a chain that holds."""
    log = await store.read(0, 10_000)
    assert [r.position for r in log] == list(range(1, count + 1))
    for stream in {r.stream for r in log}:
        versions = [r.version for r in log if r.stream == stream]
        assert versions == list(range(1, len(versions) + 1)), stream
    assert (await verify(store)).findings == []


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


async def test_rule_4_4_a_command_is_decided_again_when_somebody_was_faster(store: EventStore, open_store: Any) -> None:
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
    used = (await store.append("a", EVENT)).events[0].id
    answers = await asyncio.gather(
        store.append("a", numbered(1)),
        store.append("PostgreSQL keeps no \x00 in text", EVENT),
        store.submit(Unit((StreamAppend("b", (EVENT,)),), ids=(used,))),
        store.append("c", numbered(2)),
        return_exceptions=True,
    )
    assert [type(a) for a in answers] == [Committed, UnitRefusedError, UnitRefusedError, Committed]
    await store.append("b", EVENT)
    await assert_sound(store, 4)


async def test_more_streams_and_claims_than_are_remembered(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_KNOWN_STREAMS", 20)
    monkeypatch.setattr(writer, "_KNOWN_CLAIMS", 5)
    for turn in range(3):
        claims = [Claim("turn", f"{turn}-{number}") for number in range(12)]
        await asyncio.gather(*(store.append(f"stream-{n}", EVENT, claim=claim) for n, claim in enumerate(claims)))
        again = await asyncio.gather(
            # the same commands again: known ones, forgotten ones, and ones that now look like conflicts
            *(store.append(f"stream-{n}", EVENT, claim=c, expected=turn * 2 or None) for n, c in enumerate(claims)),
            *(store.append(f"new-{n}", EVENT) for n in range(14)),
        )
        assert [a.duplicate for a in again] == [True] * 12 + [False] * 14
        await asyncio.gather(*(store.append(f"stream-{n}", EVENT, expected=turn * 2 + 1) for n in range(12)))
    assert [record.version for record in await store.load("stream-0")] == [1, 2, 3, 4, 5, 6]
    await assert_sound(store, 3 * (12 + 14 + 12))


async def test_a_closed_store_has_committed_what_it_took(store: EventStore, open_store: Any) -> None:
    other = await open_store()
    asked = [asyncio.ensure_future(other.append(f"s{n}", EVENT)) for n in range(200)]
    await asyncio.sleep(0)
    await other.close()
    assert sorted(r.position for a in await asyncio.gather(*asked) for r in a.events) == list(range(1, 201))
    with pytest.raises(RuntimeError, match="closed"):
        await other.append("late", EVENT)
    await assert_sound(store, 200)


async def test_a_store_that_closes_does_not_wait_for_ever_and_says_so(
    store: EventStore, open_store: Any, store_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_STOP_S", 0.2)
    other = await open_store()
    async with await psycopg.AsyncConnection.connect(store_database.database.dsn) as busy:
        await busy.execute("select 1 from es.head where id = 1 for update")
        asked = asyncio.ensure_future(other.append("a", EVENT, claim=Claim("c", "1")))
        await asyncio.sleep(0)
        await other.close()
        with pytest.raises(psycopg.OperationalError, match="closed before the database answered"):
            await asked
    await store.append("a", EVENT, claim=Claim("c", "1"))
    await assert_sound(store, 1)


async def test_a_caller_that_gave_up_disturbs_nobody(store: EventStore) -> None:
    given_up, patient = (asyncio.ensure_future(store.append(s, EVENT)) for s in ("a", "b"))
    await asyncio.sleep(0)
    given_up.cancel()
    await patient
    await store.append("a", EVENT)
    await assert_sound(store, 3)


async def test_a_lost_connection_fails_what_was_under_way_and_nothing_later(
    store: EventStore, store_database: Any
) -> None:
    await store.append("a", EVENT)
    with store_database.postgres.connect(store_database.database.name) as superuser:
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'billing writer' and datname = current_database()"
        )
    claim = Claim("c", "1")
    with pytest.raises(psycopg.OperationalError):
        await store.append("a", EVENT, claim=claim)
    # whoever submits again is told by the claim; here it was not committed
    assert not (await store.append("a", EVENT, claim=claim)).duplicate
    assert (await store.append("a", EVENT, claim=claim)).duplicate
    await assert_sound(store, 2)


CHANGES = [
    f"{change} es.{table} {rest}"
    for table, column in (("events", "position"), ("outbox", "position"), ("inbox", "last_position"))
    for change, rest in (("update", f"set {column} = 9"), ("delete from", ""), ("truncate", "cascade"))
]
HEAD_CHANGES = [
    "update es.head set position = 0",
    "update es.head set hash = decode(repeat('00', 32), 'hex')",
    "delete from es.head",
    "truncate es.head",
    "insert into es.head values (2, 9, '')",
]


@pytest.mark.parametrize("change", [*CHANGES, *HEAD_CHANGES])
async def test_rule_4_15_nobody_changes_what_was_written(store: EventStore, store_database: Any, change: str) -> None:
    await store.append("a", EVENT, claim=Claim("c", "1"))
    database = store_database.database
    # the head's row is the application's to move, the rest it may not even try
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)
    for dsn, error in ((database.dsn, refused), (database.owner_dsn, psycopg.errors.RaiseException)):
        with psycopg.connect(dsn) as connection, pytest.raises(error):
            connection.execute(change.encode())
    await assert_sound(store, 1)
