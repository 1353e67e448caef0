"""Stripe through its own SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import stripe

from ytempire.billing.domain.events import PlanNoted
from ytempire.billing.ports import InvoiceFacts, Payer, PaymentRefusedError, SubscriptionFacts
from ytempire.chassis.telemetry import span
from ytempire.events import Money
from ytempire.eventstore import TransientError

_RETRIES = 2
_TIMEOUT_S = 20
T = TypeVar("T")


class StripePayments:
    """Every call carries an idempotency key, so that a repeated one has no second effect."""

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

    async def subscribe(
        self, payer: Payer, plan: PlanNoted, payment_method_id: str, idempotency_key: str
    ) -> SubscriptionFacts:
        return await self._call(
            "stripe subscribe", lambda: self._subscribe(payer, plan, payment_method_id, idempotency_key)
        )

    async def subscription(self, subscription_id: str) -> SubscriptionFacts:
        found = await self._call("stripe subscription", lambda: self._client.v1.subscriptions.retrieve(subscription_id))
        return _subscription_facts(found)

    async def invoice(self, invoice_id: str) -> InvoiceFacts | None:
        return await self._call("stripe invoice", lambda: self._invoice(invoice_id))

    async def _call(self, name: str, request: Callable[[], T]) -> T:
        with span(name):
            try:
                return await asyncio.to_thread(request)
            except stripe.CardError as error:
                text = error.user_message or "The card was declined."
                raise PaymentRefusedError(error.code or "card_declined", f"{text} Use another card.") from error
            except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
                raise TransientError(f"Stripe did not answer: {type(error).__name__}") from error

    def _subscribe(self, payer: Payer, plan: PlanNoted, payment_method_id: str, key: str) -> SubscriptionFacts:
        customer_id = payer.customer_id or self._customer(payer, key)
        card_id = self._attach(payment_method_id, customer_id, key)
        made = self._client.v1.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": self._price(plan)}],
                "default_payment_method": card_id,
                "payment_behavior": "error_if_incomplete",
                "metadata": {"user_id": payer.user_id, "plan": plan.plan},
                **({"trial_period_days": plan.trial_days} if plan.trial_days else {}),
            },
            {"idempotency_key": f"subscription-{key}"},
        )
        return _subscription_facts(made)

    def _customer(self, payer: Payer, key: str) -> str:
        made = self._client.v1.customers.create(
            {"name": payer.name, "email": payer.email, "metadata": {"user_id": payer.user_id}},
            {"idempotency_key": f"customer-{key}"},
        )
        return made.id

    def _attach(self, payment_method_id: str, customer_id: str, key: str) -> str:
        try:
            attached = self._client.v1.payment_methods.attach(
                payment_method_id, {"customer": customer_id}, {"idempotency_key": f"attach-{key}"}
            )
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            text = "This payment method is not known to Stripe or cannot be used. Enter the card again."
            raise PaymentRefusedError("invalid_payment_method", text) from error
        # a test token becomes a method of its own when it is attached
        return attached.id

    def _price(self, plan: PlanNoted) -> str:
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
        parent = invoice.parent
        details = parent.subscription_details if parent else None
        if details is None or not details.subscription:
            return None
        subscription = self._client.v1.subscriptions.retrieve(_id(details.subscription))
        user_id = _metadata(subscription).get("user_id")
        if not user_id:
            return None
        periods = [line.period for line in invoice.lines.data]
        currency = invoice.currency.upper()
        taxes = getattr(invoice, "total_taxes", None) or []
        tax = sum(t.amount for t in taxes)
        return InvoiceFacts(
            user_id=user_id,
            invoice_id=invoice.id or invoice_id,
            status=invoice.status or "",
            net=Money.minor(invoice.amount_paid - tax, currency),
            tax=Money.minor(tax, currency),
            period_start=_time(min(p.start for p in periods)),
            period_end=_time(max(p.end for p in periods)),
        )


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
    )


def _metadata(subscription: Any) -> dict[str, str]:
    metadata = subscription.metadata
    return dict(metadata.to_dict()) if metadata is not None else {}


def _id(reference: Any) -> str:
    return reference if isinstance(reference, str) else str(reference.id)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
