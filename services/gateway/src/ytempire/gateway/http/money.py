"""Profit and loss, revenue, dashboard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from ytempire.gateway.features.statements import (
    Days,
    daily,
    month_of,
    profit_rows,
    revenue_by_source,
    rolling,
    statement,
    today,
    week_of,
)
from ytempire.gateway.http.answers import API, PROBLEMS, Json, known_id
from ytempire.gateway.http.identity import EdgeNow, MoneyReads, Overview
from ytempire.gateway.problems import Problem, not_found
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts
from ytempire.gateway.projections.channels import CHANNELS, channels
from ytempire.gateway.projections.tickets import TICKETS, tickets
from ytempire.gateway.projections.video_tables import videos
from ytempire.gateway.projections.videos import VIDEOS
from ytempire.gateway.reading import Row, TenantReads
from ytempire.gateway.roles import Permission
from ytempire.gateway.views import (
    FINAL,
    account_view,
    channel_view,
    preferences_of,
    video_status,
    video_summary,
)

router = APIRouter(prefix=API, tags=["money"], responses=PROBLEMS)

_MOST_DAYS = 366 * 5
_LATEST = 10


async def asked_days(
    edge: EdgeNow,
    reads: MoneyReads,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    period: Literal["day", "week", "month", "30d"] | None = None,
) -> Days:
    """The range asked for, in the user's zone; this calendar month without one."""
    now = today(edge.clock.now(), preferences_of(await reads.one(ACCOUNTS, accounts))["timezone"])
    if first is None and last is None:
        ranges = {"day": Days(now, now), "week": week_of(now), "30d": rolling(now, 30)}
        return ranges.get(period or "month", month_of(now))
    if period is not None:
        raise Problem(422, "two_ranges", "Ask by period or by from and to, not by both.", field="period")
    days = Days(first or last or now, last or now)
    if days.last < days.first:
        raise Problem(422, "range_reversed", "The range ends before it begins. Exchange from and to.", field="to")
    if days.count > _MOST_DAYS:
        raise Problem(422, "range_too_long", "A range may have at most five years. Choose a shorter one.", field="from")
    return days


async def asked_channel(reads: MoneyReads, channel_id: str | None = None) -> str | None:
    """The tenant's channel that was asked for, if one was."""
    if channel_id is None:
        return None
    if await reads.one(CHANNELS, channels, channels.c.channel_id == known_id(channel_id, "channel")) is None:
        raise not_found("channel", "channel_id")
    return channel_id


AskedDays = Annotated[Days, Depends(asked_days)]
AskedChannel = Annotated[str | None, Depends(asked_channel)]


@router.get("/pnl", summary="Profit and loss of the account or one channel, for any range of days")
async def pnl(reads: MoneyReads, days: AskedDays, channel_id: AskedChannel) -> Response:
    rows = await profit_rows(reads, days, channel_id)
    shown = statement(rows, days, whole_account=channel_id is None)
    return Json({"channel_id": channel_id, **shown, "daily": daily(rows), "channels": _by_channel(rows, days)})


@router.get("/revenue", summary="Revenue by source and day, as known now")
async def revenue(reads: MoneyReads, days: AskedDays, channel_id: AskedChannel) -> Response:
    return Json({"channel_id": channel_id, **await revenue_by_source(reads, days, channel_id)})


@router.get("/dashboard", summary="Everything at a glance, as far as your role may see it")
async def dashboard(edge: EdgeNow, acting: Overview) -> Response:
    reads = acting.reads(edge)
    account = await reads.one(ACCOUNTS, accounts)
    zone, now = preferences_of(account)["timezone"], edge.clock.now()
    day = today(now, zone)
    made = await reads.rows(VIDEOS, videos, order=(videos.c.video_id.desc(),), limit=1000)
    owned = await reads.rows(CHANNELS, channels, order=(channels.c.channel_id,))
    earned = await _earned(reads, day) if acting.may(Permission.SEE_MONEY) else _Earned()
    open_tickets = await reads.rows(TICKETS, tickets, tickets.c.status.is_distinct_from("resolved"))
    return Json(
        {
            "at": now,
            "timezone": zone,
            "account": account_view(reads.tenant, account, billing=acting.may(Permission.SEE_BILLING)),
            "totals": _totals(owned, made, len(open_tickets)),
            "usage": _usage(account, owned, made, day),
            "pnl_month": earned.month,
            "pnl_30_days": earned.last30,
            "channels": [
                {**channel_view(row), "pnl_30_days": earned.by_channel.get(row["channel_id"])} for row in owned
            ],
            "videos": [video_summary(row, edge.hub.progress(reads.tenant, row["video_id"])) for row in made[:_LATEST]],
        }
    )


@dataclass(frozen=True, slots=True)
class _Earned:
    """What the dashboard says of money; nothing to whoever may not see it."""

    month: dict[str, Any] | None = None
    last30: dict[str, Any] | None = None
    by_channel: dict[str, Any] = field(default_factory=dict)


async def _earned(reads: TenantReads, day: date) -> _Earned:
    month, last30 = month_of(day), rolling(day, 30)
    rows = await profit_rows(reads, Days(min(month.first, last30.first), month.last))
    this_month = [row for row in rows if row["day"] >= month.first]
    recent = [row for row in rows if last30.first <= row["day"] <= last30.last]
    return _Earned(
        statement(this_month, month, whole_account=True),
        {**statement(recent, last30, whole_account=True), "daily": daily(recent)},
        {line["channel_id"]: line for line in _by_channel(recent, last30)},
    )


def _by_channel(rows: list[Row], days: Days) -> list[dict[str, Any]]:
    """A statement for each channel; the account's own costs (subscription) are not part of any."""
    ids = sorted({row["channel_id"] for row in rows if row["channel_id"]})
    return [
        {
            "channel_id": channel_id,
            **statement([r for r in rows if r["channel_id"] == channel_id], days, whole_account=False),
        }
        for channel_id in ids
    ]


def _totals(owned: list[Row], made: list[Row], open_tickets: int) -> dict[str, int]:
    statuses = [video_status(row) for row in made]
    return {
        "channels": sum(row["state"] == "connected" for row in owned),
        "videos": len(made),
        "videos_in_progress": sum(s not in (*FINAL, "rendered") for s in statuses),
        "videos_rendered": sum(row["state"] == "rendered" for row in made),
        "videos_published": sum(s == "published" for s in statuses),
        "videos_failed": sum(s in ("failed", "publish_failed") for s in statuses),
        "tickets_open": open_tickets,
    }


def _usage(account: Row | None, owned: list[Row], made: list[Row], day: date) -> dict[str, Any]:
    """What the plan allows and what is used of it."""
    used_today = sum(row["slot"] in ("reserved", "consumed") and row["slot_day"] == day for row in made)
    return {
        "channels": sum(row["slot"] == "reserved" for row in owned),
        "channels_limit": account["entitled_channels"] if account else None,
        "videos_today": used_today,
        "videos_per_day_limit": account["entitled_videos_per_day"] if account else None,
        "day": day,
        "next_day": day + timedelta(days=1),
    }
