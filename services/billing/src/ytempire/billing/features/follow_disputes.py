"""Follow disputes: a notice names one, Stripe is asked what it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.disputes import TakeDispute
from ytempire.billing.domain.events import StripeNoticed
from ytempire.billing.ports import Balance
from ytempire.eventstore import Delivery, EventStore, TransientError, current, handling

_START_PATIENCE = 8
"""Tries while a subscription's own beginning may still be on its way into the log."""


@dataclass(frozen=True)
class FollowDisputes:
    store: EventStore
    balance: Balance

    async def follow(self, event: StripeNoticed, delivery: Delivery) -> None:
        if not event.kind.startswith("charge.dispute."):
            return
        now = await self.balance.dispute(event.object_id)
        if now is None:
            return
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(now.user_id))
        if state.subscription_id is None:
            if delivery.attempt < _START_PATIENCE:
                raise TransientError("the subscription's start is not in the log yet")
            return
        if now.outcome == "lost" and state.busy and not delivery.last:
            raise TransientError("something else is with Stripe: the end is ordered behind it")
        command = TakeDispute(now.user_id, now.dispute_id, now.invoice_id, now.amount, now.outcome)
        with handling(replace(current(), tenant=now.user_id)):
            await self.store.execute(domain.SUBSCRIPTION, domain.stream(now.user_id), command, claim=delivery.claim)
