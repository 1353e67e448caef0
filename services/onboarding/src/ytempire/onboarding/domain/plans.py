"""The plans that are on offer."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events import Money


@dataclass(frozen=True, slots=True)
class Plan:
    """What a month costs and allows."""

    name: str
    price: Money
    channels: int
    videos_per_day: int
    trial_days: int


def _plan(name: str, usd: int, channels: int, videos_per_day: int, trial_days: int) -> Plan:
    return Plan(name, Money.parse(usd, "USD"), channels, videos_per_day, trial_days)


PLANS = {
    plan.name: plan
    for plan in (
        _plan("starter", 97, 5, 15, 7),
        _plan("growth", 297, 10, 30, 7),
        _plan("scale", 797, 25, 75, 0),
    )
}
