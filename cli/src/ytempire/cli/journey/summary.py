"""What a journey came to, as data for `summary.json` and as lines for a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ytempire.cli.journey.browser import Json
from ytempire.cli.journey.steps import Journey
from ytempire.cli.state import PlatformState
from ytempire.events.pnl import amount
from ytempire.eventstore.audit import Audit
from ytempire.eventstore.shadow import Rebuilt

_SLOWEST = 12
_MICROS = 1_000_000


def summarise(
    journey: Journey,
    seconds: dict[str, float],
    state: PlatformState,
    memory: dict[str, float],
    audits: list[Audit],
    rebuilt: list[tuple[str, Rebuilt]],
    video_path: Path,
) -> Json:
    """Everything the demo has to show."""
    video = journey.video()
    return {
        "seconds": seconds,
        "video": _video(journey, video, video_path),
        "publication": _publication(video),
        "pnl": _pnl(journey),
        "revenue_sources": {s["source"]: s["amount"] for s in journey.revenue["sources"]},
        "support": {
            key: journey.ticket[key]
            for key in ("ticket_id", "category", "priority", "auto_response", "estimated_response_at", "job")
        },
        "niches": [{"niche_id": n["niche_id"], "score": n["score"], "parts": n["parts"]} for n in journey.niches],
        "events": _events(audits),
        "audit": {
            "ok": all(a.ok for a in audits),
            "events_checked": sum(a.events_checked for a in audits),
            "findings": [f"{a.service}: {f}" for a in audits for f in a.findings],
        },
        "rebuild": {
            "ok": all(r.equal for _, r in rebuilt),
            "projections": [
                {"name": f"{service}.{r.projection}", "sources": list(r.sources), "rows": r.rows, "equal": r.equal}
                for service, r in rebuilt
            ],
        },
        "platform": {"start_s": state["start_seconds"], "pss_mb": memory, "clock_steps": journey.clock_steps},
        "slowest_spans": slowest_spans(Path(state["var"]) / "traces"),
    }


def _video(journey: Journey, video: Json, path: Path) -> Json:
    facts = video["rendered"]
    costs = {"compute": 0, "outside": 0}
    for cost in video["costs"]:
        costs["compute" if cost["provider"] == "compute" else "outside"] += _micros(cost["amount"]["amount"])
    bill = journey.browser.outside.get(f"{journey.browser.sandbox}/control/journal", params={"provider": "openai"})
    return {
        "video_id": journey.video_id,
        "title": video["title"],
        "path": str(path),
        **{
            k: facts[k]
            for k in ("duration_s", "width", "height", "fps", "lufs", "true_peak_dbtp", "words", "templates")
        },
        "cost_usd": video["cost"]["amount"],
        "sandbox_bill_usd": amount(_billed(bill.raise_for_status().json(), video)),
        "compute_usd": amount(costs["compute"]),
        "provider_usd": amount(costs["outside"]),
    }


def _billed(journal: Any, video: Json) -> int:
    """Micro-dollars that the outside world says it charged for this video's calls."""
    references = {c["reference"] for c in video["costs"] if c["reference"]}
    lines = journal["entries"] if isinstance(journal, dict) else journal
    return sum(int(e["cost_micros"] or 0) for e in lines if (e.get("detail") or {}).get("completion") in references)


def _publication(video: Json) -> Json:
    publication = video["publication"]
    return {
        key: publication[key]
        for key in ("platform_video_id", "url", "verified", "differences", "privacy", "published_at")
    }


def _pnl(journey: Journey) -> Json:
    statement = journey.pnl
    return {
        "revenue": statement["revenue"],
        "costs": statement["costs"],
        "subscription_cost": statement["subscription_cost"],
        "profit": statement["profit"],
        "margin": statement["margin"],
        "roi": statement["roi"],
        "from": statement["from"],
        "to": statement["to"],
        "videos_published": statement["videos_published"],
        "videos_earning": statement["videos_earning"],
        "channels": [
            {k: c[k] for k in ("channel_id", "revenue", "costs", "profit", "margin", "roi")}
            for c in statement["channels"]
        ],
    }


def _events(audits: list[Audit]) -> dict[str, int]:
    total: dict[str, int] = {}
    for audited in audits:
        for kind, count in audited.counts.items():
            name = kind.rsplit(".", 1)[0]
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def slowest_spans(folder: Path) -> list[Json]:
    """The longest steps of the longest trace: the video's way through the services."""
    spans = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
    reached: dict[str, set[str]] = {}
    for span in spans:
        reached.setdefault(span["trace"], set()).add(span["service"])
    if not reached:
        return []
    widest = max(reached, key=lambda trace: (len(reached[trace]), trace))
    chosen = sorted((s for s in spans if s["trace"] == widest), key=lambda s: -s["ms"])[:_SLOWEST]
    return [{"service": s["service"], "name": s["name"], "ms": round(s["ms"], 1), "trace": widest} for s in chosen]


def _micros(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * _MICROS + int(fraction.ljust(6, "0")) * (-1 if text.startswith("-") else 1)
