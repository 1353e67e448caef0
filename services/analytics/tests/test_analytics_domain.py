"""Figures, sales and the ledger: what is recorded, what replaces what, and that sums are exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.analytics.adapters.niche_table import profile
from ytempire.analytics.domain import affiliate, collection, ledger, sales, video
from ytempire.analytics.domain.events import ChannelNoted, CostNoted, EntryPosted, FailureNoted
from ytempire.events import Event, Money, PnlComponents
from ytempire.events.analytics import MetricsCollected, ProfitCalculated, RevenueAdjusted, RevenueRecorded
from ytempire.eventstore import derived_id

USER, CHANNEL, V1, V2 = (derived_id(name) for name in ("user", "channel", "one", "two"))
DAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 4, 12, tzinfo=UTC)
NOTED = ChannelNoted(channel_id=CHANNEL, user_id=USER, niche_id="crypto", monetised=True, refresh_token="x")


def figures(revenue: int | None, views: int = 100, day: date = DAY) -> collection.Figures:
    return collection.Figures(day, views, views - 10, 300, 5, 1, revenue)


def collected(
    history: Sequence[Event], told: Mapping[str, Sequence[collection.Figures]], at: datetime = NOW
) -> list[Event]:
    return list(collection.decide(collection.CHANNEL.fold(history), collection.Collect(at, told)))


def test_a_first_figure_is_recorded_and_a_revised_one_adjusts_it() -> None:
    history: list[Event] = [NOTED]
    metrics, recorded = collected(history, {V1: [figures(1_000_001)], V2: [figures(2)]})
    assert isinstance(metrics, MetricsCollected)
    assert isinstance(recorded, RevenueRecorded)
    assert (recorded.amount.micros, recorded.final) == (1_000_003, False)
    assert [line.amount.micros for line in recorded.lines if line.video_id == V1] == [1_000_001]
    history += [metrics, recorded]
    assert collected(history, {V1: [figures(1_000_001)], V2: [figures(2)]}) == []
    (adjusted,) = collected(history, {V1: [figures(900_000)], V2: [figures(2)]}, NOW + timedelta(days=1))
    assert isinstance(adjusted, RevenueAdjusted)
    assert (adjusted.supersedes, adjusted.amount.micros) == (recorded.revenue_id, 900_002)
    assert adjusted.revenue_id != recorded.revenue_id


def test_a_figure_becomes_final_once() -> None:
    history: list[Event] = [NOTED, *collected([NOTED], {V1: [figures(7)]})]
    late = datetime(2026, 11, 13, tzinfo=UTC)
    (final,) = collected(history, {V1: [figures(7)]}, late)
    assert isinstance(final, RevenueAdjusted)
    assert final.final
    assert collected([*history, final], {V1: [figures(7)]}, late + timedelta(days=1)) == []


def test_a_channel_outside_the_programme_has_counts_and_no_revenue() -> None:
    assert [type(e) for e in collected([NOTED], {V1: [figures(None)]})] == [MetricsCollected]


def test_no_day_is_left_out_however_long_nobody_asked() -> None:
    state = collection.CHANNEL.fold([NOTED])
    assert state.since(DAY) == DAY - timedelta(days=1)
    far = DAY + timedelta(days=40)
    known = collection.CHANNEL.fold([NOTED, *collected([NOTED], {V1: [figures(7, day=far)]})])
    assert known.since(DAY) == far - collection.WINDOW
    assert known.since(far) == far - timedelta(days=1)


def observed(history: Sequence[Event], status: str, cents: int = 1152) -> list[Event]:
    command = sales.Observe("awin", "9", status, Money.minor(cents, "USD"), DAY, V1, USER, CHANNEL, NOW)
    return list(sales.decide(sales.SALE.fold(history), command))


def test_a_sale_is_recorded_then_final() -> None:
    (pending,) = observed([], "pending")
    assert isinstance(pending, RevenueRecorded)
    assert (pending.source, pending.final, pending.amount.micros) == ("affiliate_commissions", False, 11_520_000)
    assert observed([pending], "pending") == []
    (approved,) = observed([pending], "approved")
    assert isinstance(approved, RevenueAdjusted)
    assert (approved.final, approved.amount, approved.supersedes) == (True, pending.amount, pending.revenue_id)
    assert observed([pending, approved], "approved") == []


def test_a_declined_sale_takes_its_revenue_back_and_an_unknown_one_never_was() -> None:
    (pending,) = observed([], "pending")
    (declined,) = observed([pending], "declined")
    assert isinstance(declined, RevenueAdjusted)
    assert (declined.amount.micros, declined.final) == (0, True)
    assert observed([], "declined") == []


def post(key: str, kind: Any, micros: int = 0, **more: Any) -> ledger.Post:
    return ledger.Post(USER, CHANNEL, DAY, EntryPosted(key=key, kind=kind, micros=micros, **more), NOW)


def posted(*commands: ledger.Post) -> ProfitCalculated:
    history: list[Event] = []
    for command in commands:
        history += ledger.decide(ledger.LEDGER.fold(history), command)
    last = history[-1]
    assert isinstance(last, ProfitCalculated)
    return last


def test_entries_replace_by_key_and_each_changes_the_day() -> None:
    told = posted(
        post("cost-1", "cost", 300_000),
        post("revenue-a", "revenue", 5, source="youtube_adsense", videos=(V1, V2)),
        post("revenue-b", "revenue", 7, source="affiliate_commissions", videos=(V1,)),
        post("revenue-a", "revenue", 4, source="youtube_adsense", videos=(V1, V2)),
        post("publication-1", "publication"),
        post("cost-1", "platform_cost", 300_000),
    )
    assert told.components == PnlComponents(
        revenue=11, costs=0, platform_costs=300_000, videos_published=1, videos_earning=2
    )
    assert told.revenue_by_source == {"youtube_adsense": 4, "affiliate_commissions": 7}


def test_what_is_known_already_is_not_told_again() -> None:
    state = ledger.LEDGER.fold(ledger.decide(ledger.Day(), post("cost-1", "cost", 3)))
    assert ledger.decide(state, post("cost-1", "cost", 3)) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-(10**9), 10**9)), min_size=1, max_size=20))
def test_a_day_is_the_sum_of_the_last_entry_of_each_key(entries: list[tuple[str, int]]) -> None:
    history: list[Event] = []
    for key, micros in entries:
        history += ledger.decide(ledger.LEDGER.fold(history), post(key, "revenue", micros, source="sponsorships"))
    assert ledger.components(ledger.LEDGER.fold(history)).revenue == sum(dict(entries).values())


@given(
    st.integers(1, 10**10),
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 400),
)
def test_an_invoice_spread_over_its_days_sums_exactly(micros: int, start: datetime, days: int) -> None:
    shares = ledger.subscription_days(micros, start, start + timedelta(days=days))
    assert sum(share for _, share in shares) == micros
    assert [day for day, _ in shares] == [start.date() + timedelta(days=n) for n in range(max(days, 1))]
    assert max(s for _, s in shares) - min(s for _, s in shares) <= 1


def test_a_video_keeps_each_cost_once_and_knows_that_it_failed() -> None:
    cost = CostNoted(
        video_id=V1, user_id=USER, channel_id=CHANNEL, cost_id=derived_id("c"), day=DAY, amount=Money.zero()
    )
    failed = FailureNoted(video_id=V1, user_id=USER, channel_id=CHANNEL)
    for fact in (cost, failed):
        assert video.decide(video.Video(), video.Record(fact)) == [fact]
        assert video.decide(video.VIDEO.fold([fact]), video.Record(fact)) == []


PROGRAMMES = [
    affiliate.Programme("awin", "1", "Ledgerleaf Software", "Software", "Budgeting for households", 12.0),
    affiliate.Programme("awin", "2", "Harvest Bench", "Home & Garden", "Tools and seeds", 20.0),
]


@pytest.mark.parametrize(("niche", "chosen"), [("personal_finance", "1"), ("gardening", "2")])
def test_the_offer_fits_the_niche(niche: str, chosen: str) -> None:
    best = affiliate.choose(profile(niche), PROGRAMMES)
    assert best is not None
    assert best.programme_id == chosen
    assert affiliate.choose(profile(niche), PROGRAMMES[::-1]) == best


def test_no_offer_is_better_than_one_that_does_not_fit() -> None:
    assert affiliate.choose(affiliate.NicheProfile(frozenset({"volcano"}), ()), PROGRAMMES) is None
