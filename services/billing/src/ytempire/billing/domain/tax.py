"""How an account is taxed: its country and VAT number, what the registry says of it, and a rate that changes.

Only invoices to come are concerned: one that was made stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ytempire.billing.domain.events import TaxOrdered
from ytempire.billing.domain.state import Subscription
from ytempire.billing.domain.vat import Taxation, VatId, vat_id_fault
from ytempire.events import Event
from ytempire.events.billing import CustomerCreated, TaxChanged, TaxChangeRejected
from ytempire.events.values import Sealed

_WAIT = "The last request is still with the payment provider. Wait for its outcome and try again."


@dataclass(frozen=True)
class RequestTax:
    """Somebody says where they are and under which number they are registered."""

    user_id: str
    country: str
    vat_id: str
    """Without blanks; empty if there is none."""
    sealed: Sealed


@dataclass(frozen=True)
class Retax:
    """The registry answered, or the rate of the day is another one."""

    user_id: str
    vat_id: VatId
    due: Taxation


@dataclass(frozen=True)
class MakeTax:
    """The provider taxes invoices so from now on."""

    user_id: str
    customer_id: str
    vat_id: VatId
    now: Taxation


@dataclass(frozen=True)
class RefuseTax:
    user_id: str
    code: str
    field: str
    message: str


TaxCommand = RequestTax | Retax | MakeTax | RefuseTax


def decide(state: Subscription, command: TaxCommand) -> Sequence[Event]:
    match command:
        case RequestTax():
            return _request(state, command)
        case Retax():
            return _retax(state, command)
        case MakeTax():
            return _make(state, command)
        case RefuseTax(user_id, code, field, message):
            # of an order in hand, or of one that could not even be read
            return [_refused(user_id, code, field, message)]


def _request(state: Subscription, command: RequestTax) -> Sequence[Event]:
    if state.busy:
        return [_refused(command.user_id, "change_in_progress", "", _WAIT)]
    if command.vat_id and (fault := vat_id_fault(command.country, command.vat_id)):
        return [_refused(command.user_id, *fault)]
    return [TaxOrdered(user_id=command.user_id, country=command.country, sealed=command.sealed)]


def _retax(state: Subscription, command: Retax) -> Sequence[Event]:
    known = state.tax
    if known is None or state.taxing:
        return []
    due = command.due
    same = (known.vat_id, known.treatment, known.percent) == (command.vat_id, due.treatment, due.percent)
    if same or known.country != due.country:
        return []
    return [TaxOrdered(user_id=command.user_id, country=known.country, vat_id=command.vat_id)]


def _make(state: Subscription, command: MakeTax) -> Sequence[Event]:
    if state.taxing is None:
        return []
    created: list[Event] = []
    if not state.customer_id:
        created.append(CustomerCreated(user_id=command.user_id, stripe_customer_id=command.customer_id))
    return [
        *created,
        TaxChanged(
            user_id=command.user_id,
            country=command.now.country,
            treatment=command.now.treatment,
            percent=command.now.percent,
            vat_id=command.vat_id,
        ),
    ]


def _refused(user_id: str, code: str, field: str, message: str) -> TaxChangeRejected:
    return TaxChangeRejected(user_id=user_id, code=code, field=field, message=message)
