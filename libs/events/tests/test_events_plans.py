"""The price list: the plans as they were promised, and dates that decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ytempire.events import Money
from ytempire.events.plans import catalogue, on_offer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "usd", "channels", "videos", "trial"),
    [("starter", 97, 5, 15, 7), ("growth", 297, 10, 30, 7), ("scale", 797, 25, 75, 0)],
)
def test_the_plans_as_they_were_promised(plan: str, usd: int, channels: int, videos: int, trial: int) -> None:
    offer = on_offer(NOW)[plan]
    assert offer.price("month") == Money.parse(usd, "USD")
    assert offer.price("year") == Money.parse(usd * 10, "USD")
    assert (offer.channels, offer.videos_per_day, offer.trial_days) == (channels, videos, trial)


def test_plans_are_listed_by_price() -> None:
    assert list(on_offer(NOW)) == ["starter", "growth", "scale"]


def test_a_new_price_holds_from_its_day_and_leaves_the_old_one_in_the_list() -> None:
    old = on_offer(NOW)["starter"]
    new = replace(old, valid_from=NOW + timedelta(days=1), monthly=Money.parse(99, "USD"))
    offers = [new, *catalogue()]
    assert on_offer(new.valid_from - timedelta(microseconds=1), offers)["starter"] == old
    assert on_offer(new.valid_from, offers)["starter"] == new
    assert on_offer(old.valid_from - timedelta(seconds=1), offers) == {}


def test_no_two_offers_of_a_plan_begin_at_once() -> None:
    begins = [(offer.plan, offer.valid_from) for offer in catalogue()]
    assert len(begins) == len(set(begins))
