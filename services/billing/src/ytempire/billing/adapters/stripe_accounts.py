"""What Stripe does for a customer who has a subscription: another card, an invoice paid by hand, its own pages."""

from __future__ import annotations

from typing import Any

import stripe

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.adapters.stripe_payments import card_of
from ytempire.billing.domain.card import Card
from ytempire.billing.ports import InvoicePages, PaymentRefusedError

_ASK = (
    "The bank wants to ask the card's holder. Ask for access to the card form (kind card), confirm the card there, and "
    "send its payment method again."
)
_UNKNOWN = "This payment method is not known to Stripe or cannot be used. Enter the card again."


class StripeAccounts(StripeCalls):
    """Cards, open invoices, portal."""

    async def change_card(
        self, customer_id: str, subscription_id: str | None, payment_method_id: str, idempotency_key: str
    ) -> Card:
        return await self._call(
            "stripe change card",
            lambda: self._change_card(customer_id, subscription_id, payment_method_id, idempotency_key),
        )

    async def open_invoice(self, subscription_id: str) -> str | None:
        found = await self._call(
            "stripe open invoice",
            lambda: self._client.v1.invoices.list({"subscription": subscription_id, "status": "open", "limit": 1}),
        )
        return found.data[0].id if found.data else None

    async def pay_invoice(self, invoice_id: str, idempotency_key: str) -> None:
        await self._call("stripe pay invoice", lambda: self._pay(invoice_id, idempotency_key))

    async def portal(self, customer_id: str, return_url: str, idempotency_key: str) -> str:
        session = await self._call(
            "stripe portal",
            lambda: self._client.v1.billing_portal.sessions.create(
                {"customer": customer_id, "return_url": return_url}, {"idempotency_key": f"portal-{idempotency_key}"}
            ),
        )
        return session.url

    async def card_setup(self, customer_id: str, idempotency_key: str) -> str:
        intent = await self._call(
            "stripe card setup",
            lambda: self._client.v1.setup_intents.create(
                {"customer": customer_id, "usage": "off_session", "allowed_payment_method_types": ["card"]},
                {"idempotency_key": f"setup-{idempotency_key}"},
            ),
        )
        return str(intent.client_secret)

    async def invoice_pages(self, customer_id: str, invoice_id: str) -> InvoicePages | None:
        return await self._call("stripe invoice pages", lambda: self._pages(customer_id, invoice_id))

    def _change_card(self, customer_id: str, subscription_id: str | None, payment_method_id: str, key: str) -> Card:
        method = self._checked(customer_id, payment_method_id, key)
        self._client.v1.customers.update(
            customer_id,
            {"invoice_settings": {"default_payment_method": method.id}},
            {"idempotency_key": f"default-{key}"},
        )
        if subscription_id is not None:
            self._client.v1.subscriptions.update(
                subscription_id, {"default_payment_method": method.id}, {"idempotency_key": f"charged-{key}"}
            )
        return card_of(method)

    def _checked(self, customer_id: str, payment_method_id: str, key: str) -> Any:
        """The payment method, checked by its bank for charges without its holder, and kept."""
        try:
            intent = self._client.v1.setup_intents.create(
                {
                    "customer": customer_id,
                    "payment_method": payment_method_id,
                    "confirm": True,
                    "usage": "off_session",
                    "allowed_payment_method_types": ["card"],
                },
                {"idempotency_key": f"check-{key}"},
            )
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            raise PaymentRefusedError("invalid_payment_method", _UNKNOWN) from error
        if intent.status != "succeeded":
            raise PaymentRefusedError("authentication_required", _ASK)
        kept = intent.payment_method
        return self._client.v1.payment_methods.retrieve(kept if isinstance(kept, str) else str(kept and kept.id))

    def _pay(self, invoice_id: str, key: str) -> None:
        try:
            self._client.v1.invoices.pay(invoice_id, {}, {"idempotency_key": f"pay-{key}"})
        except stripe.InvalidRequestError:
            # Stripe's own try, or that of a first life of ours, may have been faster
            if self._client.v1.invoices.retrieve(invoice_id).status != "paid":
                text = "The invoice cannot be paid as it is. Change the card, then pay again."
                raise PaymentRefusedError("payment_required", text) from None

    def _pages(self, customer_id: str, invoice_id: str) -> InvoicePages | None:
        try:
            invoice = self._client.v1.invoices.retrieve(invoice_id)
        except stripe.InvalidRequestError:
            return None
        owner = invoice.customer
        if (owner if isinstance(owner, str) else owner and owner.id) != customer_id:
            return None
        return InvoicePages(invoice.hosted_invoice_url, invoice.invoice_pdf)
