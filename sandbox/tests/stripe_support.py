"""What the tests of the Stripe stand-in share: the real SDK, a catalogue, and a receiver of webhooks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import stripe


def client(base_url: str, ca: str, key: str = "sk_test_sandbox", retries: int = 0) -> stripe.StripeClient:
    """The vendor's SDK, pointed at the sandbox."""
    stripe.ca_bundle_path = ca
    return stripe.StripeClient(
        key,
        base_addresses={"api": f"{base_url}/stripe"},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=20),
    )


def price(api: stripe.StripeClient, amount: int = 4900, interval: str = "month") -> str:
    """Id of a new recurring price in USD cents."""
    product = api.v1.products.create({"name": f"Plan {amount}"})
    made = api.v1.prices.create(
        {"currency": "usd", "product": product.id, "unit_amount": amount, "recurring": {"interval": interval}}
    )
    return made.id


def customer(api: stripe.StripeClient, card: str | None = "pm_card_visa", email: str = "ada@example.com") -> str:
    """Id of a new customer, with a default card unless None."""
    made = api.v1.customers.create({"email": email, "name": "Ada", "metadata": {"user_id": "u-1"}})
    if card:
        attached = api.v1.payment_methods.attach(card, {"customer": made.id})
        api.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": attached.id}})
    return made.id


def advance(web: httpx.Client, days: float = 0, hours: float = 0) -> None:
    """Move the virtual clock."""
    answer = web.post("/control/clock", json={"advance_seconds": days * 86_400 + hours * 3_600})
    assert answer.status_code == 200, answer.text


class Receiver:
    """A gateway's webhook door: keeps what it gets; ``refuse`` holds statuses for the next requests."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.refuse: list[int] = []
        self.url = ""

    def events(self, secret: str) -> list[dict[str, Any]]:
        """Everything received, each signature verified by the SDK."""
        return [stripe.Webhook.construct_event(body, signed, secret).to_dict() for body, signed in self.got]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve a receiver on a free port."""
    kept = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = kept.refuse.pop(0) if kept.refuse else 202
            if status < 300:
                kept.got.append((body, self.headers["stripe-signature"]))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/api/v1/webhooks/stripe"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
