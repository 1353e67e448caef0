"""Heads are sealed in time, kept by others, and a log falls quiet by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ytempire.cli.keys import ensure_audit_pair
from ytempire.cli.testing import until
from ytempire.events import Envelope, Event
from ytempire.events.onboarding import EmailVerified
from ytempire.events.platform import LogHeadSealed
from ytempire.eventstore import Claim, Delivery, EventStore, PermanentError, derived_id
from ytempire.eventstore.heads import SPAN, HeadKey, HeadSealer, HeadWitnessed, genuine, public_keys, witness
from ytempire.eventstore.tasks import end

USER = EmailVerified(user_id=derived_id("user"))


@pytest.fixture
def key(tmp_path: Path) -> HeadKey:
    ensure_audit_pair(tmp_path, "billing")
    return HeadKey.load(tmp_path, "billing")


@pytest.fixture
async def sealer(store: EventStore, key: HeadKey) -> AsyncIterator[HeadSealer]:
    sealer = HeadSealer(store, key)
    task = asyncio.create_task(sealer.run())
    yield sealer
    await end([task])


async def seals(store: EventStore) -> list[LogHeadSealed]:
    return [r.event for r in await store.load("log-head") if isinstance(r.event, LogHeadSealed)]


async def test_rule_4_9_a_head_is_sealed_at_the_next_full_ten_minutes(
    store: EventStore, sealer: HeadSealer, clock: Any, tmp_path: Path
) -> None:
    clock.advance(minutes=3)
    first = (await store.append("a", USER)).events[0]
    await sealer.refresh()
    assert sealer.due is not None
    assert first.time < sealer.due <= first.time + SPAN
    assert sealer.due.minute % 10 == 0
    head = await store.head()
    clock.advance(minutes=7)

    async def sealed() -> bool:
        return len(await seals(store)) == 1

    await until(sealed)
    (seal,) = await seals(store)
    assert (seal.position, seal.hash) == (head.position, head.hash.hex())
    assert genuine(seal, public_keys(tmp_path, "billing"))


async def test_rule_4_9_a_log_with_nothing_but_seals_falls_quiet(store: EventStore, key: HeadKey, clock: Any) -> None:
    sealer = HeadSealer(store, key)
    await sealer.refresh()
    assert sealer.due is None
    await store.append("a", USER)
    await sealer.seal()
    kept = HeadWitnessed(service="media", position=1, hash="0" * 64, key_id="k", signature="0" * 128)
    await store.append("log-head-media", kept)
    clock.advance(days=1)
    await sealer.refresh()
    assert sealer.due is None
    await store.append("a", USER)
    await sealer.refresh()
    assert sealer.due is not None


async def test_rule_4_9_a_busy_log_is_sealed_after_a_thousand_events(store: EventStore, key: HeadKey) -> None:
    sealer = HeadSealer(store, key)
    await store.append("a", *[USER] * 999)
    await sealer.refresh()
    assert sealer.due is not None
    assert sealer.due > store.clock()
    await store.append("a", USER)
    await sealer.refresh()
    assert sealer.due is not None
    assert sealer.due <= store.clock()


async def test_one_head_is_sealed_once_however_often_it_is_tried(store: EventStore, key: HeadKey, clock: Any) -> None:
    await store.append("a", USER)
    head = await store.head()
    for _ in range(2):
        event = key.seal("billing", head.position, head.hash)
        await store.append("log-head", event, claim=Claim("log-head", str(head.position)))
    assert len(await seals(store)) == 1


async def test_rule_4_9_another_service_keeps_what_was_signed(store: EventStore, tmp_path: Path) -> None:
    ensure_audit_pair(tmp_path, "media")
    seal = HeadKey.load(tmp_path, "media").seal("media", 7, bytes(32))
    delivery = Delivery(_envelope(seal, "media"), "billing__work__media")
    keep = witness(store)
    await keep(seal, delivery)
    await keep(seal, delivery)
    (kept,) = await store.load("log-head-media")
    assert kept.event == HeadWitnessed(**seal.model_dump())
    assert genuine(kept.event, public_keys(tmp_path, "media"))
    with pytest.raises(PermanentError, match="in the name of media"):
        await keep(seal, Delivery(_envelope(seal, "support"), "billing__work__support"))


def test_a_seal_is_worth_nothing_without_the_key_that_made_it(tmp_path: Path) -> None:
    ensure_audit_pair(tmp_path, "media")
    old = HeadKey.load(tmp_path, "media").seal("media", 7, bytes(32))
    (tmp_path / "media.audit.key").unlink()
    ensure_audit_pair(tmp_path, "media")
    new = HeadKey.load(tmp_path, "media").seal("media", 7, bytes(32))
    keys = public_keys(tmp_path, "media")
    assert old.key_id != new.key_id
    assert [genuine(old, keys), genuine(new, keys), genuine(new, keys[:1])] == [True, True, False]
    for change in ({"position": 8}, {"service": "support"}, {"hash": "1" * 64}, {"signature": "0" * 128}):
        assert not genuine(new.model_copy(update=change), keys)


def _envelope(event: Event, producer: str) -> Envelope:
    id_ = derived_id("seal", producer)
    return Envelope(
        id=id_,
        source=f"/ytempire/{producer}",
        type=event.type_name(),
        subject="log-head",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        data=event.model_dump(mode="json"),
        tenantid="platform",
        correlationid=id_,
        causationid=id_,
        position=1,
        streamversion=1,
    )
