"""Webhooks: check the signature of the raw body, then record the notice once."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any

import orjson

from ytempire.chassis import Clock
from ytempire.events import PLATFORM_TENANT
from ytempire.events.gateway import WebhookReceived
from ytempire.eventstore import derived_id
from ytempire.gateway.intents import Intents
from ytempire.gateway.limits import Failures
from ytempire.gateway.ports import Reservation
from ytempire.gateway.problems import Problem

_TOLERANCE_S = 300
_TIME_DIGITS = 15
_ID, _KIND = re.compile(r"[A-Za-z0-9_-]{1,255}"), re.compile(r"[a-z0-9_.]{1,100}")
_OBJECT_ID = re.compile(r"[!-~]{0,255}")
"""The id of some objects is chosen by who made them."""


class ReceiveWebhook:
    """Stripe's notices. A signature's age is counted on the wall clock, as the sender does."""

    def __init__(self, intents: Intents, clock: Clock, stripe_secret: bytes, failures: Failures) -> None:
        self._intents, self._clock, self._stripe_secret = intents, clock, stripe_secret
        self._failures = failures

    async def stripe(self, body: bytes, signature: str, network_address: str) -> str:
        """Record a notice and return its id; one that came before is not recorded again.

        :raises Problem: 404 where webhooks are off, 400 if signature or body are wrong, 429 instead after too many
            wrong signatures from the address.
        """
        if not self._stripe_secret:
            raise Problem(404, "not_found", "Webhooks are not set up here. Give the platform the signing secret first.")
        self._check(body, signature, network_address)
        notice = _notice(body)
        event_id = derived_id("webhook", "stripe", notice.webhook_id)
        reservation = Reservation("webhook:stripe", notice.webhook_id, "", event_id, "", self._clock.now())
        await self._intents.record(PLATFORM_TENANT, reservation, f"webhook-{notice.webhook_id}", notice)
        return notice.webhook_id

    def _check(self, body: bytes, signature: str, network_address: str) -> None:
        """A right signature always passes: whoever forges behind the sender's address must not shut it out."""
        try:
            check_signature(self._stripe_secret, body, signature, time.time())
        except Problem:
            self._failures.check(network_address)
            self._failures.add(network_address)
            raise


def check_signature(secret: bytes, body: bytes, header: str, now: float) -> None:
    """Stripe's scheme v1: HMAC-SHA-256 over ``<time>.<body>``.

    :raises Problem: 400 if no signature fits or its time is more than five minutes away.
    """
    parts = [part.split("=", 1) for part in header.split(",") if "=" in part]
    moments = [value for name, value in parts if name.strip() == "t"]
    if len(moments) != 1 or not re.fullmatch(rf"[0-9]{{1,{_TIME_DIGITS}}}", moments[0]):
        raise _wrong("The header Stripe-Signature is missing or has no time.")
    expected = hmac.new(secret, moments[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    given = [value.encode() for name, value in parts if name.strip() == "v1"]
    if not any(hmac.compare_digest(expected.encode(), value) for value in given):
        raise _wrong("The signature does not fit the body.")
    if abs(now - int(moments[0])) > _TOLERANCE_S:
        raise _wrong("The signature is older than five minutes.")


def _notice(body: bytes) -> WebhookReceived:
    """
    :raises Problem: 400 if it has not the provider's form. It was signed, but it is kept for ever.
    """
    try:
        event: Any = orjson.loads(body)
        webhook_id, kind, object_id = event["id"], event["type"], event["data"]["object"].get("id") or ""
        named = _ID.fullmatch(webhook_id) and _KIND.fullmatch(kind) and _OBJECT_ID.fullmatch(object_id)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _malformed() from error
    if not named:
        raise _malformed()
    return WebhookReceived(provider="stripe", webhook_id=webhook_id, kind=kind, object_id=object_id)


def _malformed() -> Problem:
    return Problem(400, "malformed_webhook", "The body is not an event with id, type and data.object.")


def _wrong(detail: str) -> Problem:
    return Problem(400, "invalid_signature", detail, field="Stripe-Signature")
