"""The writer remembers versions of streams; forgetting the oldest ones must not disturb the batch in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ytempire.cli.testing import ServiceDatabaseFactory
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import EventStore, derived_id, writer
from ytempire.eventstore.audit import verify
from ytempire.eventstore.migrate import upgrade

MIGRATIONS = Path(__file__).parents[3] / "services/billing/migrations"


@pytest.fixture
async def store(service_database: ServiceDatabaseFactory) -> AsyncIterator[EventStore]:
    database = service_database("billing")
    upgrade(MIGRATIONS, database.owner_dsn, application_role="billing")
    opened = EventStore("billing", database.dsn, lambda: datetime.now(UTC))
    await opened.open()
    yield opened
    await opened.close()


async def test_more_streams_than_are_remembered(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_KNOWN_STREAMS", 20)
    event = EmailVerified(user_id=derived_id("user"))
    for _ in range(3):
        await asyncio.gather(*(store.append(f"stream-{number}", event) for number in range(12)))
        await asyncio.gather(store.append("stream-0", event), *(store.append(f"new-{n}", event) for n in range(14)))
    assert [record.version for record in await store.load("stream-0")] == [1, 2, 3, 4, 5, 6]
    assert (await verify(store)).findings == []
