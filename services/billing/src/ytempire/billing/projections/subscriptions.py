"""Who pays for what: one row for each account, for the owner's view of the business."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert

from ytempire.events import Envelope
from ytempire.events.billing import EntitlementsChanged, SubscriptionChanged, SubscriptionStarted
from ytempire.eventstore import Projection, Writing

TABLES = MetaData()
SUBSCRIPTIONS = Table(
    "subscriptions",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("subscription_id", Text),
    Column("plan", Text),
    Column("status", Text),
    Column("period_start", DateTime(timezone=True)),
    Column("period_end", DateTime(timezone=True)),
    Column("trial_ends_at", DateTime(timezone=True)),
    Column("active", Boolean),
    Column("channels", Integer),
    Column("videos_per_day", Integer),
)


async def _upsert(connection: Writing, row: dict[str, Any]) -> None:
    statement = insert(SUBSCRIPTIONS).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=row))


async def _started(connection: Writing, event: SubscriptionStarted, _: Envelope) -> None:
    await _upsert(connection, event.model_dump())


async def _changed(connection: Writing, event: SubscriptionChanged, _: Envelope) -> None:
    await _upsert(connection, event.model_dump())


async def _entitled(connection: Writing, event: EntitlementsChanged, _: Envelope) -> None:
    await _upsert(connection, event.model_dump())


PROJECTION = Projection(
    "subscriptions",
    TABLES,
    {SubscriptionStarted: _started, SubscriptionChanged: _changed, EntitlementsChanged: _entitled},
)
