"""Stripe customers, subscriptions, invoices, and the entitlements that follow from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ytempire.events.base import Event, Rejected
from ytempire.events.money import Money
from ytempire.events.plans import Interval
from ytempire.events.values import CountryCode, Id, Sealed


class CustomerCreated(Event, owner="billing"):
    """The account is known to Stripe."""

    user_id: Id
    stripe_customer_id: str


class SubscriptionStarted(Event, owner="billing"):
    """Stripe holds a subscription with a payment method, in its trial or paid."""

    user_id: Id
    subscription_id: str
    plan: str
    status: str
    """Stripe's word: trialing, active, past_due, canceled ..."""
    trial_ends_at: datetime | None
    period_start: datetime
    period_end: datetime
    interval: Interval = "month"
    price: Money | None = None
    """What each interval costs, without tax."""
    no_trial: Literal["account_had_trial", "card_had_trial"] | None = None
    """Why it began without the trial of its plan: there is one for each account and each card."""


class PaymentSetupRejected(Rejected, owner="billing"):
    user_id: Id


class PlanChangePreviewed(Event, owner="billing"):
    """What a change of plan would cost at this moment. Nothing is changed."""

    user_id: Id
    plan: str
    interval: Interval
    due_now: Money
    """What is charged at once, with tax: the rest of the period at the new price, less what was paid at the old one."""
    begins_at: datetime
    """When the plan would begin: now, or with the next period."""
    price: Money
    """What each interval costs from then on, without tax."""
    net: Money | None = None
    """What of ``due_now`` is without tax, discounts taken off."""
    tax: Money | None = None
    discount: Money | None = None
    """What discounts take off."""


class PlanChangePreviewRejected(Rejected, owner="billing"):
    user_id: Id


class PaymentMethodChanged(Event, owner="billing"):
    """The card that is charged from now on, as a person knows it again."""

    user_id: Id
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class PaymentMethodChangeRejected(Rejected, owner="billing"):
    user_id: Id


class InvoicePaymentMade(Event, owner="billing"):
    """An invoice was charged when its owner asked for it; ``InvoicePaid`` says how much that was."""

    user_id: Id
    invoice_id: str


class InvoicePaymentRejected(Rejected, owner="billing"):
    user_id: Id


class BillingAccessGranted(Event, owner="billing"):
    """The provider opened a door for one person; what leads through it is sealed to the gateway."""

    user_id: Id
    kind: Literal["portal", "invoice", "card"]
    sealed: Sealed
    """Addresses, or the secret with which the card form confirms."""


class BillingAccessRejected(Rejected, owner="billing"):
    user_id: Id


class DiscountGranted(Event, owner="billing"):
    """A code makes invoices to come cheaper: by a share or by an amount."""

    user_id: Id
    code: str
    percent: str | None
    amount: Money | None
    duration: Literal["once", "repeating", "forever"]
    months: int | None = None
    """For how many months, if for some."""


class DiscountRejected(Rejected, owner="billing"):
    user_id: Id


class DiscountEnded(Event, owner="billing"):
    """A discount is used up: invoices to come are for the whole price."""

    user_id: Id
    code: str


class TaxChanged(Event, owner="billing"):
    """How invoices to come are taxed; those that were made stay as they are."""

    user_id: Id
    country: CountryCode
    treatment: Literal["vat", "reverse_charge", "none"]
    """VAT is charged; the customer owes it; or none is due in that country."""
    percent: str
    """The rate that is charged, such as 25.5; 0 if nothing is."""
    vat_id: Literal["none", "pending", "verified", "unverified"]
    """What the registry says of the customer's VAT number."""


class TaxChangeRejected(Rejected, owner="billing"):
    user_id: Id


class TrialEnding(Event, owner="billing"):
    """The free days end soon and the first charge follows."""

    user_id: Id
    trial_ends_at: datetime


class SubscriptionChanged(Event, owner="billing"):
    """Something is new of the subscription: plan, status, period, or how it goes on."""

    user_id: Id
    subscription_id: str
    plan: str
    status: str
    period_start: datetime
    period_end: datetime
    interval: Interval = "month"
    """How long a payment lasts; that of the next plan is the same."""
    cancels_at: datetime | None = None
    """When it will end because that was asked for."""
    next_plan: str | None = None
    """The plan of the next period, where that is another one."""
    next_price: Money | None = None
    """What the next period costs, without tax; nothing, where there is none."""
    pause_begins: datetime | None = None
    """When a pause begins, or began."""
    pause_ends: datetime | None = None
    """When it goes on by itself."""


class SubscriptionPaused(Event, owner="billing"):
    """What was paid is used up and a pause has begun: nothing is charged, and nothing new is begun."""

    user_id: Id
    subscription_id: str
    ends_at: datetime
    """When it goes on by itself, paid as before."""


class SubscriptionResumed(Event, owner="billing"):
    """A pause is over."""

    user_id: Id
    subscription_id: str


class SubscriptionChangeRejected(Rejected, owner="billing"):
    """A subscription stays as it is."""

    user_id: Id


class SubscriptionPastDue(Event, owner="billing"):
    """An invoice is overdue; Stripe is still trying."""

    user_id: Id
    subscription_id: str
    grace_ends_at: datetime | None = None
    """Until then work goes on; after it nothing new is begun until the invoice is paid."""


class SubscriptionRecovered(Event, owner="billing"):
    """What was overdue is paid: everything goes on as before."""

    user_id: Id
    subscription_id: str


class SubscriptionCancelled(Event, owner="billing"):
    """The subscription has ended."""

    user_id: Id
    subscription_id: str


class InvoicePaid(Event, owner="billing"):
    """Money came in. Net is what counts as the customer's cost: without tax, credits and refunds."""

    user_id: Id
    invoice_id: str
    net: Money
    tax: Money
    period_start: datetime
    period_end: datetime
    """The days it pays for: from ``period_start`` up to, not including, ``period_end``."""
    tax_percent: str = "0"
    """The rate of the tax, such as 25.5."""
    reverse_charge: bool = False
    """Whether the customer owes the tax."""
    receipt: Sealed | None = None
    """The customer's VAT number, sealed to onboarding, which writes the receipt."""


class PaymentFailed(Event, owner="billing"):
    """An invoice could not be collected."""

    user_id: Id
    invoice_id: str
    code: str
    attempt: int = 1
    """Which of Stripe's tries it was."""
    next_attempt_at: datetime | None = None
    """When Stripe tries again; never, without it."""


class RefundIssued(Event, owner="billing"):
    """Money of a paid invoice went back."""

    user_id: Id
    invoice_id: str
    amount: Money
    refund_id: str = ""


class DisputeOpened(Event, owner="billing"):
    """The holder's bank took a payment back until it has decided; nothing new is begun meanwhile."""

    user_id: Id
    dispute_id: str
    invoice_id: str
    amount: Money


class DisputeClosed(Event, owner="billing"):
    """The bank has decided about a payment that it took back."""

    user_id: Id
    dispute_id: str
    invoice_id: str
    amount: Money
    won: bool
    """The money came back, and everything goes on; else it stays with the holder, and the subscription ends."""


class LedgerDifferenceChanged(Event, owner="billing"):
    """The ledger of Stripe's money differs from Stripe's own list, by another amount than before, or agrees again."""

    days: tuple[date, ...]
    """The days that do not agree; none, if all is well again."""
    differences: tuple[Money, ...]
    """By how much, for each currency."""


class EntitlementsChanged(Event, owner="billing"):
    """What the account may do from now on."""

    user_id: Id
    plan: str
    active: bool
    channels: int
    videos_per_day: int


class VideoSlotReserved(Event, owner="billing"):
    """One video of the plan's day is held for this video; it dies at the end of the owner's day."""

    user_id: Id
    video_id: Id
    day: date
    demo: bool = False
    """Whether it is the account's demonstration video, which there is once and beside the day's videos."""


class VideoSlotRefused(Rejected, owner="billing"):
    user_id: Id
    video_id: Id


class VideoSlotConsumed(Event, owner="billing"):
    """The video was made: its slot of the day is used up."""

    user_id: Id
    video_id: Id


class VideoSlotReleased(Event, owner="billing"):
    """The video was not made: its slot of the day is free again."""

    user_id: Id
    video_id: Id


class ChannelSlotReserved(Event, owner="billing"):
    """One of the plan's channels is held for this connection."""

    user_id: Id
    channel_id: Id


class ChannelSlotRefused(Rejected, owner="billing"):
    user_id: Id
    channel_id: Id


class ChannelSlotReleased(Event, owner="billing"):
    """A channel no longer counts against the plan."""

    user_id: Id
    channel_id: Id
