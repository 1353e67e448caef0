"""What billing needs from the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from ytempire.billing.domain.accounts import Movement
from ytempire.billing.domain.card import Card
from ytempire.billing.domain.discounts import Discount
from ytempire.billing.domain.disputes import Outcome
from ytempire.billing.domain.events import ChangeOrdered, PlanNoted, Terms
from ytempire.billing.domain.vat import Taxation, VatId
from ytempire.events import Money


class PaymentRefusedError(Exception):
    """The payment method was refused; the message is meant for the person who pays."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DiscountRefusedError(Exception):
    """The provider does not give the discount; the message is meant for the person who asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NumberRefusedError(Exception):
    """The provider does not take the number under which somebody says to be registered for tax."""

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
class KeptCard:
    """A payment method that the provider keeps for a customer."""

    customer_id: str
    payment_method_id: str
    fingerprint: str
    """The same for the same card, whoever enters it."""
    card: Card


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
    cancels_at: datetime | None = None
    """When it will end because that was asked for."""
    discounted: bool = True
    """Whether something is taken off its next invoice."""
    paused: bool = False
    """Whether its invoices are left void."""


@dataclass(frozen=True)
class InvoiceFacts:
    user_id: str
    invoice_id: str
    status: str
    net: Money
    tax: Money
    period_start: datetime
    period_end: datetime
    attempt: int
    next_attempt_at: datetime | None
    tax_percent: str = "0"
    reverse_charge: bool = False
    vat_id: str | None = None
    """The customer's number as the invoice shows it."""


@dataclass(frozen=True)
class RefundFacts:
    """Money of a customer's invoice that went back."""

    user_id: str
    invoice_id: str
    refund_id: str
    amount: Money


@dataclass(frozen=True)
class DisputeFacts:
    """A payment of a customer's invoice that a bank took back."""

    user_id: str
    dispute_id: str
    invoice_id: str
    amount: Money
    outcome: Outcome


@dataclass(frozen=True)
class InvoicePages:
    """Where the provider shows an invoice."""

    page: str | None
    pdf: str | None


class Notice(NamedTuple):
    """That something happened to an object at the provider."""

    webhook_id: str
    kind: str
    object_id: str
    user_id: str | None
    """The account it concerns, where the object itself says so."""


class Notices(Protocol):
    """What the provider told, asked for instead of waited for."""

    async def since(self, moment: datetime, kinds: Sequence[str]) -> Sequence[Notice]:
        """Every notice of some kinds from a moment on, oldest first. Stripe keeps them for 30 days."""


@dataclass(frozen=True)
class TaxDetails:
    """Who an invoice is made out to."""

    name: str
    address: Mapping[str, str]
    """In the provider's words; ``country`` at least."""
    vat_id: str
    """Without blanks; empty if there is none."""


@dataclass(frozen=True)
class Registered:
    customer_id: str
    vat_id: VatId


@dataclass(frozen=True)
class VatIdFacts:
    """What the registry says of a customer's number."""

    user_id: str
    vat_id: VatId


@dataclass(frozen=True)
class Quote:
    """What would be charged now."""

    due: Money
    net: Money
    tax: Money
    discount: Money


class Reductions(Protocol):
    """Discounts at the payment provider."""

    async def give(self, subscription_id: str, discount: Discount, idempotency_key: str) -> None:
        """Take it off the invoices to come.

        :raises DiscountRefusedError: if its code was used as often as it may be.
        """


class Taxes(Protocol):
    """Tax at the payment provider."""

    async def register(
        self, user_id: str, customer_id: str | None, details: TaxDetails, idempotency_key: str
    ) -> Registered:
        """Make the customer, where there is none, and keep its address and number, which the registry is asked about.

        :raises NumberRefusedError: if the number cannot be one.
        """

    async def apply(
        self, customer_id: str, subscription_id: str | None, taxation: Taxation, idempotency_key: str
    ) -> None:
        """Tax the invoices to come so, drafts included; what is final stays as it is."""

    async def vat_id(self, tax_id: str) -> VatIdFacts | None:
        """None if it was taken away, or belongs to none of our customers."""


class Accounts(Protocol):
    """What the payment provider does for a customer who has a subscription."""

    async def change_card(
        self, customer_id: str, subscription_id: str | None, payment_method_id: str, idempotency_key: str
    ) -> Card:
        """Check a payment method with its bank, keep it, and charge it from now on.

        :raises PaymentRefusedError: if the card is refused, or its bank wants to ask the holder.
        """

    async def open_invoice(self, subscription_id: str) -> str | None:
        """The newest invoice that is not paid."""

    async def pay_invoice(self, invoice_id: str, idempotency_key: str) -> None:
        """Charge an invoice now; nothing happens if it is paid.

        :raises PaymentRefusedError: if the card is refused.
        """

    async def portal(self, customer_id: str, return_url: str, idempotency_key: str) -> str:
        """The address of the customer's own portal, for a short time."""

    async def card_setup(self, customer_id: str, idempotency_key: str) -> str:
        """The secret with which the provider's form confirms a new card, bank's question included."""

    async def invoice_pages(self, customer_id: str, invoice_id: str) -> InvoicePages | None:
        """None if the customer has no such invoice."""


class Payments(Protocol):
    """The payment provider."""

    async def keep_card(self, payer: Payer, payment_method_id: str, idempotency_key: str) -> KeptCard:
        """Make the customer, where there is none, and give it the payment method.

        :raises PaymentRefusedError: if the card is refused.
        """

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
        """Make the subscription; the same key gives the same subscription.

        :raises PaymentRefusedError: if the card is refused.
        :raises DiscountRefusedError: if the discount's code was used as often as it may be.
        """

    async def change(
        self, subscription_id: str, order: ChangeOrdered, idempotency_key: str, taxation: Taxation | None = None
    ) -> SubscriptionFacts:
        """End a subscription, keep it after all, or move it to another price; the same key has the same outcome.

        :raises PaymentRefusedError: if the card is refused for what a dearer plan costs at once: nothing is changed.
        """

    async def preview(
        self,
        subscription_id: str,
        terms: Terms,
        taxation: Taxation | None = None,
        discount: Discount | None = None,
    ) -> Quote:
        """What a change to a dearer plan would be charged with now."""

    async def subscription(self, subscription_id: str) -> SubscriptionFacts: ...

    async def invoice(self, invoice_id: str) -> InvoiceFacts | None:
        """None for an invoice that belongs to none of our customers."""

    async def refund(self, refund_id: str) -> RefundFacts | None:
        """None while it is under way, and for what belongs to no invoice of our customers."""


class Balance(Protocol):
    """What moved on the provider's balance. Movements come without the sale behind them until it is asked for."""

    async def moved_by(self, kind: str, object_id: str) -> Sequence[Movement]:
        """What the object of a notice has moved so far."""

    async def moved_between(self, begin: datetime, end: datetime) -> Sequence[Movement]:
        """Everything that moved from ``begin`` up to, not including, ``end``; changes of credit move nothing."""

    async def with_sale(self, moved: Movement) -> Movement:
        """The same with the invoice behind it, where there is one of our customers."""

    async def dispute(self, dispute_id: str) -> DisputeFacts | None:
        """None for an inquiry, which moves nothing, and for what belongs to no invoice of our customers."""
