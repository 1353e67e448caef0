"""What each step of the journey needs, in terms of this API, and how it is revisited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ytempire.events.journey import STEPS, missing

_API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Guide:
    """How a step is done."""

    method: str
    path: str
    fields: Mapping[str, bool]
    """Fields of the body, and whether they are required."""
    says: str
    revisit: str
    """What can be done about it later, a sentence."""
    again: str | None = None
    """Method and path by which it is revisited; None where it is done for good."""


GUIDES: Mapping[str, Guide] = {
    "account_creation": Guide(
        "POST",
        "/auth/signup",
        {"email": True, "full_name": True, "company_name": False},
        "Sign up with an e-mail address.",
        "An account is made once.",
    ),
    "email_verification": Guide(
        "POST",
        "/auth/verify",
        {"token": True, "password": True},
        "Follow the link in the mail we sent you, which proves that the address is yours, and choose a password.",
        "An address is proven once. Another link can be asked for until then.",
    ),
    "subscription_selection": Guide(
        "POST",
        "/onboarding/plan",
        {"plan": True, "interval": False},
        "Choose a plan from GET /plans. Nothing is charged yet.",
        "Choose another plan as often as you like until it is paid; from then on it is changed under billing.",
        "POST /onboarding/plan",
    ),
    "payment_setup": Guide(
        "POST",
        "/onboarding/payment",
        {"payment_method_id": True, "billing_name": True, "billing_email": True},
        "Pay the plan with a payment method that Stripe's form made; a trial charges nothing until it ends.",
        "Another card can pay at any time.",
        "POST /billing/card",
    ),
    "niche_selection": Guide(
        "POST",
        "/onboarding/niches/choice",
        {"niche_ids": True},
        "Ask for niches that suit you at POST /onboarding/niches, then choose up to as many as your plan has channels.",
        "Choose others at any time; channels keep the niche they were connected with.",
        "POST /onboarding/niches/choice",
    ),
    "channel_connection": Guide(
        "POST",
        "/channels/connect",
        {"niche_id": True},
        "Connect a YouTube channel: open consent_url and agree at Google.",
        "Connect more channels at any time, up to as many as your plan has.",
        "POST /channels/connect",
    ),
    "content_preferences": Guide(
        "POST",
        "/onboarding/preferences",
        dict.fromkeys(
            (
                "video_style",
                "video_length_s",
                "auto_publish",
                "timezone",
                "dashboard_layout",
                "language",
                "voice",
                "brand_colour",
                "brand_accent",
                "font_kit",
                "version",
            ),
            False,
        ),
        "Say how videos are made and which time zone your day follows. What you leave out takes its default.",
        "Save others at any time, with the version you changed; a channel may have its own.",
        "POST /onboarding/preferences",
    ),
    "first_video_generation": Guide(
        "POST",
        "/videos/generate",
        {"channel_id": True, "topic": False, "brief": False},
        "Ask for your first video. It takes no slot of your day; without a topic we choose one for beginners.",
        "There is one such video. If it fails you may ask again, three times in all; every other one is of your plan.",
        "POST /videos/generate",
    ),
}


def steps_view(done: Mapping[str, datetime | None]) -> list[dict[str, Any]]:
    """Each step with its state, what it needs and how it is revisited."""
    return [_step(step, done) for step in STEPS]


def _step(step: str, done: Mapping[str, datetime | None]) -> dict[str, Any]:
    guide, waits_for = GUIDES[step], missing(step, done.keys())
    fields = [{"name": name, "required": required} for name, required in guide.fields.items()]
    return {
        "step": step,
        "state": "done" if step in done else "locked" if waits_for else "open",
        "completed": step in done,
        "completed_at": done.get(step),
        "waits_for": [] if step in done else list(waits_for),
        "needs": {"method": guide.method, "path": _API + guide.path, "fields": fields, "says": guide.says},
        "revisit": {"possible": guide.again is not None, "by": _by(guide.again), "says": guide.revisit},
    }


def _by(again: str | None) -> dict[str, str] | None:
    if again is None:
        return None
    method, path = again.split(" ")
    return {"method": method, "path": _API + path}
