"""Change a subscription that runs: order the change, make it at Stripe, record what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ytempire.billing.domain import slots
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.changes import MakeChange, PreviewChange, RefuseChange, RequestChange, dearer
from ytempire.billing.domain.discounts import Discounts, fault
from ytempire.billing.domain.events import ChangeOrdered, Terms
from ytempire.billing.domain.vat import Seller
from ytempire.billing.features.follow_tax import taxation_of
from ytempire.billing.ports import PaymentRefusedError, Payments, Quote
from ytempire.events import Money
from ytempire.events.gateway import PlanChangePreviewRequested, SubscriptionChangeRequested
from ytempire.events.plans import Interval, on_offer
from ytempire.eventstore import Delivery, EventStore


@dataclass(frozen=True)
class ChangeSubscription:
    store: EventStore
    payments: Payments
    seller: Seller
    discounts: Discounts

    async def order(self, event: SubscriptionChangeRequested, delivery: Delivery) -> None:
        held, _ = await self.store.state(slots.CHANNEL_SLOTS, slots.channel_stream(event.user_id))
        terms = _terms(event.plan, event.interval, delivery.envelope.time) if event.plan else None
        command = RequestChange(
            event.user_id, event.change, terms, len(held.held), event.months, delivery.envelope.time
        )
        await self._execute(event.user_id, command, delivery)

    async def preview(self, event: PlanChangePreviewRequested, delivery: Delivery) -> None:
        """Asks the provider what it would charge; nothing is ordered, so nothing has to be recorded before."""
        at = delivery.envelope.time
        held, _ = await self.store.state(slots.CHANNEL_SLOTS, slots.channel_stream(event.user_id))
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(event.user_id))
        terms = _terms(event.plan, event.interval, at)
        discount = self.discounts.find(event.discount_code) if event.discount_code else None
        wrong = fault(state, discount, at) if event.discount_code else None
        zero = Money.zero(terms.price.currency) if terms else Money.zero()
        quote = Quote(zero, zero, zero, zero)
        if terms and state.running and state.subscription_id and dearer(state, terms) and not wrong:
            taxation = taxation_of(self.seller, state, at)
            quote = await self.payments.preview(state.subscription_id, terms, taxation, discount)
        command = PreviewChange(
            event.user_id, terms, len(held.held), quote.due, at, quote.net, quote.tax, quote.discount, wrong
        )
        await self._execute(event.user_id, command, delivery)

    async def make(self, event: ChangeOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: Stripe answers the same key with the same outcome."""
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(event.user_id))
        if state.changing is None or state.subscription_id is None:
            return
        command: domain.Command
        try:
            taxation = taxation_of(self.seller, state, delivery.envelope.time)
            now = await self.payments.change(state.subscription_id, event, delivery.envelope.id, taxation)
        except PaymentRefusedError as error:
            command = RefuseChange(event.user_id, error.code, str(error))
        else:
            command = MakeChange(event.user_id, now.status, now.period_start, now.period_end, now.cancels_at)
        await self._execute(event.user_id, command, delivery)

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.SUBSCRIPTION, domain.stream(user_id), command, claim=delivery.claim)


def _terms(plan: str, interval: Interval, at: datetime) -> Terms | None:
    """The plan as it is on offer; None if there is none of that name."""
    offer = on_offer(at).get(plan)
    if offer is None:
        return None
    return Terms(
        plan=offer.plan,
        price=offer.price(interval),
        channels=offer.channels,
        videos_per_day=offer.videos_per_day,
        trial_days=offer.trial_days,
        interval=interval,
    )
