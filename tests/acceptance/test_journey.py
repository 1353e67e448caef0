"""The main job, end to end: from an e-mail address to a published video and its profit."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.conftest import BRIEF

from ytempire.cli.auditing import audit_platform
from ytempire.cli.commands.demo import walk
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.rebuilding import rebuild_platform
from ytempire.cli.state import PlatformState
from ytempire.cli.stores import projections_of

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def summary(platform: PlatformState) -> dict[str, Any]:
    from rich.console import Console

    return walk(Path(platform["var"]), BRIEF.read_text(encoding="utf-8"), Console(quiet=True))


def test_the_video_is_what_was_promised(summary: dict[str, Any]) -> None:
    video = summary["video"]
    assert video["duration_s"] >= 60
    assert (video["width"], video["height"], video["fps"]) == (1920, 1080, 30)
    assert abs(video["lufs"] + 14) <= 1
    assert video["true_peak_dbtp"] <= -1
    assert len(video["templates"]) >= 8
    assert Path(video["path"]).stat().st_size > 1_000_000


def test_its_cost_is_the_bill_plus_measured_compute(summary: dict[str, Any]) -> None:
    video = summary["video"]
    assert Decimal(video["sandbox_bill_usd"]) > 0
    assert Decimal(video["compute_usd"]) > 0
    assert Decimal(video["cost_usd"]) == Decimal(video["sandbox_bill_usd"]) + Decimal(video["compute_usd"])
    assert Decimal(video["cost_usd"]) <= 3


def test_it_was_published_and_read_back(summary: dict[str, Any]) -> None:
    assert summary["publication"]["verified"] is True
    assert summary["publication"]["privacy"] == "public"
    assert summary["publication"]["differences"] == []


def test_two_sources_earned_and_the_profit_adds_up(summary: dict[str, Any]) -> None:
    assert set(summary["revenue_sources"]) == {"youtube_adsense", "affiliate_commissions"}
    pnl = {key: Decimal(summary["pnl"][key]) for key in ("revenue", "costs", "subscription_cost", "profit")}
    assert pnl["revenue"] == sum(map(Decimal, summary["revenue_sources"].values()))
    assert pnl["profit"] == pnl["revenue"] - pnl["costs"] - pnl["subscription_cost"]
    assert pnl["costs"] == Decimal(summary["video"]["cost_usd"])


def test_support_answers_with_the_job(summary: dict[str, Any]) -> None:
    support = summary["support"]
    assert support["category"] == "technical_issue"
    assert support["priority"] in {"normal", "high", "urgent"}
    assert support["auto_response"] == "no_sound"
    assert support["estimated_response_at"]
    assert support["job"]["video_id"] == summary["video"]["video_id"]


def test_the_five_events_carry_their_names(summary: dict[str, Any]) -> None:
    for name in ("UserCreated", "PlanSelected", "VideoRequested", "VideoRendered", "RevenueRecorded"):
        assert summary["events"].get(name, 0) >= 1, name


def test_every_log_is_whole_and_every_read_model_rebuilds_equal(summary: dict[str, Any], plan: PlatformPlan) -> None:
    assert all(a.ok for a in asyncio.run(audit_platform(plan)))
    rebuilt = asyncio.run(rebuild_platform(plan, lambda service, done: None))
    assert [f"{s}.{r.projection}" for s, r in rebuilt if not r.equal] == []
    defined = {f"{service}.{p.name}" for service in plan.services for p in projections_of(service)}
    assert {f"{service}.{r.projection}" for service, r in rebuilt} == defined


def test_one_trace_runs_through_the_services(summary: dict[str, Any]) -> None:
    spans = summary["slowest_spans"]
    assert spans
    assert len({span["service"] for span in spans}) >= 2
