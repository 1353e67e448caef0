"""What billing needs from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ytempire.billing.domain.events import PlanNoted
from ytempire.events import Money


class PaymentRefusedError(Exception):
    """The payment method was refused; the message is meant for the person who pays."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Payer:
    user_id: str
    name: str
    email: str
    customer_id: str | None = None
    """The provider's customer, where there is one already."""


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as the provider has it."""

    user_id: str
    customer_id: str
    subscription_id: str
    status: str
    trial_ends_at: datetime | None
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class InvoiceFacts:
    user_id: str
    invoice_id: str
    status: str
    net: Money
    tax: Money
    period_start: datetime
    period_end: datetime


class Payments(Protocol):
    """The payment provider."""

    async def subscribe(
        self, payer: Payer, plan: PlanNoted, payment_method_id: str, idempotency_key: str
    ) -> SubscriptionFacts:
        """Make customer, payment method and subscription; the same key gives the same subscription.

        :raises PaymentRefusedError: if the card is refused.
        """

    async def subscription(self, subscription_id: str) -> SubscriptionFacts: ...

    async def invoice(self, invoice_id: str) -> InvoiceFacts | None:
        """None for an invoice that belongs to none of our customers."""
