"""Follow Stripe: a notice names an object, the object is asked for, the account's log says what it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import GraceEnded, StripeNoticed
from ytempire.billing.features.follow_tax import FollowTax
from ytempire.billing.ports import InvoiceFacts, Payments
from ytempire.chassis import Sealer
from ytempire.events.gateway import WebhookReceived
from ytempire.events.values import Sealed
from ytempire.eventstore import Claim, Delivery, EventStore, TransientError, current, handling

KINDS = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.trial_will_end",
    "customer.tax_id.updated",
    "invoice.created",
    "invoice.paid",
    "invoice.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.succeeded",
    "charge.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "payout.created",
    "payout.failed",
)
"""The notices that lead to something; nothing else is recorded. Stripe lists at most 20 kinds at once."""

_READABLE_FOR = timedelta(days=7)
_START_PATIENCE = 8
"""Tries while a subscription's own beginning may still be on its way into the log."""


@dataclass(frozen=True)
class FollowStripe:
    store: EventStore
    payments: Payments
    tax: FollowTax
    sealer: Sealer

    async def note(self, event: WebhookReceived, delivery: Delivery) -> None:
        if event.provider != "stripe" or event.kind not in KINDS:
            return
        await self.notice(event.webhook_id, event.kind, event.object_id)

    async def notice(self, webhook_id: str, kind: str, object_id: str) -> bool:
        """Record a notice; False if it was known. The claim is Stripe's own id of it: told twice, it is one."""
        notice = StripeNoticed(webhook_id=webhook_id, kind=kind, object_id=object_id)
        done = await self.store.append(f"stripe-{object_id}", notice, claim=Claim("stripe-notice", webhook_id))
        return not done.duplicate

    async def follow(self, event: StripeNoticed, delivery: Delivery) -> None:
        if event.kind.startswith("customer.subscription."):
            await self._subscription(event, delivery)
        elif event.kind.startswith("customer.tax_id."):
            await self.tax.verified(event.object_id, delivery)
        elif event.kind.startswith("invoice."):
            await self._invoice(event, delivery)
        elif event.kind.startswith("refund."):
            await self._refund(event, delivery)

    async def _subscription(self, event: StripeNoticed, delivery: Delivery) -> None:
        now = await self.payments.subscription(event.object_id)
        if not now.user_id:
            return
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(now.user_id))
        if state.subscription_id is None:
            if delivery.attempt < _START_PATIENCE:
                raise TransientError("the subscription's start is not in the log yet")
            return
        command: domain.Command
        if event.kind == "customer.subscription.trial_will_end" and now.trial_ends_at is not None:
            command = domain.WarnOfTrialEnd(now.user_id, now.trial_ends_at)
        else:
            at = delivery.envelope.time
            command = domain.Observe(
                now.user_id,
                now.subscription_id,
                now.status,
                now.period_start,
                now.period_end,
                at,
                now.cancels_at,
                now.discounted,
                now.paused,
            )
        await self._execute(now.user_id, command, delivery)

    async def _invoice(self, event: StripeNoticed, delivery: Delivery) -> None:
        invoice = await self.payments.invoice(event.object_id)
        if invoice is None:
            return
        if event.kind == "invoice.created":
            await self.tax.invoiced(invoice.user_id, delivery)
            return
        command: domain.Command
        if invoice.status == "paid":
            command = domain.TakeInvoice(
                invoice.user_id,
                invoice.invoice_id,
                invoice.net,
                invoice.tax,
                invoice.period_start,
                invoice.period_end,
                invoice.tax_percent,
                invoice.reverse_charge,
                self._receipt(invoice, delivery),
            )
        else:
            command = domain.FailInvoice(
                invoice.user_id, invoice.invoice_id, "payment_failed", invoice.attempt, invoice.next_attempt_at
            )
        await self._execute(invoice.user_id, command, delivery)

    def _receipt(self, invoice: InvoiceFacts, delivery: Delivery) -> Sealed | None:
        """The number on the receipt is the customer's: only who writes the mail may read it."""
        if invoice.vat_id is None:
            return None
        return self.sealer.seal("onboarding", {"vat_id": invoice.vat_id}, delivery.envelope.time, _READABLE_FOR)

    async def _refund(self, event: StripeNoticed, delivery: Delivery) -> None:
        gone = await self.payments.refund(event.object_id)
        if gone is not None:
            command = domain.TakeRefund(gone.user_id, gone.invoice_id, gone.refund_id, gone.amount)
            await self._execute(gone.user_id, command, delivery)

    async def end_grace(self, event: GraceEnded, delivery: Delivery) -> None:
        await self._execute(event.user_id, domain.EndGrace(event.user_id, event.subscription_id), delivery)

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        # a webhook concerns nobody until its object names the account
        with handling(replace(current(), tenant=user_id)):
            await self.store.execute(domain.SUBSCRIPTION, domain.stream(user_id), command, claim=delivery.claim)
