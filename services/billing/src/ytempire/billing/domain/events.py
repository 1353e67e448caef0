"""Billing's private events: they never leave its store."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ytempire.billing.domain.accounts import LedgerLine
from ytempire.events.base import Event, Value
from ytempire.events.money import Money
from ytempire.events.plans import Interval
from ytempire.events.values import Id, Sealed


class Terms(Value):
    """A plan as it is charged."""

    plan: str
    price: Money
    """For each interval."""
    channels: int
    videos_per_day: int
    trial_days: int
    interval: Interval = "month"


class PlanNoted(Event, owner="billing", private=True):
    """Onboarding's choice, as billing will charge it."""

    user_id: Id
    plan: str
    price: Money
    channels: int
    videos_per_day: int
    trial_days: int
    interval: Interval = "month"


class ZoneNoted(Event, owner="billing", private=True):
    """The owner's time zone: a video slot belongs to a day there."""

    user_id: Id
    timezone: str
    held: str | None = None
    """The zone that holds until ``begins``; without it the new one holds at once."""
    begins: datetime | None = None
    day: date | None = None
    """The day on which it was asked for."""


class SubscriptionOrdered(Event, owner="billing", private=True):
    """The intent to make a customer and a subscription at Stripe; its outcome follows."""

    user_id: Id
    plan: str
    payment_method_id: str
    sealed: Sealed
    discount_code: str | None = None


class ChangeOrdered(Event, owner="billing", private=True):
    """The intent to change the subscription at Stripe; its outcome follows."""

    user_id: Id
    change: str
    terms: Terms | None = None
    """The plan to change to, at its price of that day."""
    at_period_end: bool = False
    """The plan changes with the next period; what is paid is used up."""
    pause_begins: datetime | None = None
    pause_ends: datetime | None = None
    pause_months: int = 0
    restart: bool = False
    """A new period begins at once: the pause that ends had begun."""


class ChangeSettled(Event, owner="billing", private=True):
    """Stripe made the change, or refused it: another one may be asked for."""

    user_id: Id


class TaxOrdered(Event, owner="billing", private=True):
    """The intent to tax an account's invoices to come otherwise; its outcome follows."""

    user_id: Id
    country: str
    sealed: Sealed | None = None
    """Name, address and VAT number, where they are new."""
    vat_id: Literal["none", "pending", "verified", "unverified"] | None = None
    """What the registry says of the number that is known already."""


class DiscountOrdered(Event, owner="billing", private=True):
    """The intent to take a discount off the invoices to come; its outcome follows."""

    user_id: Id
    code: str


class TrialGranted(Event, owner="billing", private=True):
    """A card had its one trial, with this account. The stream's name is a digest of the card."""

    user_id: Id


class CardOrdered(Event, owner="billing", private=True):
    """The intent to charge another payment method from now on; its outcome follows."""

    user_id: Id
    payment_method_id: str


class InvoicePaymentOrdered(Event, owner="billing", private=True):
    """The intent to charge an open invoice now; its outcome follows."""

    user_id: Id
    invoice_id: str


class GraceEnded(Event, owner="billing", private=True):
    """The days are over in which work goes on although an invoice is overdue. A timer's event."""

    user_id: Id
    subscription_id: str


class StripeNoticed(Event, owner="billing", private=True):
    """Stripe said that an object changed; what it is now is asked, not believed."""

    webhook_id: str
    kind: str
    object_id: str


class NoticesListingDue(Event, owner="billing", private=True):
    """A day is over: Stripe is asked what it told and what moved, in case a webhook was lost. A timer's event."""


class LedgerEntryPosted(Event, owner="billing", private=True):
    """An entry of the double-entry ledger of Stripe's money: what moved, and the accounts it moved between."""

    entry_id: str
    """Stripe's id of the balance transaction; for a change of a customer's credit the invoice's."""
    at: datetime
    """When Stripe says that it moved."""
    what: str
    """Stripe's reporting category: charge, refund, dispute ..., or credit."""
    source_id: str
    """What made it move: a charge, a refund, a dispute, a payout, an invoice."""
    user_id: Id | None
    invoice_id: str | None
    currency: str
    lines: tuple[LedgerLine, ...]
    """They sum to zero."""


class LedgerReconciled(Event, owner="billing", private=True):
    """A day of the ledger of Stripe's money was compared with Stripe's own list of what moved."""

    day: date
    stripe_net: Money
    """What came into Stripe's balance that day, less fees and what went out, as Stripe lists it."""
    ledger_net: Money
    difference: Money
    """By how much they differ, category by category; never below zero, and zero if all is well."""
    missed: int = 0
    """How many movements were posted only now, because no notice had told of them."""
