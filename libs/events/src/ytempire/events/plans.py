"""The plans on offer: one dated list for whoever shows, sells or charges them.

Events keep what was chosen at the time, so that a new price changes nothing that was agreed before.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from ytempire.events.money import Money

Interval = Literal["month", "year"]
"""How long a payment lasts."""
INTERVALS: tuple[Interval, ...] = get_args(Interval)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a plan costs and allows from a day on."""

    plan: str
    valid_from: datetime
    monthly: Money
    yearly: Money
    channels: int
    videos_per_day: int
    trial_days: int

    def price(self, interval: Interval) -> Money:
        return self.yearly if interval == "year" else self.monthly


@cache
def catalogue() -> tuple[Offer, ...]:
    """Every offer that was ever made or is announced."""
    text = (files("ytempire.events") / "plans.toml").read_text(encoding="utf-8")
    return tuple(
        Offer(
            plan=entry["plan"],
            valid_from=entry["valid_from"],
            monthly=Money.parse(entry["monthly"], entry["currency"]),
            yearly=Money.parse(entry["yearly"], entry["currency"]),
            channels=entry["channels"],
            videos_per_day=entry["videos_per_day"],
            trial_days=entry["trial_days"],
        )
        for entry in tomllib.loads(text)["offer"]
    )


def on_offer(at: datetime, offers: Iterable[Offer] | None = None) -> dict[str, Offer]:
    """The plans that can be had at a moment, by name, cheapest first."""
    known = sorted(catalogue() if offers is None else offers, key=lambda offer: offer.valid_from)
    current = {offer.plan: offer for offer in known if offer.valid_from <= at}
    return dict(sorted(current.items(), key=lambda entry: entry[1].monthly.micros))
