"""Order a subscription, make it at Stripe, record what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain import trials
from ytempire.billing.domain.discounts import Discounts
from ytempire.billing.domain.events import PlanNoted, SubscriptionOrdered
from ytempire.billing.domain.state import Subscription
from ytempire.billing.domain.vat import Seller
from ytempire.billing.features.follow_tax import taxation_of
from ytempire.billing.ports import DiscountRefusedError, KeptCard, Payer, PaymentRefusedError, Payments
from ytempire.chassis import Opener
from ytempire.events.gateway import PaymentSetupRequested
from ytempire.events.onboarding import PlanSelected, PreferencesSaved
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError

_EXPIRED = "The order took too long to reach the payment provider. Nothing was charged; set up the payment again."
_PLAN_PATIENCE = 6
"""Tries before a missing plan is believed to be missing: its event may still be on the way."""


@dataclass(frozen=True)
class Subscribe:
    store: EventStore
    payments: Payments
    opener: Opener
    seller: Seller
    discounts: Discounts

    async def note_plan(self, event: PlanSelected, delivery: Delivery) -> None:
        noted = PlanNoted(**event.model_dump(include=set(PlanNoted.model_fields)))
        await self._execute(event.user_id, domain.NotePlan(noted), delivery)

    async def note_zone(self, event: PreferencesSaved, delivery: Delivery) -> None:
        await self._execute(
            event.user_id, domain.NoteZone(event.user_id, event.timezone, delivery.envelope.time), delivery
        )

    async def order(self, event: PaymentSetupRequested, delivery: Delivery) -> None:
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(event.user_id))
        if state.plan is None and delivery.attempt < _PLAN_PATIENCE:
            raise TransientError("the chosen plan has not arrived yet")
        code = event.discount_code
        command = domain.Order(
            event.user_id,
            event.payment_method_id,
            event.sealed,
            self.discounts.find(code) if code else None,
            code is not None,
            delivery.envelope.time,
        )
        await self._execute(event.user_id, command, delivery)

    async def make(self, event: SubscriptionOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: Stripe answers the same key with the same subscription."""
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(event.user_id))
        if state.ordered is None:
            return
        command: domain.Command
        key = delivery.envelope.id
        try:
            billing = self.opener.open(event.sealed, delivery.envelope.time)
            payer = Payer(event.user_id, billing["name"], billing["email"], state.customer_id)
            kept = await self.payments.keep_card(payer, event.payment_method_id, key)
            no_trial = await self._no_trial(state, event.user_id, kept) if state.ordered.trial_days else None
            days = 0 if no_trial else state.ordered.trial_days
            taxation = taxation_of(self.seller, state, delivery.envelope.time)
            discount = self.discounts.find(event.discount_code) if event.discount_code else None
            made = await self.payments.subscribe(event.user_id, kept, state.ordered, days, key, taxation, discount)
        except PaymentRefusedError as error:
            command = domain.RefusePayment(event.user_id, error.code, str(error))
        except DiscountRefusedError as error:
            command = domain.RefusePayment(event.user_id, error.code, str(error), "discount_code")
        except PermanentError:
            command = domain.RefusePayment(event.user_id, "order_expired", _EXPIRED)
        else:
            command = domain.Start(
                event.user_id,
                made.customer_id,
                made.subscription_id,
                made.status,
                made.trial_ends_at,
                made.period_start,
                made.period_end,
                no_trial,
                kept.card,
                discount,
            )
        await self._execute(event.user_id, command, delivery)

    async def _no_trial(self, state: Subscription, user_id: str, kept: KeptCard) -> domain.NoTrial | None:
        """Why there is no trial, or None; then the card's trial is this account's from now on."""
        if state.trialed:
            return "account_had_trial"
        stream = trials.stream(kept.fingerprint)
        await self.store.execute(trials.TRIAL, stream, trials.Grant(user_id))
        trial, _ = await self.store.state(trials.TRIAL, stream)
        return None if trial.user_id == user_id else "card_had_trial"

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.SUBSCRIPTION, domain.stream(user_id), command, claim=delivery.claim)
