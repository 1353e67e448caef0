"""Profit and loss from its components: the one place where margin, roi and averages are computed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from ytempire.events.base import Value
from ytempire.events.money import MICROS

MONTHLY_TARGET_MICROS = 10_000 * MICROS
"""The goal a customer is measured against: 10,000.00 of net profit in a calendar month (guide 2.2)."""


class PnlComponents(Value):
    """What a day, channel or user earned and cost, in micro-units of one currency. Components add up."""

    revenue: int = 0
    costs: int = 0
    """Cost of videos that were delivered; failed work is the platform's (``platform_costs``)."""
    platform_costs: int = 0
    subscription: int = 0
    videos_published: int = 0
    videos_earning: int = 0

    def __add__(self, other: PnlComponents) -> PnlComponents:
        mine, theirs = self.model_dump(), other.model_dump()
        return PnlComponents(**{key: mine[key] + theirs[key] for key in mine})


class Pnl(Value):
    """A statement for a range. Amounts are decimals as strings; a ratio without a denominator is null."""

    revenue: str
    costs: str
    platform_costs: str
    subscription_cost: str
    gross_profit: str
    profit: str
    margin: str | None
    """Net profit over revenue, in percent."""
    roi: str | None
    """Net profit over costs and subscription, in percent."""
    videos_published: int
    videos_earning: int
    avg_revenue_per_earning_video: str | None
    target_reached: bool | None
    """Only for a whole calendar month of a user, otherwise null."""

    @classmethod
    def from_components(cls, parts: Iterable[PnlComponents], *, calendar_month: bool = False) -> Pnl:
        """Compute a statement from unrounded sums; each figure is rounded once, at the end."""
        total = sum(parts, PnlComponents())
        gross = total.revenue - total.costs
        net = gross - total.subscription
        spent = total.costs + total.subscription
        return cls(
            revenue=amount(total.revenue),
            costs=amount(total.costs),
            platform_costs=amount(total.platform_costs),
            subscription_cost=amount(total.subscription),
            gross_profit=amount(gross),
            profit=amount(net),
            margin=_percent(net, total.revenue),
            roi=_percent(net, spent),
            videos_published=total.videos_published,
            videos_earning=total.videos_earning,
            avg_revenue_per_earning_video=_average(total.revenue, total.videos_earning),
            target_reached=net >= MONTHLY_TARGET_MICROS if calendar_month else None,
        )


def amount(micros: int) -> str:
    """Micro-units as an exact decimal of at least two places: ``1.5`` is ``1.50``, a micro-dollar ``0.000001``."""
    text = f"{Decimal(micros) / MICROS:.6f}"
    whole, fraction = text.split(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _percent(part: int, whole: int) -> str | None:
    if whole == 0:
        return None
    return str((Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def _average(total: int, count: int) -> str | None:
    if count == 0:
        return None
    return amount(int((Decimal(total) / count).to_integral_value(ROUND_HALF_EVEN)))
