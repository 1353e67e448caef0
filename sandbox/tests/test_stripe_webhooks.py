"""Webhooks: signed so that the SDK accepts them, retried, and spoilt on demand."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import stripe
from stripe_support import Receiver, advance, client, customer, receiver

from ytempire.sandbox.process import Addresses, SandboxProcess


def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def door() -> Iterator[Receiver]:
    with receiver() as kept:
        yield kept


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


@pytest.fixture
def secret(api: stripe.StripeClient, door: Receiver, web: httpx.Client) -> Iterator[str]:
    made = api.v1.webhook_endpoints.create(
        {
            "url": door.url,
            "enabled_events": ["customer.created", "customer.updated"],
            "api_version": "2026-10-28.endive",
        }
    )
    assert made.secret is not None
    yield made.secret
    web.delete("/control/faults")
    api.v1.webhook_endpoints.delete(made.id)


def fault(web: httpx.Client, action: str, **more: object) -> None:
    rule = {"provider": "stripe.webhook", "path": "customer", "action": action, **more}
    assert web.post("/control/faults", json=rule).status_code == 201


def test_events_arrive_signed(api: stripe.StripeClient, door: Receiver, secret: str) -> None:
    made = customer(api, card=None)
    until(lambda: len(door.got) == 1)
    event = door.events(secret)[0]
    assert event["type"] == "customer.created"
    assert event["data"]["object"]["id"] == made
    assert event["api_version"] == "2026-10-28.endive"
    assert api.v1.events.retrieve(event["id"]).pending_webhooks == 0


def test_a_refused_event_is_sent_again(
    api: stripe.StripeClient, door: Receiver, secret: str, web: httpx.Client
) -> None:
    door.refuse = [500, 503]
    customer(api, card=None)
    until(lambda: not door.refuse or len(door.refuse) == 1)
    advance(web, hours=0.01)
    until(lambda: len(door.got) == 1)
    assert len(door.events(secret)) == 1


def test_duplicates_keep_their_id(api: stripe.StripeClient, door: Receiver, secret: str, web: httpx.Client) -> None:
    fault(web, "duplicate")
    customer(api, card=None)
    until(lambda: len(door.got) == 2)
    assert len({event["id"] for event in door.events(secret)}) == 1


def test_order_is_not_kept(api: stripe.StripeClient, door: Receiver, secret: str, web: httpx.Client) -> None:
    fault(web, "reorder")
    made = customer(api, card=None)
    api.v1.customers.update(made, {"name": "Later"})
    until(lambda: len(door.got) == 2)
    assert [event["type"] for event in door.events(secret)] == ["customer.updated", "customer.created"]


@pytest.mark.parametrize("action", ["bad_signature", "stale_timestamp"])
def test_bad_signatures_are_recognised(
    api: stripe.StripeClient, door: Receiver, secret: str, web: httpx.Client, action: str
) -> None:
    fault(web, action)
    customer(api, card=None)
    until(lambda: len(door.got) == 1)
    with pytest.raises(stripe.SignatureVerificationError):
        door.events(secret)


def test_deliveries_are_in_the_journal(web: httpx.Client) -> None:
    lines = web.get("/control/journal", params={"provider": "stripe.webhook"}).json()
    assert {500, 503, 202} <= {line["status"] for line in lines}
    assert all(line["detail"]["event"].startswith("evt_") for line in lines)


def test_the_gateway_s_endpoint_is_there_from_the_start(tmp_path: Path, door: Receiver) -> None:
    root = door.url.removesuffix("/api/v1/webhooks/stripe")
    process = SandboxProcess(tmp_path, gateway_url=root, stripe_webhook_secret="whsec_known")
    door.refuse = [503]
    with process as addresses:
        made = customer(client(addresses.base_url, addresses.ca), card=None)
        until(lambda: len(door.got) == 1)
    assert door.events("whsec_known")[0]["data"]["object"]["id"] == made
