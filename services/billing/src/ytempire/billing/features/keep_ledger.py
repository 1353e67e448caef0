"""Keep the ledger: a notice names what moved money, and whatever Stripe says that it moved is posted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ytempire.billing.domain import ledger as domain
from ytempire.billing.domain.accounts import Movement
from ytempire.billing.domain.events import StripeNoticed
from ytempire.billing.ports import Balance
from ytempire.eventstore import Delivery, EventStore, current, handling

_MOVING = ("charge.", "refund.", "payout.")


@dataclass(frozen=True)
class KeepLedger:
    store: EventStore
    balance: Balance

    async def follow(self, event: StripeNoticed, delivery: Delivery) -> None:
        """Safe to repeat and in any order: what is posted is what Stripe has, under Stripe's own ids."""
        if event.kind.startswith(_MOVING) or event.kind == "invoice.paid":
            for moved in await self.balance.moved_by(event.kind, event.object_id):
                await self.post(moved)

    async def post(self, moved: Movement) -> bool:
        """Post what is not posted yet; whether that was so."""
        stream = domain.stream(domain.day_of(moved.at))
        day, _ = await self.store.state(domain.LEDGER, stream)
        if moved.id in day.entries:
            return False
        explained = await self.balance.with_sale(moved)
        tenant = explained.sale.user_id if explained.sale else current().tenant
        with handling(replace(current(), tenant=tenant)):
            done = await self.store.execute(domain.LEDGER, stream, domain.Post(explained))
        return bool(done.events)
