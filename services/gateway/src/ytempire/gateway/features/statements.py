"""Profit and loss and revenue for any range of days, from the days' components."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ytempire.events import Pnl, PnlComponents
from ytempire.events.analytics import REVENUE_SOURCES
from ytempire.events.pnl import MONTHLY_TARGET_MICROS, amount
from ytempire.gateway.projections.money import MONEY, profits, revenue
from ytempire.gateway.reading import Row, TenantReads

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Days:
    """A range of calendar days, both ends included."""

    first: date
    last: date

    @property
    def is_month(self) -> bool:
        return self.first.day == 1 and self.last == month_of(self.first).last

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1


def month_of(day: date) -> Days:
    return Days(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def week_of(day: date) -> Days:
    """Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Days(monday, monday + timedelta(days=6))


def rolling(day: date, days: int) -> Days:
    """The last ``days`` days up to and including ``day``."""
    return Days(day - timedelta(days=days - 1), day)


def today(now: datetime, zone: str) -> date:
    """The date in a person's zone; UTC's if the zone is not known."""
    try:
        return now.astimezone(ZoneInfo(zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return now.date()


async def profit_rows(reads: TenantReads, days: Days, channel_id: str | None = None) -> list[Row]:
    conditions = [profits.c.day >= days.first, profits.c.day <= days.last, profits.c.currency == CURRENCY]
    if channel_id is not None:
        conditions.append(profits.c.channel_id == channel_id)
    return await reads.rows(MONEY, profits, *conditions, order=(profits.c.day, profits.c.channel_id), limit=100_000)


def statement(rows: list[Row], days: Days, *, whole_account: bool) -> dict[str, Any]:
    """A P&L over days, with what it is made of."""
    parts = [PnlComponents.model_validate(row["components"]) for row in rows]
    figures = Pnl.from_components(parts, calendar_month=days.is_month and whole_account)
    return {
        "from": days.first,
        "to": days.last,
        "currency": CURRENCY,
        "known_at": max((row["known_at"] for row in rows), default=None),
        **figures.model_dump(),
        "revenue_by_source": _by_source(rows),
        "target": amount(_target(days)) if whole_account else None,
    }


def daily(rows: list[Row]) -> list[dict[str, Any]]:
    """Each day's sums, for charts."""
    sums: dict[date, PnlComponents] = {}
    for row in rows:
        sums[row["day"]] = sums.get(row["day"], PnlComponents()) + PnlComponents.model_validate(row["components"])
    return [
        {
            "day": day,
            "revenue": amount(total.revenue),
            "costs": amount(total.costs),
            "subscription": amount(total.subscription),
            "profit": amount(total.revenue - total.costs - total.subscription),
        }
        for day, total in sorted(sums.items())
    ]


def _by_source(rows: list[Row]) -> dict[str, str]:
    sums = dict.fromkeys(REVENUE_SOURCES, 0)
    for row in rows:
        for source, micros in row["revenue_by_source"].items():
            sums[source] = sums.get(source, 0) + micros
    return {source: amount(micros) for source, micros in sums.items()}


def _target(days: Days) -> int:
    """The month's goal, or its share for the days of another range."""
    if days.is_month:
        return MONTHLY_TARGET_MICROS
    total, day = 0, days.first
    while day <= days.last:
        total += MONTHLY_TARGET_MICROS // month_of(day).count
        day += timedelta(days=1)
    return total


async def revenue_by_source(reads: TenantReads, days: Days, channel_id: str | None) -> dict[str, Any]:
    """What came in, by source and day, as known now."""
    conditions = [revenue.c.day >= days.first, revenue.c.day <= days.last]
    if channel_id is not None:
        conditions.append(revenue.c.channel_id == channel_id)
    rows = await reads.rows(
        MONEY,
        revenue,
        *conditions,
        order=(revenue.c.day, revenue.c.source, revenue.c.channel_id, revenue.c.reference),
        limit=100_000,
    )
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        kind = (row["source"], row["currency"])
        sums[kind] = sums.get(kind, 0) + row["micros"]
    return {
        "from": days.first,
        "to": days.last,
        "known_at": max((row["known_at"] for row in rows), default=None),
        "sources": [
            {"source": source, "amount": amount(micros), "currency": currency}
            for (source, currency), micros in sorted(sums.items())
        ],
        "entries": [_entry(row) for row in rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    return {
        "revenue_id": row["revenue_id"],
        "channel_id": row["channel_id"],
        "day": row["day"],
        "source": row["source"],
        "amount": amount(row["micros"]),
        "currency": row["currency"],
        "final": row["final"],
        "known_at": row["known_at"],
        "reference": row["reference"],
        "lines": [{"video_id": line["video_id"], "amount": amount(line["amount"]["micros"])} for line in row["lines"]],
    }
