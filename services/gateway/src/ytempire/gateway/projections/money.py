"""Money: profit by day, revenue by source, targets and recommendations, all as analytics says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, MetaData, Table, Text, or_, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert

from ytempire.events import Envelope
from ytempire.events.analytics import (
    MonetizationRecommended,
    ProfitCalculated,
    RevenueAdjusted,
    RevenueRecorded,
    TargetReached,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

ACCOUNT = ""
"""Channel id of rows that concern the account itself."""

profits = Table(
    "profits",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    tenant_column(),
    Column("components", JSON, nullable=False),
    Column("revenue_by_source", JSON, nullable=False),
    time_column("known_at"),
    mark_column("mark"),
)

revenue = Table(
    "revenue",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    tenant_column(),
    Column("revenue_id", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("final", Boolean, nullable=False),
    time_column("known_at"),
    mark_column("mark"),
)

targets = Table(
    "targets",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    tenant_column(),
    Column("net_micros", BigInteger),
    Column("currency", Text),
)

recommendations = Table(
    "recommendations",
    TABLES,
    Column("video_id", Text, primary_key=True),
    tenant_column(),
    Column("ads", JSON),
    Column("affiliate", JSON),
    Column("sponsorship", Text),
    mark_column("mark"),
)


async def _latest_known(connection: Writing, table: Table, row: dict[str, Any]) -> None:
    """Keep what was known last; of two known at the same moment the one that was recorded later."""
    await connection.execute(_latest(table, tuple(row)), row)


@cache
def _latest(table: Table, columns: Sequence[str]) -> Insert:
    statement, key = insert(table), table.primary_key.columns.keys()
    new, old = statement.excluded, table.c
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={name: new[name] for name in columns if name not in key and name != "tenant_id"},
        where=or_(old.known_at.is_(None), tuple_(old.known_at, old.mark) < tuple_(new["known_at"], new["mark"])),
    )


async def _profit(connection: Writing, event: ProfitCalculated, envelope: Envelope) -> None:
    row: dict[str, Any] = {
        "user_id": event.user_id,
        "tenant_id": event.user_id,
        "channel_id": event.channel_id or ACCOUNT,
        "day": event.day,
        "currency": event.currency,
        "components": event.components.model_dump(),
        "revenue_by_source": event.revenue_by_source,
        "known_at": event.known_at,
        "mark": envelope.position,
    }
    await _latest_known(connection, profits, row)
    await announce(connection, event.user_id, "pnl", event.day.isoformat(), envelope)


async def _revenue(connection: Writing, event: RevenueRecorded | RevenueAdjusted, envelope: Envelope) -> None:
    row: dict[str, Any] = {
        "user_id": event.user_id,
        "tenant_id": event.user_id,
        "channel_id": event.channel_id,
        "day": event.day,
        "source": event.source,
        "reference": event.reference,
        "revenue_id": event.revenue_id,
        "micros": event.amount.micros,
        "currency": event.amount.currency,
        "lines": [line.model_dump(mode="json") for line in event.lines],
        "final": event.final,
        "known_at": event.known_at,
        "mark": envelope.position,
    }
    await _latest_known(connection, revenue, row)
    await announce(connection, event.user_id, "revenue", event.day.isoformat(), envelope)


async def _target(connection: Writing, event: TargetReached, envelope: Envelope) -> None:
    row = {
        "user_id": event.user_id,
        "tenant_id": event.user_id,
        "month": event.month,
        "net_micros": event.net_profit.micros,
        "currency": event.net_profit.currency,
    }
    await upsert(connection, targets, row)
    await announce(connection, event.user_id, "pnl", event.month.isoformat(), envelope)


async def _recommended(connection: Writing, event: MonetizationRecommended, envelope: Envelope) -> None:
    row = {
        "video_id": event.video_id,
        "tenant_id": event.user_id,
        "ads": list(event.ads),
        "affiliate": [link.model_dump(mode="json") for link in event.affiliate],
        "sponsorship": event.sponsorship,
        "mark": envelope.position,
    }
    await upsert(connection, recommendations, row, "mark")
    await announce(connection, event.user_id, "video", event.video_id, envelope)


MONEY = Projection(
    "money",
    TABLES,
    {
        ProfitCalculated: _profit,
        RevenueRecorded: _revenue,
        RevenueAdjusted: _revenue,
        TargetReached: _target,
        MonetizationRecommended: _recommended,
    },
)
