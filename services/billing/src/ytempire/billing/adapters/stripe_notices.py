"""Stripe's own list of what it told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import stripe

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.ports import Notice

_PAGE = 100
"""The most that Stripe lists at once."""


class StripeNotices(StripeCalls):
    """``/v1/events``."""

    async def since(self, moment: datetime, kinds: Sequence[str]) -> Sequence[Notice]:
        """:raises TransientError: if Stripe does not answer."""
        return await self._call("stripe notices", lambda: self._since(moment, kinds))

    def _since(self, moment: datetime, kinds: Sequence[str]) -> list[Notice]:
        listed = self._client.v1.events.list(
            {"created": {"gte": int(moment.timestamp())}, "types": list(kinds), "limit": _PAGE}
        )
        # Stripe lists the newest first
        return [_notice(event) for event in listed.auto_paging_iter()][::-1]


def _notice(event: stripe.Event) -> Notice:
    thing: dict[str, Any] = event.to_dict()["data"]["object"]
    details = (thing.get("parent") or {}).get("subscription_details") or {}
    metadata = {**(details.get("metadata") or {}), **(thing.get("metadata") or {})}
    return Notice(event.id, event.type, thing.get("id") or "", metadata.get("user_id"))
