"""Stripe through its own SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.adapters.stripe_discounts import promotion_code, refused
from ytempire.billing.adapters.stripe_taxes import tax_rates
from ytempire.billing.domain import changes
from ytempire.billing.domain.card import Card
from ytempire.billing.domain.discounts import Discount
from ytempire.billing.domain.events import ChangeOrdered, PlanNoted, Terms
from ytempire.billing.domain.pauses import BEFORE_THE_END, END_PAUSE, PAUSE
from ytempire.billing.domain.state import ENDED
from ytempire.billing.domain.vat import Taxation
from ytempire.billing.ports import (
    InvoiceFacts,
    KeptCard,
    Payer,
    PaymentRefusedError,
    Quote,
    RefundFacts,
    SubscriptionFacts,
)
from ytempire.events import Money


class StripePayments(StripeCalls):
    """Customers, subscriptions and invoices."""

    async def keep_card(self, payer: Payer, payment_method_id: str, idempotency_key: str) -> KeptCard:
        return await self._call("stripe card", lambda: self._keep_card(payer, payment_method_id, idempotency_key))

    async def subscribe(
        self,
        user_id: str,
        kept: KeptCard,
        plan: PlanNoted,
        trial_days: int,
        idempotency_key: str,
        taxation: Taxation | None = None,
        discount: Discount | None = None,
    ) -> SubscriptionFacts:
        return await self._call(
            "stripe subscribe",
            lambda: self._subscribe(user_id, kept, plan, trial_days, idempotency_key, taxation, discount),
        )

    async def change(
        self, subscription_id: str, order: ChangeOrdered, idempotency_key: str, taxation: Taxation | None = None
    ) -> SubscriptionFacts:
        return await self._call(
            "stripe change", lambda: self._change(subscription_id, order, idempotency_key, taxation)
        )

    async def preview(
        self,
        subscription_id: str,
        terms: Terms,
        taxation: Taxation | None = None,
        discount: Discount | None = None,
    ) -> Quote:
        return await self._call("stripe preview", lambda: self._preview(subscription_id, terms, taxation, discount))

    async def subscription(self, subscription_id: str) -> SubscriptionFacts:
        found = await self._call("stripe subscription", lambda: self._client.v1.subscriptions.retrieve(subscription_id))
        return _subscription_facts(found)

    async def invoice(self, invoice_id: str) -> InvoiceFacts | None:
        return await self._call("stripe invoice", lambda: self._invoice(invoice_id))

    async def refund(self, refund_id: str) -> RefundFacts | None:
        return await self._call("stripe refund", lambda: self._refund(refund_id))

    def _keep_card(self, payer: Payer, payment_method_id: str, key: str) -> KeptCard:
        customer_id = payer.customer_id or self._customer(payer, key)
        if payer.customer_id:
            # the customer may have been made for its tax, or may come back with another address for receipts
            self._client.v1.customers.update(customer_id, {"email": payer.email}, {"idempotency_key": f"payer-{key}"})
        return _kept(customer_id, self._attach(payment_method_id, customer_id, key))

    def _subscribe(
        self,
        user_id: str,
        kept: KeptCard,
        plan: PlanNoted,
        trial_days: int,
        key: str,
        taxation: Taxation | None,
        discount: Discount | None,
    ) -> SubscriptionFacts:
        wanted: Any = {
            "customer": kept.customer_id,
            "items": [{"price": self._price(plan)}],
            "default_payment_method": kept.payment_method_id,
            "payment_behavior": "error_if_incomplete",
            "metadata": {"user_id": user_id, "plan": plan.plan},
            "default_tax_rates": tax_rates(self._client, taxation),
            "discounts": [{"promotion_code": promotion_code(self._client, discount)}] if discount else [],
            **({"trial_period_days": trial_days} if trial_days else {}),
        }
        try:
            made = self._client.v1.subscriptions.create(wanted, {"idempotency_key": f"subscription-{key}"})
        except stripe.InvalidRequestError as error:
            raise refused(error) from error
        return _subscription_facts(made)

    def _change(
        self, subscription_id: str, order: ChangeOrdered, key: str, taxation: Taxation | None
    ) -> SubscriptionFacts:
        try:
            return self._changed(subscription_id, order, key, taxation)
        except stripe.InvalidRequestError:
            # it ended meanwhile, or a first life of ours ended it and could not write that down
            now = self._client.v1.subscriptions.retrieve(subscription_id)
            if now.status not in ENDED:
                raise
            return _subscription_facts(now)

    def _changed(
        self, subscription_id: str, order: ChangeOrdered, key: str, taxation: Taxation | None
    ) -> SubscriptionFacts:
        options: Any = {"idempotency_key": f"change-{key}"}
        if order.change == changes.CANCEL_NOW:
            return _subscription_facts(self._client.v1.subscriptions.cancel(subscription_id, {}, options))
        if order.change in (PAUSE, END_PAUSE):
            wanted = _pausing(order)
            return _subscription_facts(self._client.v1.subscriptions.update(subscription_id, wanted, options))
        if order.terms is None:
            ends = order.change == changes.CANCEL_AT_END
            made = self._client.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": ends}, options)
            return _subscription_facts(made)
        return self._change_plan(subscription_id, order.terms, order.at_period_end, taxation, options)

    def _change_plan(
        self, subscription_id: str, terms: Terms, at_period_end: bool, taxation: Taxation | None, options: Any
    ) -> SubscriptionFacts:
        now = self._client.v1.subscriptions.retrieve(subscription_id)
        made = self._client.v1.subscriptions.update(
            subscription_id,
            {
                "items": [{"id": now["items"].data[0].id, "price": self._price(terms)}],
                # what is paid is used up, or the difference is charged at once and nothing changes if it cannot be
                "proration_behavior": "none" if at_period_end else "always_invoice",
                "payment_behavior": "error_if_incomplete",
                "metadata": {"plan": terms.plan},
                # what is charged at once is taxed at the rate of this day
                **({} if taxation is None else {"default_tax_rates": tax_rates(self._client, taxation) or ""}),
            },
            options,
        )
        return _subscription_facts(made)

    def _preview(
        self, subscription_id: str, terms: Terms, taxation: Taxation | None, discount: Discount | None
    ) -> Quote:
        now = self._client.v1.subscriptions.retrieve(subscription_id)
        if now.status == "trialing":
            # a trial goes on under the new plan
            return nothing(terms.price.currency)
        upcoming = self._client.v1.invoices.create_preview(
            {
                "customer": _id(now.customer),
                "subscription": subscription_id,
                **({"discounts": [{"promotion_code": promotion_code(self._client, discount)}]} if discount else {}),
                "subscription_details": {
                    "items": [{"id": now["items"].data[0].id, "price": self._price(terms)}],
                    "proration_behavior": "always_invoice",
                    **({} if taxation is None else {"default_tax_rates": tax_rates(self._client, taxation) or ""}),
                },
            }
        )
        return _quote(upcoming)

    def _customer(self, payer: Payer, key: str) -> str:
        made = self._client.v1.customers.create(
            {"name": payer.name, "email": payer.email, "metadata": {"user_id": payer.user_id}},
            {"idempotency_key": f"customer-{key}"},
        )
        return made.id

    def _attach(self, payment_method_id: str, customer_id: str, key: str) -> Any:
        """The payment method as it is kept: a test token becomes one of its own."""
        try:
            return self._client.v1.payment_methods.attach(
                payment_method_id, {"customer": customer_id}, {"idempotency_key": f"attach-{key}"}
            )
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            text = "This payment method is not known to Stripe or cannot be used. Enter the card again."
            raise PaymentRefusedError("invalid_payment_method", text) from error

    def _price(self, plan: PlanNoted | Terms) -> str:
        """The plan's price at Stripe, made on first use; a changed amount is another price."""
        lookup = f"ytempire-{plan.plan}-{plan.interval}-{plan.price.currency.lower()}-{plan.price.micros}"
        found = self._client.v1.prices.list({"lookup_keys": [lookup]}).data
        if found:
            return found[0].id
        product = self._client.v1.products.create(
            {"name": f"YTEMPIRE {plan.plan}"}, {"idempotency_key": f"product-{lookup}"}
        )
        price = self._client.v1.prices.create(
            {
                "product": product.id,
                "currency": plan.price.currency.lower(),
                "unit_amount": plan.price.micros // 10_000,
                "recurring": {"interval": plan.interval},
                "lookup_key": lookup,
            },
            {"idempotency_key": f"price-{lookup}"},
        )
        return price.id

    def _invoice(self, invoice_id: str) -> InvoiceFacts | None:
        invoice = self._client.v1.invoices.retrieve(invoice_id)
        user_id = self._user_of(invoice)
        if not user_id:
            return None
        periods = [line.period for line in invoice.lines.data]
        currency = invoice.currency.upper()
        tax = _tax_paid(invoice)
        percents = [rate.percentage for rate in invoice.default_tax_rates or []]
        numbers = [each.value for each in invoice.customer_tax_ids or [] if each.value]
        return InvoiceFacts(
            user_id=user_id,
            invoice_id=invoice.id or invoice_id,
            status=invoice.status or "",
            net=Money.minor(invoice.amount_paid - tax, currency),
            tax=Money.minor(tax, currency),
            period_start=_time(min(p.start for p in periods)),
            period_end=_time(max(p.end for p in periods)),
            attempt=invoice.attempt_count,
            next_attempt_at=_time(invoice.next_payment_attempt) if invoice.next_payment_attempt else None,
            tax_percent=f"{percents[0]:g}" if percents and tax else "0",
            reverse_charge=invoice.customer_tax_exempt == "reverse",
            vat_id=numbers[0] if numbers else None,
        )

    def _user_of(self, invoice: stripe.Invoice) -> str | None:
        """The account whose subscription an invoice is for."""
        details = invoice.parent.subscription_details if invoice.parent else None
        if details is None or not details.subscription:
            return None
        subscription = self._client.v1.subscriptions.retrieve(_id(details.subscription))
        return _metadata(subscription).get("user_id")

    def _refund(self, refund_id: str) -> RefundFacts | None:
        refund = self._client.v1.refunds.retrieve(refund_id)
        if refund.status != "succeeded" or refund.payment_intent is None:
            return None
        paid = self._client.v1.invoice_payments.list(
            {"payment": {"type": "payment_intent", "payment_intent": _id(refund.payment_intent)}, "limit": 1}
        ).data
        if not paid:
            return None
        invoice = self._client.v1.invoices.retrieve(_id(paid[0].invoice))
        user_id = self._user_of(invoice)
        if not user_id:
            return None
        amount = Money.minor(refund.amount, refund.currency.upper())
        return RefundFacts(user_id, _id(invoice), refund.id, amount)


def _tax_paid(invoice: stripe.Invoice) -> int:
    """The tax in what was paid; a part of the invoice may have been settled by a credit."""
    tax = sum(each.amount for each in invoice.total_taxes or [])
    if invoice.amount_paid == invoice.total or invoice.total <= 0:
        return tax
    return (2 * tax * invoice.amount_paid + invoice.total) // (2 * invoice.total)


def nothing(currency: str) -> Quote:
    """Nothing is charged."""
    zero = Money.zero(currency)
    return Quote(zero, zero, zero, zero)


def _quote(upcoming: stripe.Invoice) -> Quote:
    currency = upcoming.currency.upper()
    tax = sum(each.amount for each in upcoming.total_taxes or [])
    off = sum(each.amount for each in upcoming.total_discount_amounts or [])
    amounts = (upcoming.amount_due, upcoming.total - tax, tax, off)
    return Quote(*(Money.minor(amount, currency) for amount in amounts))


def _pausing(order: ChangeOrdered) -> Any:
    if order.pause_ends is not None:
        resumes = int((order.pause_ends - BEFORE_THE_END).timestamp())
        return {"pause_collection": {"behavior": "void", "resumes_at": resumes}}
    anew = {
        "billing_cycle_anchor": "now",
        "proration_behavior": "none",
        # nothing changes if the new period cannot be paid
        "payment_behavior": "error_if_incomplete",
    }
    return {"pause_collection": "", **(anew if order.restart else {})}


def _kept(customer_id: str, method: Any) -> KeptCard:
    return KeptCard(customer_id, method.id, method.card.fingerprint or method.id, card_of(method))


def card_of(method: Any) -> Card:
    """What a payment method shows of its card."""
    card = method.card
    return Card(card.brand, card.last4, card.exp_month, card.exp_year)


def _subscription_facts(subscription: Any) -> SubscriptionFacts:
    # current periods live on the items since API version 2025-03-31
    item = subscription["items"].data[0]
    return SubscriptionFacts(
        user_id=_metadata(subscription).get("user_id", ""),
        customer_id=_id(subscription.customer),
        subscription_id=subscription.id,
        status=subscription.status,
        trial_ends_at=_time(subscription.trial_end) if subscription.trial_end else None,
        period_start=_time(item.current_period_start),
        period_end=_time(item.current_period_end),
        cancels_at=_time(subscription.cancel_at) if subscription.cancel_at else None,
        discounted=bool(subscription.discounts),
        paused=bool(subscription.pause_collection),
    )


def _metadata(subscription: Any) -> dict[str, str]:
    metadata = subscription.metadata
    return dict(metadata.to_dict()) if metadata is not None else {}


def _id(reference: Any) -> str:
    return reference if isinstance(reference, str) else str(reference.id)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
