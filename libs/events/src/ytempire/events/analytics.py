"""Metrics, revenue, profit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ytempire.events.base import Event, Value
from ytempire.events.money import Money
from ytempire.events.pnl import PnlComponents
from ytempire.events.values import AffiliateLink, Id

RevenueSource = Literal[
    "youtube_adsense",
    "affiliate_commissions",
    "sponsorships",
    "product_placements",
    "channel_memberships",
    "super_chat",
]
REVENUE_SOURCES: tuple[RevenueSource, ...] = (
    "youtube_adsense",
    "affiliate_commissions",
    "sponsorships",
    "product_placements",
    "channel_memberships",
    "super_chat",
)


class MetricLine(Value):
    video_id: Id
    views: int
    engaged_views: int
    watch_minutes: int
    likes: int = 0
    comments: int = 0


class MetricsCollected(Event, owner="analytics"):
    """YouTube's figures of one channel for one Pacific day; a later one for the same day replaces it."""

    channel_id: Id
    user_id: Id
    day: date
    lines: tuple[MetricLine, ...]
    known_at: datetime


class RevenueLine(Value):
    amount: Money
    video_id: Id | None = None


class RevenueRecorded(Event, owner="analytics"):
    """What one channel earned from one source on one day, as known at ``known_at``."""

    revenue_id: Id
    user_id: Id
    channel_id: Id
    day: date
    source: RevenueSource
    amount: Money
    """Sum of the lines."""
    lines: tuple[RevenueLine, ...]
    known_at: datetime
    final: bool
    reference: str
    """The provider's report or transaction."""


class RevenueAdjusted(Event, owner="analytics"):
    """A correction: what is now known replaces what was known of the same channel, day, source and reference."""

    revenue_id: Id
    supersedes: Id
    user_id: Id
    channel_id: Id
    day: date
    source: RevenueSource
    amount: Money
    lines: tuple[RevenueLine, ...]
    known_at: datetime
    final: bool
    reference: str


class ProfitCalculated(Event, owner="analytics"):
    """The components of one day's profit, of a channel or (without one) of the account itself."""

    user_id: Id
    channel_id: Id | None
    day: date
    currency: str
    components: PnlComponents
    revenue_by_source: dict[str, int]
    """Micro-units by revenue source."""
    known_at: datetime


class MonetizationRecommended(Event, owner="analytics"):
    """How a finished video should earn; publisher applies the links."""

    video_id: Id
    user_id: Id
    channel_id: Id
    ads: tuple[str, ...]
    affiliate: tuple[AffiliateLink, ...]
    sponsorship: str


class TargetReached(Event, owner="analytics"):
    """A calendar month's net profit reached the goal."""

    user_id: Id
    month: date
    net_profit: Money


class AnomalyDetected(Event, owner="analytics"):
    """A figure of a channel is far from what its own past makes likely."""

    user_id: Id
    channel_id: Id
    kind: str
    message: str


class ReportIssued(Event, owner="analytics"):
    """A report of a period was made for the account."""

    user_id: Id
    kind: str
    period_start: date
    period_end: date
