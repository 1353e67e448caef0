"""Each day's profit and revenue as last known: analytics' own view of the money."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.analytics import ProfitCalculated, RevenueAdjusted, RevenueRecorded
from ytempire.eventstore import Projection, Writing, put

TABLES = MetaData()
DAYS = Table(
    "days",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("revenue", BigInteger, nullable=False),
    Column("costs", BigInteger, nullable=False),
    Column("platform_costs", BigInteger, nullable=False),
    Column("subscription", BigInteger, nullable=False),
    Column("videos_published", Integer, nullable=False),
    Column("videos_earning", Integer, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
)
REVENUE = Table(
    "revenue",
    TABLES,
    Column("channel_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
)


async def _profit(connection: Writing, event: ProfitCalculated, _: Envelope) -> None:
    row: dict[str, Any] = {
        "user_id": event.user_id,
        "channel_id": event.channel_id or "",
        "day": event.day,
        **event.components.model_dump(),
        "known_at": event.known_at,
    }
    await put(connection, DAYS, row)


async def _revenue(connection: Writing, event: RevenueRecorded | RevenueAdjusted, _: Envelope) -> None:
    row: dict[str, Any] = {
        "channel_id": event.channel_id,
        "day": event.day,
        "source": event.source,
        "reference": event.reference,
        "user_id": event.user_id,
        "micros": event.amount.micros,
        "currency": event.amount.currency,
        "final": event.final,
        "known_at": event.known_at,
    }
    await put(connection, REVENUE, row)


PROJECTION = Projection(
    "profit", TABLES, {ProfitCalculated: _profit, RevenueRecorded: _revenue, RevenueAdjusted: _revenue}
)
