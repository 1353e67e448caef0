"""P&L and revenue from what analytics published: any range, any order of arrival."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ytempire.events import Money, PnlComponents
from ytempire.events.analytics import ProfitCalculated, RevenueAdjusted, RevenueLine, RevenueRecorded
from ytempire.eventstore import new_id

DAY = date(2026, 3, 10)
KNOWN = datetime(2026, 3, 12, tzinfo=UTC)


def profit(user_id: str, channel_id: str | None, day: date, known_days: int, **parts: int) -> ProfitCalculated:
    return ProfitCalculated(
        user_id=user_id,
        channel_id=channel_id,
        day=day,
        currency="USD",
        components=PnlComponents(**parts),
        revenue_by_source={"youtube_adsense": parts.get("revenue", 0)},
        known_at=KNOWN + timedelta(days=known_days),
    )


async def a_channel(person: Any) -> str:
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    state = begun["consent_url"].split("state=")[1].split("&")[0]
    await person.get("/oauth/google/callback", params={"state": state, "code": "good"})
    return begun["channel_id"]


async def test_profit_of_any_range_counts_what_was_known_last(person: Any) -> None:
    channel = await a_channel(person)
    user = person.user_id
    events = [
        profit(user, channel, DAY, 0, revenue=1_000_000, costs=400_000),
        profit(user, channel, DAY, 1, revenue=3_000_001, costs=400_000, videos_published=1, videos_earning=2),
        profit(user, channel, DAY + timedelta(days=1), 0, revenue=2_000_000),
        profit(user, None, DAY, 0, subscription=500_000),
        profit(user, channel, date(2026, 4, 1), 0, revenue=9_000_000),
    ]
    random.Random(7).shuffle(events)
    for number, event in enumerate(events):
        await person.platform.world.say("analytics", f"profit-{number}-{user}", event)
    asked = "/pnl?from=2026-03-01&to=2026-03-31"
    seen = await person.until(asked, lambda p: p["revenue"] == "5.000001" and p["subscription_cost"] == "0.50")
    assert seen["costs"] == "0.40"
    assert seen["gross_profit"] == "4.600001"
    assert seen["profit"] == "4.100001"
    assert seen["margin"] == "82.00"
    assert seen["target_reached"] is False
    assert seen["target"] == "10000.00"
    assert seen["avg_revenue_per_earning_video"] == "2.50"
    assert [d["day"] for d in seen["daily"]] == ["2026-03-10", "2026-03-11"]
    of_channel = (await person.get(f"{asked}&channel_id={channel}")).json()
    assert of_channel["profit"] == "4.600001"
    assert of_channel["target_reached"] is None
    one_day = (await person.get("/pnl?from=2026-03-11&to=2026-03-11")).json()
    assert (one_day["revenue"], one_day["roi"], one_day["target_reached"]) == ("2.00", None, None)
    nothing = (await person.get("/pnl?from=2026-05-01&to=2026-05-02")).json()
    assert (nothing["profit"], nothing["margin"]) == ("0.00", None)
    for bad in ("from=2026-03-02&to=2026-03-01", "period=month&from=2026-03-01", "from=never", "period=year"):
        assert (await person.get(f"/pnl?{bad}")).status_code == 422


async def test_revenue_by_source_with_corrections(person: Any) -> None:
    channel, user = await a_channel(person), person.user_id

    def amount(micros: int) -> dict[str, Any]:
        value = Money(micros=micros, currency="USD")
        return {"amount": value, "lines": (RevenueLine(amount=value),)}

    common = {"user_id": user, "channel_id": channel, "day": DAY, "reference": "report-1"}
    first = RevenueRecorded(
        **common, revenue_id=new_id(), source="youtube_adsense", **amount(7_000_000), known_at=KNOWN, final=False
    )
    corrected = RevenueAdjusted(
        **common,
        revenue_id=new_id(),
        supersedes=first.revenue_id,
        source="youtube_adsense",
        **amount(6_500_000),
        known_at=KNOWN + timedelta(days=3),
        final=True,
    )
    sale = RevenueRecorded(
        **(common | {"reference": "awin-9"}),
        revenue_id=new_id(),
        source="affiliate_commissions",
        **amount(12_340_000),
        known_at=KNOWN,
        final=True,
    )
    # the correction arrives before what it corrects
    for number, event in enumerate((corrected, first, sale)):
        await person.platform.world.say("analytics", f"revenue-{number}-{user}", event)
    seen = await person.until("/revenue?from=2026-03-01&to=2026-03-31", lambda r: len(r["sources"]) == 2)
    assert seen["sources"] == [
        {"source": "affiliate_commissions", "amount": "12.34", "currency": "USD"},
        {"source": "youtube_adsense", "amount": "6.50", "currency": "USD"},
    ]
    assert len(seen["entries"]) == 2


async def test_the_dashboard_of_a_new_account(person: Any) -> None:
    seen = (await person.get("/dashboard")).json()
    assert seen["totals"]["videos"] == 0
    assert seen["pnl_month"]["profit"] == "0.00"
    assert seen["pnl_month"]["target_reached"] is False
    assert seen["pnl_30_days"]["target_reached"] is None
