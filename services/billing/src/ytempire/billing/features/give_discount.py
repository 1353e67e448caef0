"""Give a subscription that runs a discount: order it, make it at the provider, record what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.discounts import Discounts, MakeDiscount, RefuseDiscount, RequestDiscount
from ytempire.billing.domain.events import DiscountOrdered
from ytempire.billing.ports import DiscountRefusedError, Reductions
from ytempire.events.gateway import DiscountRequested
from ytempire.eventstore import Delivery, EventStore

_GONE = "This code is not offered any more. Use another one, or go on without."


@dataclass(frozen=True)
class GiveDiscount:
    store: EventStore
    reductions: Reductions
    table: Discounts

    async def order(self, event: DiscountRequested, delivery: Delivery) -> None:
        command = RequestDiscount(event.user_id, self.table.find(event.discount_code), delivery.envelope.time)
        await self._execute(event.user_id, command, delivery)

    async def make(self, event: DiscountOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: Stripe answers the same key with the same outcome."""
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(event.user_id))
        discount = self.table.find(event.code)
        command: domain.Command
        if discount is None or state.subscription_id is None:
            command = RefuseDiscount(event.user_id, "discount_gone", _GONE)
        else:
            try:
                await self.reductions.give(state.subscription_id, discount, delivery.envelope.id)
            except DiscountRefusedError as error:
                command = RefuseDiscount(event.user_id, error.code, str(error))
            else:
                command = MakeDiscount(event.user_id, discount)
        await self._execute(event.user_id, command, delivery)

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.SUBSCRIPTION, domain.stream(user_id), command, claim=delivery.claim)
