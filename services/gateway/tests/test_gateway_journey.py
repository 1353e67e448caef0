"""The journey through the gateway's own doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit


async def test_an_account_goes_through_onboarding(person: Any) -> None:
    me = (await person.get("/me")).json()
    assert me["user_id"] == person.user_id
    plan = await person.post("/onboarding/plan", {"plan": "starter"})
    assert plan.status_code == 200, plan.text
    assert plan.json()["price"] == {"amount": "97.00", "currency": "USD"}
    paid = await person.post(
        "/onboarding/payment",
        {"payment_method_id": "pm_card_visa", "billing_name": "Mara", "billing_email": "m@example.com"},
    )
    assert paid.status_code == 200, paid.text
    assert person.platform.world.opened[-1] == {"name": "Mara", "email": "m@example.com"}
    niches = await person.post("/onboarding/niches", {"interests": ["money"], "experience": "beginner"})
    assert len(niches.json()["niches"]) == 5
    chosen = await person.post("/onboarding/niches/choice", {"niche_ids": ["niche-0", "niche-1"]})
    assert chosen.json()["niche_ids"] == ["niche-0", "niche-1"]
    saved = await person.post("/onboarding/preferences", {"timezone": "America/New_York", "video_length_s": 60})
    assert saved.status_code == 200, saved.text
    seen = await person.until("/onboarding", lambda o: o["subscription"] and o["entitlements"])
    assert seen["next_step"] == "payment_setup"
    assert (await person.get("/me")).json()["is_beta"] is True
    assert seen["completed_steps"] == ["account_creation", "email_verification", "subscription_selection"]
    assert seen["chosen_niches"] == ["niche-0", "niche-1"]
    assert seen["preferences"]["timezone"] == "America/New_York"
    assert (await person.get("/dashboard")).json()["timezone"] == "America/New_York"


async def connect_channel(person: Any, code: str = "good") -> Any:
    begun = await person.post("/channels/connect", {"niche_id": "niche-0"})
    assert begun.status_code == 201, begun.text
    query = parse_qs(urlsplit(begun.json()["consent_url"]).query)
    assert query["code_challenge_method"] == ["S256"]
    returned = await person.get("/oauth/google/callback", params={"state": query["state"][0], "code": code})
    return begun.json()["channel_id"], query["state"][0], returned


async def test_a_video_is_asked_for_and_followed(person: Any) -> None:
    channel_id, _, returned = await connect_channel(person)
    assert returned.status_code == 200, returned.text
    assert "analytics_grant" not in returned.text
    assert (await person.get(f"/channels/{channel_id}")).json()["status"] == "connected"
    made = await person.post("/videos/generate", {"channel_id": channel_id, "topic": "Compound interest"})
    assert made.status_code == 201, made.text
    video_id = made.json()["video_id"]
    assert made.headers["location"].endswith(video_id)
    status = (await person.get(f"/videos/status/{video_id}")).json()
    assert status["status"] == "rendering"
    approved = await person.post(f"/videos/{video_id}/approve")
    assert approved.status_code == 200, approved.text
    published = await person.post(f"/videos/{video_id}/publish", {"privacy": "public"})
    assert published.status_code == 200, published.text
    shown = await person.until(f"/videos/{video_id}", lambda v: v["approved_at"] and v["slot"]["status"])
    assert shown["status"] == "scheduled"
    assert shown["slot"]["status"] == "reserved"
    assert (await person.get("/videos")).json()["videos"][0]["video_id"] == video_id


async def test_a_ticket(person: Any) -> None:
    opened = await person.post("/tickets", {"subject": "No sound", "message": "my video has no sound"})
    assert opened.status_code == 201, opened.text
    assert opened.json()["category"] == "technical_issue"
    ticket = await person.until(f"/tickets/{opened.json()['ticket_id']}", lambda t: t["replies"])
    assert ticket["replies"][0]["template"] == "no_sound"


async def test_a_late_decision_is_202_with_an_operation(person: Any, new_person: Callable[[], Any]) -> None:
    channel_id, _, _ = await connect_channel(person)
    late = await person.post("/videos/generate", {"channel_id": channel_id, "topic": "decided later"})
    assert late.status_code == 202, late.text
    operation = await person.http.get(late.headers["location"])
    assert operation.json()["status"] == "pending"
    other = await new_person()
    assert (await other.http.get(late.headers["location"])).status_code == 404
