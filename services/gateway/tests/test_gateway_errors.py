"""Refusals of the door itself that no other test is about; docs/errors.md lists them all."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from nacl.public import PrivateKey
from starlette.exceptions import HTTPException

from ytempire.chassis import Opener, Sealer
from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import TokenError, Tokens
from ytempire.gateway.http import errors, payments
from ytempire.gateway.http.errors import _from_http
from ytempire.gateway.http.fields import Body, Email
from ytempire.gateway.http.identity import Acting
from ytempire.gateway.http.validation import problem_of
from ytempire.gateway.intents import _insisting
from ytempire.gateway.limits import Bucket
from ytempire.gateway.problems import Problem
from ytempire.gateway.roles import Permission, Role

API = "/api/v1"
CALLBACK = "/oauth/google/callback"


def problem(answered: Any, status: int, code: str, field: str | None = None) -> None:
    assert answered.status_code == status, answered.text
    assert (answered.json()["code"], answered.json().get("field")) == (code, field)


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("/onboarding/preferences", {"auto_publish": "perhaps"}, "not_a_boolean", "/auto_publish"),
        ("/onboarding/niches", {"interests": "cooking"}, "not_a_list", "/interests"),
        ("/onboarding/niches", {"interests": []}, "too_short", "/interests"),
        ("/onboarding/niches", {"interests": ["a"] * 21}, "too_long", "/interests"),
        ("/onboarding/niches", {"interests": ["a"], "budget_usd": 2_000_000}, "too_large", "/budget_usd"),
        ("/onboarding/niches", {"interests": ["a"], "budget_usd": -1}, "too_small", "/budget_usd"),
        ("/onboarding/plan", {"plan": "x" * 101}, "too_long", "/plan"),
        ("/onboarding/plan", {}, "required", "/plan"),
        ("/onboarding/plan", ["starter"], "not_an_object", ""),
        ("/billing/subscription", {"change": "explode"}, "not_an_option", "/change"),
        ("/billing/subscription", {"change": "change_plan"}, "plan_misplaced", ""),
    ],
)
async def test_a_field_of_another_kind_is_named_with_what_to_send(
    person: Any, path: str, body: Any, code: str, field: str
) -> None:
    answered = await person.post(path, body)
    problem(answered, 422, code, field)
    assert "{" not in answered.json()["detail"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"brand_colour": "#00\0"}, "not_text", "/brand_colour"),
        ({"dashboard_layout": {"k\0": "v"}}, "not_text", "/dashboard_layout"),
        ({"dashboard_layout": {"k": "\0"}}, "not_text", "/dashboard_layout"),
        ({"version": 10**30}, "too_large", "/version"),
        ({"version": "9" * 5000}, "not_a_number", "/version"),
    ],
)
async def test_what_no_store_keeps_is_refused_in_every_field(
    person: Any, body: dict[str, Any], code: str, field: str
) -> None:
    problem(await person.post("/onboarding/preferences", body), 422, code, field)


@pytest.mark.parametrize("version", ["9" * 16, "9" * 5000, "-1", "1.0", "x", ""])
async def test_a_version_that_is_none(person: Any, version: str) -> None:
    answered = await person.post("/onboarding/preferences", {}, headers={"If-Match": version})
    problem(answered, 400, "if_match_malformed", "If-Match")


async def test_nobody_is_sent_to_the_host_that_a_request_names(person: Any) -> None:
    answered = await person.get("/me/", headers={"Host": "evil.example"})
    problem(answered, 404, "not_found")
    assert "location" not in answered.headers


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"from": "yesterday"}, "not_a_date", "from"),
        ({"period": "30d", "from": "2026-01-01", "to": "2026-01-02"}, "two_ranges", "period"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "range_reversed", "to"),
        ({"from": "2016-01-02", "to": "2026-01-01"}, "range_too_long", "from"),
    ],
)
async def test_a_range_that_is_none(person: Any, query: dict[str, str], code: str, field: str) -> None:
    problem(await person.get("/pnl", params=query), 422, code, field)


@pytest.mark.parametrize("kind", ["url_parsing", "uuid_parsing", "frozen_instance"])
def test_a_kind_of_fault_that_has_no_sentence_of_its_own_points_to_the_documentation(kind: str) -> None:
    found = problem_of([{"type": kind, "loc": ("body", "x"), "msg": "Input should be...", "ctx": {}}])
    assert (found.status, found.code, found.field) == (422, "invalid_value", "/x")


async def test_without_a_token_nothing_is_told(stranger: Any) -> None:
    problem(await stranger.get("/me"), 401, "not_authenticated")


def test_a_token_ends() -> None:
    tokens = Tokens(b"k" * 32, -1, 60)
    with pytest.raises(TokenError) as ended:
        tokens.read_access(tokens.access("u", "s"))
    assert ended.value.code == "token_expired"


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
async def test_a_key_that_is_none(person: Any, key: str) -> None:
    answered = await person.post("/tickets", {"subject": "s", "message": "m"}, key)
    problem(answered, 400, "idempotency_key_malformed", "Idempotency-Key")


def test_who_may_only_look_is_told_whom_to_ask() -> None:
    watching = Acting(cast(Any, None), "account", Role.ACCOUNTANT)
    with pytest.raises(Problem) as refused:
        watching.need(next(p for p in Permission if not watching.may(p)))
    assert (refused.value.status, refused.value.code) == (403, "not_allowed")


def test_too_often_says_when() -> None:
    bucket = Bucket(rate=0.1, burst=1)
    bucket.take("a")
    with pytest.raises(Problem) as refused:
        bucket.take("a")
    assert (refused.value.status, refused.value.code, refused.value.headers) == (
        429,
        "too_many_requests",
        {"Retry-After": "10"},
    )


async def test_a_store_that_stays_away_is_told_and_the_key_may_be_sent_again() -> None:
    tries = 0

    async def away() -> None:
        nonlocal tries
        tries += 1
        raise psycopg.OperationalError("the server closed the connection")

    with pytest.raises(Problem) as refused:
        await _insisting(away)
    assert (refused.value.status, refused.value.code, tries) == (503, "temporarily_unavailable", 3)


async def test_a_fault_of_ours_is_told_by_its_number_alone() -> None:
    app = FastAPI()
    errors.install(app)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret inside")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answered = await http.get("/broken")
    problem(answered, 500, "internal_error")
    assert "secret" not in answered.text


def test_other_refusals_of_the_server_have_a_code_too() -> None:
    found = _from_http(HTTPException(415, "whatever"))
    assert (found.status, found.code) == (415, "refused")


async def test_a_consent_that_google_broke_off_or_that_took_too_long(person: Any) -> None:
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    state = {"state": begun["consent_url"].split("state=")[1].split("&")[0]}
    problem(await person.get(CALLBACK, params=state), 400, "code_missing", "code")
    problem(await person.get(CALLBACK, params=state | {"error": "server_error"}), 400, "consent_failed", "error")
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        connection.execute("update oauth_states set expires_at = now() where channel_id = %s", [begun["channel_id"]])
    problem(await person.get(CALLBACK, params=state | {"code": "good"}), 400, "expired_state", "state")


def test_an_access_is_told_for_an_hour(tmp_path: Any) -> None:
    key, now = PrivateKey.generate(), datetime.now(UTC)
    for name, value in (("gateway.seal.key", bytes(key)), ("gateway.seal.pub", bytes(key.public_key))):
        (tmp_path / name).write_bytes(base64.b64encode(value))
    sealed = Sealer(tmp_path).seal("gateway", {"url": "https://pay.example"}, now, timedelta(hours=1))

    def opened(later: timedelta) -> dict[str, Any]:
        clock = SimpleNamespace(now=lambda: now + later)
        edge = SimpleNamespace(opener=Opener(tmp_path, "gateway"), clock=clock)
        return payments.opened(cast(Any, edge), sealed.model_dump())

    assert opened(timedelta(minutes=59)) == {"url": "https://pay.example"}
    with pytest.raises(Problem) as refused:
        opened(timedelta(minutes=61))
    assert (refused.value.status, refused.value.code) == (410, "access_expired")


async def test_an_account_one_does_not_belong_to_is_not_found(person: Any, new_person: Any) -> None:
    other = await new_person()
    for account in (other.user_id, "nobody"):
        answered = await person.get("/channels", headers={"Ytempire-Account": account})
        problem(answered, 404, "not_found", "Ytempire-Account")


class Addressed(Body):
    email: Email


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\ufb01sh@example.com", "fish@example.com"),
        ("\uff46ish@example.com", "fish@example.com"),
        ("fish@\uff45xample.com", "fish@example.com"),
        (" fish@example.com ", "fish@example.com"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    """Given letters that look otherwise and count as equal, then mail goes to the mailbox whose address is compared."""
    assert Addressed(email=typed).email == kept


@pytest.mark.parametrize(
    "typed",
    [
        "a\uff0cb@example.com",
        "a\u2025b@example.com",
        "a\uff20b@example.com",
        "a\r\nBcc: b@example.com",
        '"a\r\nBcc: b"@example.com',
        "a@example.com,b@example.com",
        "a@example.com\0",
        "a@localhost",
        "a@[127.0.0.1]",
    ],
)
async def test_what_would_be_another_address_in_a_header_is_none(stranger: Any, typed: str) -> None:
    answered = await stranger.post("/auth/signup", {"email": typed, "full_name": "Mara"})
    problem(answered, 422, "invalid_email", "/email")


async def test_a_request_that_broke_off_is_nobody_s(person: Any) -> None:
    """Given a body that ends early and is whole by chance, when its sender is gone, then nothing was asked for."""
    address, body = urlsplit(person.platform.url), b'{"subject": "s", "message": "m"}'
    lines = (
        "POST /api/v1/tickets HTTP/1.1",
        "Host: gateway",
        f"Authorization: {person.http.headers['Authorization']}",
        f"Idempotency-Key: {new_id()}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) + 10}",
    )
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    whole = await person.post("/tickets", {"subject": "t", "message": "m"})
    assert whole.status_code == 201
    assert len((await person.get("/tickets")).json()["tickets"]) == 1


@pytest.mark.parametrize("typed", ["../../evil", "in_1?expand[]=customer", "in_1/pay", "in 1", "", "x" * 256, "in_1#"])
async def test_an_id_that_would_lead_elsewhere_at_the_provider_is_none(person: Any, typed: str) -> None:
    card = await person.post("/billing/card", {"payment_method_id": typed})
    problem(card, 422, "not_an_id", "/payment_method_id")
    invoice = await person.post("/billing/access", {"kind": "invoice", "invoice_id": typed})
    problem(invoice, 422, "not_an_id", "/invoice_id")
