"""Bad input, keys, sessions, webhooks, documents: what the door itself decides."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import psycopg
import pytest

from ytempire.eventstore import new_id

API = "/api/v1"
PASSWORD = "correct horse 7 battery"


def problem(answered: Any, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    assert answered.status_code == status, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    said = answered.json()
    assert said["status"] == status
    assert said["code"] == code, said
    assert said.get("field") == field, said
    assert said["detail"].endswith(".")
    assert "Traceback" not in answered.text
    return said


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"email": "nobody"}, "invalid_email", "/email"),
        ({"email": None}, "not_text", "/email"),
        ({"full_name": "  "}, "too_short", "/full_name"),
        ({"full_name": "A\u0000B"}, "not_text", "/full_name"),
        ({"nickname": "M"}, "unknown_field", "/nickname"),
    ],
)
async def test_sign_up_names_the_field(stranger: Any, change: dict[str, Any], code: str, field: str) -> None:
    body = {"email": stranger.email, "full_name": "Mara"} | change
    problem(await stranger.post("/auth/signup", body), 422, code, field)


async def test_several_wrong_fields_are_all_named(stranger: Any) -> None:
    said = problem(await stranger.post("/auth/signup", {"email": "x"}), 422, "invalid_fields", "/email")
    assert [error["pointer"] for error in said["errors"]] == ["/email", "/full_name"]


async def test_a_taken_address_is_answered_like_a_free_one(person: Any, stranger: Any) -> None:
    said = []
    for email in (person.email.upper(), stranger.email):
        answered = await stranger.post("/auth/signup", {"email": email, "full_name": "Other"})
        said.append((answered.status_code, answered.json()))
    assert said[0] == said[1]
    assert said[0][0] == 202
    login = await person.http.post(f"{API}/auth/login", json={"email": person.email, "password": PASSWORD})
    assert login.json()["user_id"] == person.user_id


async def test_an_unknown_verification_token(stranger: Any) -> None:
    body = {"token": "forged", "password": PASSWORD}
    problem(await stranger.post("/auth/verify", body), 422, "token_unknown", "/token")


async def test_a_log_in_after_a_sign_up_does_not_tell_whether_the_address_was_taken(person: Any, stranger: Any) -> None:
    said = []
    for address in (stranger.email, person.email):
        assert (await stranger.post("/auth/signup", {"email": address, "full_name": "Somebody"})).status_code == 202
        given = {"email": address, "password": "a stranger's 5 words"}
        login = await stranger.http.post(f"{API}/auth/login", json=given)
        said.append(problem(login, 401, "invalid_credentials"))
    assert said[0] == said[1]
    assert "follow the link" in said[0]["detail"]


@pytest.mark.parametrize("token", ["x", "x.y.z", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
async def test_forged_tokens(stranger: Any, token: str) -> None:
    answered = await stranger.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answered.status_code == 401
    assert answered.json()["code"] == "invalid_token"


async def test_every_post_needs_a_key(person: Any) -> None:
    for path in ("/onboarding/plan", "/tickets", "/channels/connect", "/auth/signup"):
        answered = await person.http.post(API + path, json={"plan": "starter"})
        if answered.status_code != 400:
            pytest.fail(f"{path}: {answered.text}")
        problem(answered, 400, "idempotency_key_missing", "Idempotency-Key")


async def test_a_repeated_post_answers_the_same_and_is_done_once(person: Any) -> None:
    key = new_id()
    body = {"subject": "Hello", "message": "One question"}
    answers = await asyncio.gather(*(person.post("/tickets", body, key) for _ in range(5)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["ticket_id"] for a in answers}) == 1
    assert len((await person.get("/tickets")).json()["tickets"]) == 1
    other = await person.post("/tickets", body | {"message": "Another question"}, key)
    problem(other, 422, "idempotency_key_reused", "Idempotency-Key")


async def test_a_repeated_sign_up_makes_one_account(stranger: Any) -> None:
    key = new_id()
    body = {"email": stranger.email, "full_name": "Mara"}
    for _ in range(3):
        assert (await stranger.post("/auth/signup", body, key)).status_code == 202
    with psycopg.connect(stranger.platform.gateway_dsn) as connection:
        row = connection.execute(
            "select count(*) from es.events where type = 'SignUpRequested.v1' and data->>'user_id' in"
            " (select resource_id from idempotency where key = %s)",
            [key],
        ).fetchone()
    assert row == (1,)


async def test_an_owners_refusal_is_a_problem(person: Any) -> None:
    problem(await person.post("/onboarding/plan", {"plan": "gold"}), 422, "unknown_plan", "/plan")
    payment = {"payment_method_id": "pm_declined", "billing_name": "M", "billing_email": "m@example.com"}
    problem(await person.post("/onboarding/payment", payment), 402, "card_declined", "/payment_method_id")
    problem(
        await person.post("/onboarding/preferences", {"timezone": "Mars/Base"}), 422, "unknown_timezone", "/timezone"
    )


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"brief": ""}, 422, "brief_empty", "/brief"),
        ({"brief": " \n\t "}, 422, "brief_empty", "/brief"),
        ({"brief": "a\u0000b"}, 422, "brief_not_text", "/brief"),
        ({"brief": "x" * 1_000_000}, 422, "brief_too_long", "/brief"),
        ({"brief": "x" * 2_000_000}, 413, "body_too_large", "/brief"),
        ({"topic": "x" * 10_000}, 422, "too_long", "/topic"),
        ({"length_s": 5}, 422, "too_small", "/length_s"),
        ({"length_s": "long"}, 422, "not_a_number", "/length_s"),
        ({"channel_id": new_id()}, 404, "not_found", "/channel_id"),
        ({"channel_id": "mine"}, 404, "not_found", "/channel_id"),
    ],
)
async def test_a_bad_brief(person: Any, fields: dict[str, Any], status: int, code: str, field: str) -> None:
    answered = await person.post("/videos/generate", {"channel_id": new_id()} | fields)
    problem(answered, status, code, field)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "malformed_json"),
        (b'{"channel_id": "\xff\xfe"}', "malformed_body"),
        (b"\x00\x01\x02", "malformed_json"),
    ],
)
async def test_a_body_that_is_no_json(person: Any, content: bytes, code: str) -> None:
    headers = {"Idempotency-Key": new_id(), "Content-Type": "application/json"}
    problem(await person.http.post(f"{API}/videos/generate", content=content, headers=headers), 400, code)


async def test_lone_surrogates_are_not_text(person: Any) -> None:
    headers = {"Idempotency-Key": new_id(), "Content-Type": "application/json"}
    content = b'{"subject": "\\ud800", "message": "m"}'
    problem(await person.http.post(f"{API}/tickets", content=content, headers=headers), 422, "not_text", "/subject")


async def test_addresses_and_methods_that_are_not_there(stranger: Any) -> None:
    problem(await stranger.get("/nothing"), 404, "not_found")
    problem(await stranger.http.delete(f"{API}/channels"), 405, "method_not_allowed")


async def test_consent(person: Any, stranger: Any) -> None:
    async def begin() -> dict[str, str]:
        begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
        return {"state": begun["consent_url"].split("state=")[1].split("&")[0]}

    callback = "/oauth/google/callback"
    problem(await person.get(callback, params={"state": "forged", "code": "c"}), 400, "unknown_state", "state")
    state = await begin()
    problem(await stranger.get(callback, params=state | {"code": "c"}), 400, "other_browser", "state")
    denied = state | {"error": "access_denied"}
    problem(await person.get(callback, params=denied), 400, "consent_denied", "error")
    page = await person.get(callback, params=denied, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "You did not allow access" in page.text
    assert (await person.get(callback, params=state | {"code": "good"})).status_code == 200
    assert (await person.get(callback, params=state | {"code": "good"})).status_code == 200
    problem(await person.get(callback, params=state | {"code": "other"}), 400, "used_state", "state")
    taken = await begin()
    refused = await person.get(callback, params=taken | {"code": "bad"})
    problem(refused, 409, "channel_already_connected", "/channel_id")


async def test_a_channel_is_titled_and_pending_until_its_owner_agreed(person: Any) -> None:
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    channel_id, denied = begun["channel_id"], {"error": "access_denied"}
    pending = await person.until(f"/channels/{channel_id}", lambda c: True)
    assert (pending["status"], pending["title"]) == ("pending", "Channel 1 - niche-0")
    video = {"channel_id": channel_id, "topic": "Too early"}
    problem(await person.post("/videos/generate", video), 409, "channel_pending", "/channel_id")
    state = {"state": begun["consent_url"].split("state=")[1].split("&")[0]}
    problem(await person.get("/oauth/google/callback", params=state | denied), 400, "consent_denied", "error")
    again = (await person.post("/channels/connect", {"channel_id": channel_id})).json()
    assert again["channel_id"] == channel_id
    state = {"state": again["consent_url"].split("state=")[1].split("&")[0]}
    assert (await person.get("/oauth/google/callback", params=state | {"code": "good"})).status_code == 200
    connected = await person.until(f"/channels/{channel_id}", lambda c: c["status"] == "connected")
    assert connected["title"] != pending["title"]
    late = await person.post("/channels/connect", {"channel_id": channel_id})
    problem(late, 409, "channel_not_pending", "/channel_id")
    problem(await person.post("/channels/connect", {}), 422, "niche_missing", "/niche_id")
    problem(await person.post("/channels/connect", {"channel_id": new_id()}), 404, "not_found", "/channel_id")
    assert [c["channel_id"] for c in (await person.get("/channels")).json()["channels"]] == [channel_id]


async def test_the_same_connect_opens_the_same_consent(person: Any) -> None:
    key = new_id()
    first, second = [await person.post("/channels/connect", {"niche_id": "n"}, key) for _ in range(2)]
    assert first.json() == second.json()


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={int(at)},v1=00,v1={digest}"}


async def test_stripe_webhooks(stranger: Any) -> None:
    webhook_id = f"evt_{new_id()}"
    body = json.dumps({"id": webhook_id, "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}).encode()
    send = stranger.http.post
    path, secret, now = f"{API}/webhooks/stripe", "whsec_for_tests", time.time()
    problem(await send(path, content=body), 400, "invalid_signature", "Stripe-Signature")
    wrong = await send(path, content=body, headers=signed("whsec_other", body, now))
    problem(wrong, 400, "invalid_signature", "Stripe-Signature")
    old = await send(path, content=body, headers=signed(secret, body, now - 3600))
    problem(old, 400, "invalid_signature", "Stripe-Signature")
    for _ in range(3):
        assert (await send(path, content=body, headers=signed(secret, body, now))).status_code == 200
    nonsense = b'{"id": 7}'
    problem(await send(path, content=nonsense, headers=signed(secret, nonsense, now)), 400, "malformed_webhook")
    with psycopg.connect(stranger.platform.gateway_dsn) as connection:
        row = connection.execute(
            "select count(*), min(data->>'object_id') from es.events where data->>'webhook_id' = %s", [webhook_id]
        ).fetchone()
    assert row == (1, "in_1")


async def test_forged_notices_add_no_event_and_do_not_shut_out_the_real_sender(stranger: Any) -> None:
    webhook_id = f"evt_{new_id()}"
    body = json.dumps({"id": webhook_id, "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}).encode()
    count = "select count(*) from es.events where data->>'webhook_id' = %s"
    # an address of its own: the limit of the other tests' address stays untouched
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport, base_url=stranger.http.base_url) as http:
        path, now = f"{API}/webhooks/stripe", time.time()
        forged = [await http.post(path, content=body, headers=signed(f"guess {n}", body, now)) for n in range(62)]
        assert [answer.status_code for answer in forged] == [400] * 60 + [429] * 2
        assert int(forged[-1].headers["retry-after"]) > 0
        with psycopg.connect(stranger.platform.gateway_dsn) as connection:
            assert connection.execute(count, [webhook_id]).fetchone() == (0,)
        genuine = await http.post(path, content=body, headers=signed("whsec_for_tests", body, now))
        assert genuine.status_code == 200
    with psycopg.connect(stranger.platform.gateway_dsn) as connection:
        assert connection.execute(count, [webhook_id]).fetchone() == (1,)


async def test_documents_and_pages(stranger: Any) -> None:
    http = stranger.http
    document = (await http.get("/openapi.json")).json()
    assert f"{API}/videos/generate" in document["paths"]
    docs = await http.get("/docs")
    assert "https://" not in docs.text
    for path in (
        "/",
        "/verify?token=x",
        "/reset?token=x",
        "/forgot",
        "/confirm-email?token=x",
        "/invitation?token=x",
        "/static/app.js",
        "/static/app.css",
        "/swagger/swagger-ui-bundle.js",
    ):
        answered = await http.get(path)
        assert answered.status_code == 200, path
        assert "script-src 'self'" in answered.headers["content-security-policy"]
        assert "unsafe-inline" not in answered.headers["content-security-policy"]
    for path in ("/livez", "/readyz"):
        assert (await http.get(path)).status_code == 200
    await http.get(f"{API}/videos/{'0' * 8}")
    counted = (await http.get("/metrics")).text
    route = f"{API}/videos/{{video_id}}"
    assert f'gateway_http_requests_total{{method="GET",route="{route}",status="401"}}' in counted
