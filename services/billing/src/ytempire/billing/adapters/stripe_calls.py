"""Calls of Stripe's own SDK: the client, off the event loop, its errors in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import stripe

from ytempire.billing.ports import PaymentRefusedError
from ytempire.chassis.telemetry import span
from ytempire.eventstore import TransientError

_RETRIES = 2
_TIMEOUT_S = 20
T = TypeVar("T")


class StripeCalls:
    """Every call that changes something carries an idempotency key, so that a repeated one has no second effect."""

    def __init__(self, url: str, key: str, ca_bundle: Path | None) -> None:
        http = stripe.RequestsClient(timeout=_TIMEOUT_S, verify_ssl_certs=True)
        if ca_bundle is not None:
            stripe.ca_bundle_path = str(ca_bundle)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
            max_network_retries=_RETRIES,
            http_client=http,
        )

    async def _call(self, name: str, request: Callable[[], T]) -> T:
        with span(name):
            try:
                return await asyncio.to_thread(request)
            except stripe.CardError as error:
                text = error.user_message or "The card was declined."
                raise PaymentRefusedError(error.code or "card_declined", f"{text} Use another card.") from error
            except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
                raise TransientError(f"Stripe did not answer: {type(error).__name__}") from error
