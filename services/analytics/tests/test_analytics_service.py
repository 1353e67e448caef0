"""Analytics on PostgreSQL against the real Google and Awin stand-ins, over days of virtual time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaFileUpload
from sqlalchemy import func, select

from ytempire.analytics.bootstrap import DEFINITION
from ytempire.analytics.domain.events import CollectionDue
from ytempire.analytics.projections.profit import DAYS, PROJECTION, REVENUE
from ytempire.chassis.testing import Bench
from ytempire.events import Money
from ytempire.events.analytics import (
    MetricsCollected,
    MonetizationRecommended,
    ProfitCalculated,
    RevenueAdjusted,
    RevenueRecorded,
)
from ytempire.events.billing import InvoicePaid
from ytempire.events.media import CostIncurred, VideoRendered, VideoRenderFailed
from ytempire.events.publisher import ChannelConnected, VideoPublished
from ytempire.events.values import AssetRef
from ytempire.eventstore import Claim, derived_id, new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.shadow import rebuild
from ytempire.sandbox.google import testkit

_accounts = (f"analytics-{number}@figures.example" for number in itertools.count())


@pytest.fixture
async def analytics(run_service: Any) -> AsyncIterator[Bench]:
    async with run_service(DEFINITION) as bench:
        yield bench


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return testkit.write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", 600, payload=2000)


@dataclass
class Channel:
    """A channel at YouTube that the service knows."""

    user_id: str
    channel_id: str
    google: testkit.Connection

    def figures(self, first: date, last: date, metrics: str) -> list[Any]:
        """What YouTube tells when it is asked directly."""
        answer = self.google.analytics.reports().query(
            ids="channel==MINE", startDate=str(first), endDate=str(last), metrics=metrics, dimensions="day"
        )
        return list(answer.execute().get("rows", []))


async def connect(
    bench: Bench, outside: Any, kind: str, scopes: tuple[str, ...] = testkit.ALL_SCOPES, niche: str = "personal_finance"
) -> Channel:
    google = testkit.connect(outside.url, outside.addresses.ca, next(_accounts), kind, scopes)
    grant = {"refresh_token": google.tokens["refresh_token"]}
    channel = Channel(new_id(), new_id(), google)
    event = ChannelConnected(
        channel_id=channel.channel_id,
        user_id=channel.user_id,
        niche_id=niche,
        youtube_channel_id="UC1",
        title="A channel",
        monetised=kind == "established",
        scopes=scopes,
        analytics_grant=bench.host.sealer.seal("analytics", grant, bench.host.clock.now(), timedelta(days=1)),
    )
    await bench.deliver(event, tenant=channel.user_id)
    return channel


async def publish(bench: Bench, channel: Channel, film: Path, *, video_id: str = "", text: str = "") -> str:
    """A public video of the channel, told as publisher tells it; YouTube's id of it."""
    body = {
        "snippet": {"title": "Budgeting for beginners", "categoryId": "27", "description": text},
        "status": {"privacyStatus": "public"},
    }
    insert = channel.google.youtube.videos().insert(
        part="snippet,status", body=body, media_body=MediaFileUpload(str(film))
    )
    platform_video_id = str(insert.execute()["id"])
    event = VideoPublished(
        video_id=video_id or new_id(),
        user_id=channel.user_id,
        channel_id=channel.channel_id,
        platform_video_id=platform_video_id,
        url="https://youtube.example",
        privacy="public",
        published_at=bench.host.clock.now(),
    )
    told = await bench.deliver(event, tenant=channel.user_id)
    await bench.deliver(event, tenant=channel.user_id, id=told.id)
    return platform_video_id


async def live(bench: Bench, outside: Any, *steps: int) -> None:
    """Days pass, so many at a time."""
    for days in steps:
        outside.advance(days=days)
        await bench.settle()


async def test_a_monetised_channel_s_figures_are_recorded_and_revised(
    analytics: Bench, outside: Any, film: Path
) -> None:
    channel = await connect(analytics, outside, "established")
    await publish(analytics, channel, film)
    await live(analytics, outside, 1, 1, 1, 2, 2, 3, 3, 4)
    recorded = await analytics.events(RevenueRecorded)
    adjusted = await analytics.events(RevenueAdjusted)
    days = [event.day for event in recorded]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert len(days) >= 14
    assert {e.source for e in recorded} == {"youtube_adsense"}
    ids = {event.revenue_id for event in recorded}
    revised = [event for event in adjusted if event.supersedes in ids]
    assert {event.day for event in revised} >= set(days[:4])
    known = {event.day: event for event in [*recorded, *adjusted]}
    told = channel.figures(days[0], days[-1], "views,estimatedRevenue")
    assert {date.fromisoformat(row[0]): Decimal(repr(row[2])) for row in told} == {
        day: event.amount.decimal() for day, event in known.items()
    }
    assert [known[day].final for day in days[:3]] == [True] * 3
    assert not known[days[-1]].final
    views = {event.day: sum(line.views for line in event.lines) for event in await analytics.events(MetricsCollected)}
    assert views == {date.fromisoformat(row[0]): row[1] for row in told}
    await check_money(analytics, sum(event.amount.micros for event in known.values()))
    await nothing_new(analytics, channel)


async def check_money(bench: Bench, micros: int) -> None:
    """Ledger and read models say what was recorded, and are what the log makes of them."""
    last = {event.day: event for event in await bench.events(ProfitCalculated)}
    assert sum(event.components.revenue for event in last.values()) == micros
    assert sum(event.components.videos_published for event in last.values()) == 1
    async with bench.host.models.reading(PROJECTION) as connection:
        assert await connection.scalar(select(func.sum(DAYS.c.revenue))) == micros
        assert await connection.scalar(select(func.sum(REVENUE.c.micros))) == micros
    assert (await verify(bench.store)).findings == []

    async def no_foreign_log(_: str, first: int) -> AsyncIterator[Any]:
        for nothing in ():
            yield nothing

    assert (await rebuild(bench.store, bench.host.models, PROJECTION, no_foreign_log)).equal


async def nothing_new(bench: Bench, channel: Channel) -> None:
    """A second collection of the same moment records nothing."""
    before = len(await bench.log())
    due = CollectionDue(channel_id=channel.channel_id, user_id=channel.user_id)
    await bench.store.append(f"channel-{channel.channel_id}", due, claim=Claim("test", "again"))
    await bench.settle()
    assert len(await bench.log()) == before + 1


async def test_a_fresh_channel_has_counts_and_no_revenue(analytics: Bench, outside: Any, film: Path) -> None:
    channel = await connect(analytics, outside, "fresh")
    await publish(analytics, channel, film)
    await live(analytics, outside, 3, 1)
    metrics = await analytics.events(MetricsCollected)
    assert metrics
    assert all(line.views > 0 for event in metrics for line in event.lines)
    assert await analytics.events(RevenueRecorded) == []


async def test_without_consent_to_the_money_the_counts_remain(analytics: Bench, outside: Any, film: Path) -> None:
    channel = await connect(analytics, outside, "established", testkit.ALL_SCOPES[:3])
    await publish(analytics, channel, film)
    await live(analytics, outside, 3)
    assert await analytics.events(MetricsCollected)
    assert await analytics.events(RevenueRecorded) == []


async def test_days_nobody_asked_for_are_made_up_for(analytics: Bench, outside: Any, film: Path) -> None:
    channel = await connect(analytics, outside, "established")
    await publish(analytics, channel, film)
    await live(analytics, outside, 3)
    outside.advance(days=40)
    outside.fault("youtubeanalytics", "status", status=503, count=2)
    await analytics.settle()
    days = [event.day for event in await analytics.events(RevenueRecorded)]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert len(days) >= 40


async def test_a_revoked_grant_ends_the_figures_and_not_the_days(analytics: Bench, outside: Any, film: Path) -> None:
    channel = await connect(analytics, outside, "established")
    await publish(analytics, channel, film)
    outside.fault("google-oauth", "provider", name="revoke")
    await live(analytics, outside, 1, 1)
    assert await analytics.events(MetricsCollected) == []
    assert len(await analytics.events(CollectionDue)) == 2


def rendered(channel: Channel, video_id: str) -> VideoRendered:
    ref = AssetRef(key="a", sha256="0" * 64, bytes=1, media_type="video/mp4")
    return VideoRendered(
        video_id=video_id, user_id=channel.user_id, channel_id=channel.channel_id, title="Budgets", summary="",
        chapters=(), sources=(), credits=(), tags=(), video=ref, thumbnail=ref, captions=ref, duration_s=600,
        width=1920, height=1080, fps=30, lufs=-14, true_peak_dbtp=-1, words=100, templates={}, cost=Money.zero(),
    )  # fmt: skip


async def test_a_sale_leads_back_to_its_video(analytics: Bench, outside: Any, film: Path) -> None:
    channel, video_id = await connect(analytics, outside, "fresh"), new_id()
    await analytics.deliver(rendered(channel, video_id), tenant=channel.user_id)
    await analytics.settle()
    (recommended,) = await analytics.events(MonetizationRecommended)
    (offer,) = recommended.affiliate
    assert offer.sub_id == video_id
    assert f"clickref={video_id}" in offer.url
    assert recommended.ads == ()
    await publish(analytics, channel, film, video_id=video_id, text=f"{offer.disclosure} {offer.url}")
    await live(analytics, outside, *[3] * 8)
    (pending,) = await analytics.events(RevenueRecorded)
    (approved,) = await analytics.events(RevenueAdjusted)
    assert (pending.source, pending.final, approved.final) == ("affiliate_commissions", False, True)
    assert [line.video_id for line in pending.lines] == [video_id]
    assert (pending.user_id, pending.channel_id) == (channel.user_id, channel.channel_id)
    assert approved.supersedes == pending.revenue_id
    assert approved.amount == pending.amount
    earned = [e for e in await analytics.events(ProfitCalculated) if e.components.revenue]
    assert {e.components.revenue for e in earned} == {pending.amount.micros}
    assert earned[-1].revenue_by_source == {"affiliate_commissions": pending.amount.micros}
    tenants = {r.meta["tenant"] for r in await analytics.log() if r.type == RevenueRecorded.type_name()}
    assert tenants == {channel.user_id}


async def test_without_the_network_the_video_goes_without_a_link(analytics: Bench, outside: Any) -> None:
    channel = await connect(analytics, outside, "established")
    outside.fault("awin", "status", status=403, count=9)
    await analytics.deliver(rendered(channel, new_id()), tenant=channel.user_id)
    await analytics.settle()
    (recommended,) = await analytics.events(MonetizationRecommended)
    assert recommended.affiliate == ()
    assert len(recommended.ads) == 3


def cost(video_id: str, user_id: str, channel_id: str, micros: int) -> CostIncurred:
    return CostIncurred(
        cost_id=derived_id("cost", video_id, str(micros)),
        video_id=video_id,
        user_id=user_id,
        channel_id=channel_id,
        stage="script",
        provider="openai",
        bearer="customer",
        amount=Money(micros=micros, currency="USD"),
        quantity="812 tokens",
    )


async def test_what_a_failed_video_cost_is_the_platform_s(analytics: Bench) -> None:
    user_id, channel_id, good, bad = (new_id() for _ in range(4))
    for event in (cost(good, user_id, channel_id, 5_000), cost(bad, user_id, channel_id, 70_000)):
        told = await analytics.deliver(event, tenant=user_id)
        await analytics.deliver(event, tenant=user_id, id=told.id)
    await analytics.settle()
    last = (await analytics.events(ProfitCalculated))[-1]
    assert (last.components.costs, last.components.platform_costs) == (75_000, 0)
    failed = VideoRenderFailed(
        video_id=bad, user_id=user_id, channel_id=channel_id, stage="voice", code="x", message="No."
    )
    await analytics.deliver(failed, tenant=user_id)
    await analytics.deliver(cost(bad, user_id, channel_id, 200), tenant=user_id)
    await analytics.settle()
    last = (await analytics.events(ProfitCalculated))[-1]
    assert (last.components.costs, last.components.platform_costs) == (5_000, 70_200)


async def test_an_invoice_costs_a_share_of_each_day_it_pays_for(analytics: Bench) -> None:
    user_id, start = new_id(), datetime(2026, 12, 5, 9, 30, tzinfo=UTC)
    paid = InvoicePaid(
        user_id=user_id,
        invoice_id="in_1",
        net=Money.parse("97.00", "USD"),
        tax=Money.zero(),
        period_start=start,
        period_end=datetime(2027, 1, 5, 9, 30, tzinfo=UTC),
    )
    told = await analytics.deliver(paid, tenant=user_id)
    await analytics.deliver(paid, tenant=user_id, id=told.id)
    await analytics.deliver(paid.model_copy(update={"invoice_id": "in_0", "net": Money.zero()}), tenant=user_id)
    profits = await analytics.events(ProfitCalculated)
    assert [p.day for p in profits] == [start.date() + timedelta(days=n) for n in range(31)]
    assert sum(p.components.subscription for p in profits) == 97_000_000
    assert {p.channel_id for p in profits} == {None}
