"""Rows of the read models as answers say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ytempire.events.journey import STEPS, next_step
from ytempire.events.preferences import VideoPreferences
from ytempire.events.signals import StageProgress
from ytempire.gateway.http.answers import API, money, spoken
from ytempire.gateway.journey import steps_view
from ytempire.gateway.reading import Row

DEFAULT_PREFERENCES: Mapping[str, Any] = {
    **VideoPreferences().model_dump(),
    "timezone": "UTC",
    "dashboard_layout": {},
    "version": 0,
}


def preferences_of(row: Row | None) -> dict[str, Any]:
    """An account's preferences, with the defaults for what was never set."""
    return {**DEFAULT_PREFERENCES, **((row or {}).get("preferences") or {})}


def reminders_of(row: Row | None) -> bool:
    """Whether reminders of a journey that stands still are wanted; they are until somebody says otherwise."""
    return (row or {}).get("reminders") is not False


def account_view(user_id: str, row: Row | None, *, billing: bool = True) -> dict[str, Any]:
    """An account; without ``billing`` not what is paid for it."""
    known: Row = row or {}
    return {
        "user_id": user_id,
        "created_at": known.get("created_at"),
        "is_beta": known.get("is_beta"),
        "plan": _plan(known) if billing else None,
        "entitlements": _entitlements(known),
        "subscription": _subscription(known) if billing else None,
        "onboarding_completed": known.get("completed_at") is not None,
        "preferences": preferences_of(row),
    }


def _plan(row: Row) -> dict[str, Any] | None:
    if row.get("plan") is None:
        return None
    return {
        "plan": row["plan"],
        "price": money(row["price_micros"], row["price_currency"]),
        "interval": row["plan_interval"],
        "channels": row["plan_channels"],
        "videos_per_day": row["plan_videos_per_day"],
        "trial_days": row["trial_days"],
    }


def _entitlements(row: Row) -> dict[str, Any] | None:
    if row.get("entitled") is None:
        return None
    return {
        "plan": row["entitled_plan"],
        "active": row["entitled"],
        "channels": row["entitled_channels"],
        "videos_per_day": row["entitled_videos_per_day"],
    }


def _subscription(row: Row) -> dict[str, Any] | None:
    if row.get("subscription_status") is None:
        return None
    return {
        "subscription_id": row["subscription_id"],
        "status": row["subscription_status"],
        "trial_ends_at": row["trial_ends_at"],
        "period_start": row["period_start"],
        "period_end": row["period_end"],
        "cancels_at": row["cancels_at"],
        "pause_begins": row["pause_begins"],
        "pause_ends": row["pause_ends"],
        "next_plan": row["next_plan"],
        "grace_ends_at": row["grace_ends_at"],
    }


def billing_view(
    row: Row | None,
    card: Row | None,
    invoices: Iterable[Row],
    tax: Row | None = None,
    discount: Row | None = None,
) -> dict[str, Any]:
    """What is paid for, what it allows, how it goes on, and how it is paid."""
    known: Row = row or {}
    shown = ("brand", "last4", "exp_month", "exp_year")
    return {
        "subscription": _subscription(known),
        "entitlements": _entitlements(known),
        "next_invoice": _next_invoice(known),
        "tax": {name: tax[name] for name in ("country", "treatment", "percent", "vat_id")} if tax else None,
        "discount": _discount(discount),
        "card": {name: card[name] for name in shown} if card else None,
        "invoices": [_invoice(invoice) for invoice in invoices],
    }


def _next_invoice(row: Row) -> dict[str, Any] | None:
    """What the next period will cost, without tax, if there is one."""
    price = money(row.get("next_price_micros"), row.get("next_price_currency"))
    return price and {"at": row["period_end"], "net": price}


def _discount(row: Row | None) -> dict[str, Any] | None:
    """What a code takes off the invoices to come, if one does."""
    if row is None or row["code"] is None:
        return None
    off = row["amount"] and money(row["amount"]["micros"], row["amount"]["currency"])
    return {
        "code": row["code"],
        "percent": row["percent"],
        "amount": off,
        **{k: row[k] for k in ("duration", "months")},
    }


def _invoice(row: Row) -> dict[str, Any]:
    return {
        "invoice_id": row["invoice_id"],
        "status": "paid" if row["paid_at"] else "open",
        "net": money(row["net_micros"], row["currency"]),
        "tax": money(row["tax_micros"], row["currency"]),
        "tax_percent": row["tax_percent"],
        "reverse_charge": row["reverse_charge"],
        "period_start": row["period_start"],
        "period_end": row["period_end"],
        "paid_at": row["paid_at"],
        "failed_at": row["failed_at"],
    }


def onboarding_view(user_id: str, row: Row | None, steps: Iterable[Row], *, billing: bool = True) -> dict[str, Any]:
    """The journey: what is done, what is next, what was chosen; without ``billing`` not what is paid for it."""
    done = {step["step"]: step["completed_at"] for step in steps}
    known: Row = row or {}
    return {
        "user_id": user_id,
        "steps": steps_view(done),
        "completed_steps": [s for s in STEPS if s in done],
        "next_step": next_step(done.keys()),
        "completed": known.get("completed_at") is not None,
        "plan": _plan(known) if billing else None,
        "entitlements": _entitlements(known),
        "subscription": _subscription(known) if billing else None,
        "recommended_niches": known.get("recommended_niches") or [],
        "chosen_niches": known.get("chosen_niches") or [],
        "preferences": preferences_of(row),
        "reminders": {"wanted": reminders_of(row)},
    }


def channel_view(row: Row) -> dict[str, Any]:
    return {
        "channel_id": row["channel_id"],
        "niche_id": row["niche_id"],
        "status": channel_status(row),
        "reason": row["reason"],
        "youtube_channel_id": row["youtube_channel_id"],
        "title": row["title"] or row["pending_title"],
        "monetised": row["monetised"],
        "scopes": row["scopes"],
        "healthy": row["healthy"],
        "health_reason": row["health_reason"],
        "requested_at": row["requested_at"],
        "connected_at": row["connected_at"],
    }


def channel_status(row: Row) -> str:
    """``pending`` until its owner agreed at Google, ``connecting``, ``connected``, ``rejected`` or ``disconnected``."""
    if row["state"] or row["slot"] == "refused":
        return row["state"] or "rejected"
    return "connecting" if row["requested_at"] else "pending"


def niche_name(account: Row | None, niche_id: str) -> str:
    """What a niche is called, as far as it was recommended to the account."""
    offered = (account["recommended_niches"] if account else None) or ()
    return next((niche["name"] for niche in offered if niche["niche_id"] == niche_id), niche_id)


def video_status(row: Row) -> str:
    """One word for where a video is between the wish and the audience."""
    if row["state"] in ("rejected", "failed"):
        return str(row["state"])
    if row["publication"] is not None:
        return "publish_failed" if row["publication"] == "failed" else str(row["publication"])
    return {"rendered": "rendered", "accepted": "rendering"}.get(row["state"] or "", "requested")


FINAL = ("rejected", "failed", "published", "publish_failed")


def video_progress(row: Row, live: StageProgress | None) -> dict[str, Any]:
    """Status, stage and percent: the read model's, or a signal that is further."""
    status, percent, stage, detail = video_status(row), row["percent"] or 0, row["stage"], ""
    if row["state"] == "rendered":
        percent = 100
    elif live is not None and live.percent >= percent:
        percent, stage, detail = live.percent, live.stage, live.detail
    return {
        "video_id": row["video_id"],
        "status": status,
        "stage": stage,
        "percent": percent,
        "detail": detail,
        "failure": row["failure"] or row["problem"],
    }


def video_summary(row: Row, live: StageProgress | None) -> dict[str, Any]:
    """A video in a list."""
    facts = row["rendered"] or {}
    cost = facts.get("cost") or {}
    return {
        **video_progress(row, live),
        "channel_id": row["channel_id"],
        "title": row["title"],
        "topic": row["topic"],
        "requested_at": row["requested_at"],
        "rendered_at": row["rendered_at"],
        "approved_at": row["approved_at"],
        "duration_s": facts.get("duration_s"),
        "cost": money(cost.get("micros"), cost.get("currency")),
        "cost_limit": money(row["cost_limit_micros"], row["cost_limit_currency"]),
        "publication": _publication(row),
    }


def _publication(row: Row) -> dict[str, Any] | None:
    if row["publication"] is None and row["publish_refusal"] is None:
        return None
    return {
        "status": row["publication"],
        "publish_at": row["publish_at"],
        "published_at": row["published_at"],
        "platform_video_id": row["platform_video_id"],
        "url": row["url"],
        "privacy": row["privacy"],
        "verified": row["verified"],
        "differences": row["differences"],
        "refusal": row["publish_refusal"],
    }


def video_view(
    row: Row,
    live: StageProgress | None,
    stages: Sequence[Row],
    costs: Sequence[Row],
    recommendation: Row | None,
    media_token: str,
) -> dict[str, Any]:
    """Everything about one video."""
    facts = spoken(row["rendered"]) if row["rendered"] else None
    return {
        **video_summary(row, live),
        "style": row["style"],
        "length_s": row["length_s"],
        "from_brief": row["from_brief"],
        "requested_by": row["requested_by"],
        "first": row["first"],
        "slot": {"status": row["slot"], "day": row["slot_day"]},
        "stages": [{key: stage[key] for key in ("stage", "percent", "completed_at")} for stage in stages],
        "costs": [cost_view(cost) for cost in costs],
        "cost_totals": cost_totals(costs),
        "quality": row["quality"],
        "rendered": facts,
        "monetization": _recommendation(recommendation),
        "links_applied": row["links"],
        "links": media_links(row["video_id"], media_token) if facts else None,
    }


def media_links(video_id: str, token: str) -> dict[str, str]:
    """Addresses of the files, good for players that cannot send headers."""
    base = f"{API}/videos/{video_id}"
    return {name: f"{base}/{name}?token={token}" for name in ("file", "thumbnail", "captions")}


def cost_view(row: Row) -> dict[str, Any]:
    return {
        "cost_id": row["cost_id"],
        "stage": row["stage"],
        "provider": row["provider"],
        "bearer": row["bearer"],
        "amount": money(row["micros"], row["currency"]),
        "quantity": row["quantity"],
        "reference": row["reference"],
        "at": row["at"],
    }


def cost_totals(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Sums by bearer and provider, exact."""
    sums: dict[tuple[str, str, str], int] = {}
    for row in rows:
        kind = (row["bearer"], row["provider"], row["currency"])
        sums[kind] = sums.get(kind, 0) + row["micros"]
    return [
        {"bearer": bearer, "provider": provider, "amount": money(micros, currency)}
        for (bearer, provider, currency), micros in sorted(sums.items())
    ]


def _recommendation(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"ads": row["ads"], "affiliate": row["affiliate"], "sponsorship": row["sponsorship"]}


def ticket_view(row: Row, replies: Sequence[Row] = ()) -> dict[str, Any]:
    return {
        "ticket_id": row["ticket_id"],
        "video_id": row["video_id"],
        "status": row["status"] or "received",
        "category": row["category"],
        "confidence": row["confidence"],
        "priority": row["priority"],
        "auto_response": row["auto_response"],
        "estimated_response_at": row["estimated_response_at"],
        "job": row["job"],
        "resolution": row["resolution"],
        "requested_at": row["requested_at"],
        "opened_at": row["opened_at"],
        "replies": [{key: reply[key] for key in ("template", "automatic", "at")} for reply in replies],
    }
