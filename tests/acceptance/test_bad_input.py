"""Bad input: each a problem document that names the field; nothing half done, nothing lost, no stack trace."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.conftest import REPOSITORY, quiet

from ytempire.cli.journey.browser import Browser, Refused
from ytempire.cli.journey.steps import Journey

UNKNOWN = "0199aaaa-0000-7000-8000-000000000000"


def refused(browser: Browser, path: str, body: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        browser.post(path, body)
    problem = caught.value.problem
    assert {"type", "title", "status", "detail", "code"} <= set(problem), problem
    assert "Traceback" not in str(problem)
    return problem


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/email"),
        ({"email": "nobody", "full_name": "A B"}, "/email"),
        ({"email": "a@example.com"}, "/full_name"),
        ({"email": "a@example.com", "full_name": "A B", "role": "admin"}, "/role"),
    ],
)
def test_a_sign_up_that_is_wrong_names_the_field(browser: Browser, body: dict[str, Any], field: str) -> None:
    problem = refused(browser, "/auth/signup", body)
    assert problem["status"] == 422
    named = {problem.get("field")} | {e.get("pointer") for e in problem.get("errors", [])}
    assert field in named, problem


def test_a_taken_address_answers_like_a_free_one_and_the_mail_says_so(customer: Journey, browser: Browser) -> None:
    who = customer.customer
    body = {"email": who.email, "full_name": "Somebody Else"}
    answered = browser.http.post("/api/v1/auth/signup", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert answered.status_code == 202

    def told() -> dict[str, Any] | None:
        inbox = browser.outside.get(f"{browser.sandbox}/inbox/messages", params={"to": who.email}).json()
        messages = inbox["messages"] if isinstance(inbox, dict) else inbox
        return next((m for m in messages if "tried to sign up with your address" in m["subject"]), None)

    browser.until(told, "The mail that says the address is taken")
    browser.log_in(who.email, who.password)


@pytest.mark.parametrize("token", ["x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "a.b.c"])
def test_a_forged_token_opens_nothing(browser: Browser, token: str) -> None:
    answered = browser.http.get("/api/v1/dashboard", headers={"Authorization": f"Bearer {token}"})
    assert answered.status_code == 401
    assert answered.headers["content-type"].startswith("application/problem+json")


def test_an_unknown_plan_is_refused_with_the_list(customer: Journey) -> None:
    problem = refused(customer.browser, "/onboarding/plan", {"plan": "platinum"})
    assert problem["code"] == "unknown_plan"
    assert "starter" in problem["detail"]


def test_a_declined_card_leaves_the_account_ready_for_another(customer: Journey) -> None:
    browser = customer.browser
    browser.post("/onboarding/plan", {"plan": "starter"})
    person = {"billing_name": "Ada", "billing_email": customer.customer.email}
    problem = refused(browser, "/onboarding/payment", {"payment_method_id": "pm_card_chargeDeclined", **person})
    assert problem["status"] == 402
    assert "payment_method_id" in problem["field"]
    customer.subscribe(quiet)
    # a card has one trial: with it the subscription begins free of charge, behind it paid
    subscription = browser.get("/onboarding")["subscription"]
    assert subscription["status"] == ("trialing" if subscription["trial_ends_at"] else "active")


def test_a_denied_consent_says_so(customer: Journey) -> None:
    customer.subscribe(quiet)
    customer.choose_niches(quiet)
    browser = customer.browser
    begun = browser.post("/channels/connect", {"niche_id": customer.niches[0]["niche_id"]})
    form = {"account": customer.customer.email, "channel": "fresh", "action": "deny"}
    back = browser.outside.post(begun["consent_url"], data=form, follow_redirects=False).headers["location"]
    answered = browser.http.get(httpx.URL(back).raw_path.decode())
    assert answered.status_code == 400
    assert answered.json()["code"] == "consent_denied"
    assert not [c for c in browser.get("/channels")["channels"] if c["status"] == "connected"]


def test_a_sixth_channel_is_beyond_the_starter_plan(subscriber: Journey) -> None:
    browser = subscriber.browser
    niche = subscriber.niches[0]["niche_id"]
    for number in range(3):
        begun = browser.post("/channels/connect", {"niche_id": niche})
        browser.follow_google(begun["consent_url"], f"more-{number}-{subscriber.customer.email}", "fresh")
    begun = browser.post("/channels/connect", {"niche_id": niche})
    with pytest.raises(Refused) as caught:
        browser.follow_google(begun["consent_url"], f"six-{subscriber.customer.email}", "fresh")
    assert caught.value.code == "channel_limit"


@pytest.mark.parametrize(
    ("brief", "words"),
    [
        ("", "brief"),
        ("   \n\t ", "brief"),
        ("\x00\x01\x02binary\x00" * 50, "brief"),
        ("word " * 220_000, "brief"),
    ],
    ids=["empty", "blank", "binary", "1 MB"],
)
def test_a_brief_that_cannot_be_used_is_refused_before_any_work(subscriber: Journey, brief: str, words: str) -> None:
    channel = subscriber.channels[0]["channel_id"]
    problem = refused(subscriber.browser, "/videos/generate", {"channel_id": channel, "brief": brief, "length_s": 75})
    assert problem["status"] in {413, 422}
    assert words in str(problem.get("field", "")) + str(problem.get("errors", ""))


def test_a_brief_that_is_not_utf_8_is_refused(subscriber: Journey) -> None:
    browser = subscriber.browser
    body = b'{"channel_id": "' + subscriber.channels[0]["channel_id"].encode() + b'", "brief": "caf\xe9 au lait"}'
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    answered = browser.http.post("/api/v1/videos/generate", content=body, headers=headers)
    assert answered.status_code in {400, 422}
    assert answered.headers["content-type"].startswith("application/problem+json")


def test_a_topic_of_ten_thousand_characters_is_refused(subscriber: Journey) -> None:
    body = {"channel_id": subscriber.channels[0]["channel_id"], "topic": "x" * 10_000, "length_s": 75}
    problem = refused(subscriber.browser, "/videos/generate", body)
    assert problem["status"] == 422
    assert "topic" in str(problem.get("field", "")) + str(problem.get("errors", ""))


@pytest.mark.parametrize(
    "path", ["/videos/{}", "/videos/status/{}", "/channels/{}", "/tickets/{}", "/operations/{}", "/videos/{}/file"]
)
def test_an_unknown_id_is_not_found(customer: Journey, path: str) -> None:
    answered = customer.browser.http.get(f"/api/v1{path.format(UNKNOWN)}")
    assert answered.status_code == 404
    assert answered.json()["code"]


def test_a_post_without_a_key_says_which_header_is_missing(customer: Journey) -> None:
    answered = customer.browser.http.post("/api/v1/onboarding/plan", json={"plan": "starter"})
    assert answered.status_code == 400
    assert "Idempotency-Key" in answered.json()["detail"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "brief"),
        (b"  \n ", "brief"),
        (b"\x00\x01\x02\x03" * 400, "brief"),
        ("caf\xe9 ".encode("latin-1") * 50, "brief"),
        (b"word " * 220_000, "brief"),
    ],
    ids=["empty", "blank", "binary", "latin-1", "1 MB"],
)
def test_the_demo_says_in_one_sentence_what_is_wrong_with_a_brief(tmp_path: Path, content: bytes, words: str) -> None:
    brief = tmp_path / "brief.md"
    brief.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "ytempire.cli", "demo", "--brief", str(brief), "--var", str(tmp_path / "var")],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "var" / "run").exists(), "nothing was started"
