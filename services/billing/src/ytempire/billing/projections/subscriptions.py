"""Who pays for what: one row for each account, for the owner's view of the business."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.billing import EntitlementsChanged, SubscriptionChanged, SubscriptionStarted
from ytempire.eventstore import Projection, Writing, put

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
_COLUMNS = set(SUBSCRIPTIONS.columns.keys())


async def _started(connection: Writing, event: SubscriptionStarted, _: Envelope) -> None:
    await put(connection, SUBSCRIPTIONS, event.model_dump(include=_COLUMNS))


async def _changed(connection: Writing, event: SubscriptionChanged, _: Envelope) -> None:
    await put(connection, SUBSCRIPTIONS, event.model_dump())


async def _entitled(connection: Writing, event: EntitlementsChanged, _: Envelope) -> None:
    await put(connection, SUBSCRIPTIONS, event.model_dump())


PROJECTION = Projection(
    "subscriptions",
    TABLES,
    {SubscriptionStarted: _started, SubscriptionChanged: _changed, EntitlementsChanged: _entitled},
)
