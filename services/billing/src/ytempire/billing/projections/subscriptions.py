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
    Column("cancels_at", DateTime(timezone=True)),
    Column("next_plan", Text),
    Column("active", Boolean),
    Column("channels", Integer),
    Column("videos_per_day", Integer),
)


_COLUMNS = set(SUBSCRIPTIONS.columns.keys())


async def _started(connection: Writing, event: SubscriptionStarted, _: Envelope) -> None:
    goes_on = {"cancels_at": None, "next_plan": None}
    await put(connection, SUBSCRIPTIONS, event.model_dump(include=_COLUMNS) | goes_on)


async def _changed(connection: Writing, event: SubscriptionChanged, _: Envelope) -> None:
    await put(connection, SUBSCRIPTIONS, event.model_dump(include=_COLUMNS))


async def _entitled(connection: Writing, event: EntitlementsChanged, _: Envelope) -> None:
    # the plan is the subscription's: what an account may do can lag behind it
    await put(connection, SUBSCRIPTIONS, event.model_dump(include=_COLUMNS - {"plan"}))


PROJECTION = Projection(
    "subscriptions",
    TABLES,
    {SubscriptionStarted: _started, SubscriptionChanged: _changed, EntitlementsChanged: _entitled},
    version=2,
)
