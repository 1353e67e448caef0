"""Discounts: what a code takes off, within which days, for how long; one at a time, each code once for an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ytempire.billing.domain.events import DiscountOrdered
from ytempire.billing.domain.state import Subscription
from ytempire.events import Event, Money
from ytempire.events.billing import DiscountGranted, DiscountRejected

Duration = Literal["once", "repeating", "forever"]


@dataclass(frozen=True)
class Discount:
    """An offer behind a code."""

    code: str
    valid_from: datetime
    valid_until: datetime | None = None
    percent: str | None = None
    amount: Money | None = None
    months: int | None = None
    forever: bool = False
    most: int | None = None
    """How many accounts may use it."""

    @property
    def duration(self) -> Duration:
        return "forever" if self.forever else "repeating" if self.months else "once"


@dataclass(frozen=True)
class Discounts:
    """Every offer that was ever made or is announced."""

    offers: tuple[Discount, ...]

    def find(self, code: str) -> Discount | None:
        """The offer behind a code, as people write it."""
        wanted = code.strip().upper()
        return next((offer for offer in self.offers if offer.code == wanted), None)


@dataclass(frozen=True)
class RequestDiscount:
    user_id: str
    discount: Discount | None
    """What the code stands for; None if there is no such code."""
    at: datetime


@dataclass(frozen=True)
class MakeDiscount:
    """The provider takes it off the invoices to come."""

    user_id: str
    discount: Discount


@dataclass(frozen=True)
class RefuseDiscount:
    user_id: str
    code: str
    message: str


DiscountCommand = RequestDiscount | MakeDiscount | RefuseDiscount
Fault = tuple[str, str, str]
"""Code, field and sentence."""


def fault(state: Subscription, discount: Discount | None, at: datetime) -> Fault | None:
    """Why an account cannot have a discount, or None."""
    if discount is None or at < discount.valid_from:
        text = "There is no discount with this code. Check how it is written."
        return "discount_unknown", "discount_code", text
    if discount.valid_until is not None and at >= discount.valid_until:
        text = f"This code was good until {discount.valid_until:%d %B %Y}. Use another one, or go on without."
        return "discount_expired", "discount_code", text
    if discount.code in state.codes:
        text = "This code was used for your account before, and it is good once. Use another one, or go on without."
        return "discount_used_before", "discount_code", text
    if state.discount is not None:
        text = f"The discount {state.discount.code} holds already, and there is one at a time. Wait until it has ended."
        return "discount_in_use", "discount_code", text
    return None


def decide(state: Subscription, command: DiscountCommand) -> Sequence[Event]:
    match command:
        case RequestDiscount():
            return _request(state, command)
        case MakeDiscount(user_id, discount):
            return [granted(user_id, discount)] if state.discounting else []
        case RefuseDiscount(user_id, code, message):
            return [_refused(user_id, code, "discount_code", message)] if state.discounting else []


def _request(state: Subscription, command: RequestDiscount) -> Sequence[Event]:
    if not state.running:
        text = "There is no subscription that runs. Give the code when you set up the payment."
        return [_refused(command.user_id, "no_subscription", "", text)]
    if state.busy:
        text = "The last request is still with the payment provider. Wait for its outcome and try again."
        return [_refused(command.user_id, "change_in_progress", "", text)]
    if wrong := fault(state, command.discount, command.at):
        return [_refused(command.user_id, *wrong)]
    assert command.discount is not None  # a code that is not known was refused
    return [DiscountOrdered(user_id=command.user_id, code=command.discount.code)]


def granted(user_id: str, discount: Discount) -> DiscountGranted:
    """The event that says that invoices to come are less."""
    return DiscountGranted(
        user_id=user_id,
        code=discount.code,
        percent=discount.percent,
        amount=discount.amount,
        duration=discount.duration,
        months=discount.months,
    )


def _refused(user_id: str, code: str, field: str, message: str) -> DiscountRejected:
    return DiscountRejected(user_id=user_id, code=code, field=field, message=message)
