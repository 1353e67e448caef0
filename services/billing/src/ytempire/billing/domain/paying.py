"""How an account pays: another card, an overdue invoice charged by hand, and the provider's own pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ytempire.billing.domain.card import Card
from ytempire.billing.domain.events import CardOrdered, InvoicePaymentOrdered
from ytempire.events import Event
from ytempire.events.billing import (
    BillingAccessGranted,
    BillingAccessRejected,
    InvoicePaymentMade,
    InvoicePaymentRejected,
    PaymentMethodChanged,
    PaymentMethodChangeRejected,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import Decider

_NO_CUSTOMER = "There is no subscription yet. Choose a plan and set up the payment first."
_WAIT = "The last request is still with the payment provider. Wait for its outcome and try again."
IN_PROGRESS = "change_in_progress"


@dataclass(frozen=True)
class Paying:
    card: CardOrdered | None = None
    """The card that the provider was asked to keep and has not answered about yet."""
    payment: InvoicePaymentOrdered | None = None
    """The same for an invoice that is charged by hand."""


@dataclass(frozen=True)
class OrderCard:
    user_id: str
    payment_method_id: str
    known: bool
    """Whether the provider knows the account as a customer."""


@dataclass(frozen=True)
class KeepCard:
    """The provider charges the card from now on."""

    user_id: str
    card: Card


@dataclass(frozen=True)
class RefuseCard:
    user_id: str
    code: str
    message: str


@dataclass(frozen=True)
class OrderPayment:
    user_id: str
    invoice_id: str | None
    """The invoice that is open; None if there is none."""


@dataclass(frozen=True)
class MakePayment:
    """The provider charged the invoice."""

    user_id: str


@dataclass(frozen=True)
class RefusePayment:
    user_id: str
    code: str
    message: str


@dataclass(frozen=True)
class GrantAccess:
    user_id: str
    kind: Literal["portal", "invoice", "card"]
    sealed: Sealed


@dataclass(frozen=True)
class RefuseAccess:
    user_id: str
    code: str
    field: str
    message: str


Command = OrderCard | KeepCard | RefuseCard | OrderPayment | MakePayment | RefusePayment | GrantAccess | RefuseAccess


def decide(state: Paying, command: Command) -> Sequence[Event]:
    match command:
        case OrderCard():
            return _order_card(state, command)
        case KeepCard(user_id, card):
            return [card.change(user_id)] if state.card else []
        case RefuseCard(user_id, code, message):
            return [_card_refused(user_id, code, message)] if state.card else []
        case OrderPayment():
            return _order_payment(state, command)
        case MakePayment(user_id):
            ordered = state.payment
            return [InvoicePaymentMade(user_id=user_id, invoice_id=ordered.invoice_id)] if ordered else []
        case RefusePayment(user_id, code, message):
            return [_payment_refused(user_id, code, "payment_method_id", message)] if state.payment else []
        case GrantAccess(user_id, kind, sealed):
            return [BillingAccessGranted(user_id=user_id, kind=kind, sealed=sealed)]
        case RefuseAccess(user_id, code, field, message):
            return [BillingAccessRejected(user_id=user_id, code=code, field=field, message=message)]


def _order_card(state: Paying, command: OrderCard) -> Sequence[Event]:
    if not command.known:
        return [_card_refused(command.user_id, "no_subscription", _NO_CUSTOMER)]
    if state.card is not None:
        return [_card_refused(command.user_id, IN_PROGRESS, _WAIT)]
    return [CardOrdered(user_id=command.user_id, payment_method_id=command.payment_method_id)]


def _order_payment(state: Paying, command: OrderPayment) -> Sequence[Event]:
    if state.payment is not None:
        return [_payment_refused(command.user_id, IN_PROGRESS, "", _WAIT)]
    if command.invoice_id is None:
        return [_payment_refused(command.user_id, "nothing_due", "", "No invoice is open: there is nothing to pay.")]
    return [InvoicePaymentOrdered(user_id=command.user_id, invoice_id=command.invoice_id)]


def _card_refused(user_id: str, code: str, message: str) -> PaymentMethodChangeRejected:
    return PaymentMethodChangeRejected(user_id=user_id, code=code, field="payment_method_id", message=message)


def _payment_refused(user_id: str, code: str, field: str, message: str) -> InvoicePaymentRejected:
    return InvoicePaymentRejected(user_id=user_id, code=code, field=field, message=message)


def evolve(state: Paying, event: Event) -> Paying:
    match event:
        case CardOrdered():
            return replace(state, card=event)
        case InvoicePaymentOrdered():
            return replace(state, payment=event)
        case PaymentMethodChanged():
            return replace(state, card=None)
        case PaymentMethodChangeRejected(code=code) if code != IN_PROGRESS:
            return replace(state, card=None)
        case InvoicePaymentMade():
            return replace(state, payment=None)
        case InvoicePaymentRejected(code=code) if code != IN_PROGRESS:
            return replace(state, payment=None)
        case _:
            return state


PAYING: Decider[Paying, Command] = Decider(Paying, decide, evolve)


def no_customer(user_id: str) -> RefuseAccess:
    """The provider has nothing to show to an account that never paid."""
    return RefuseAccess(user_id, "no_subscription", "", _NO_CUSTOMER)


def stream(user_id: str) -> str:
    return f"paying-{user_id}"
