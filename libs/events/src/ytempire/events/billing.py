"""Stripe customers, subscriptions, invoices, and the entitlements that follow from them."""

from __future__ import annotations

from datetime import date, datetime

from ytempire.events.base import Event, Rejected
from ytempire.events.money import Money
from ytempire.events.plans import Interval
from ytempire.events.values import Id


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


class PaymentSetupRejected(Rejected, owner="billing"):
    user_id: Id


class TrialEnding(Event, owner="billing"):
    """The free days end soon and the first charge follows."""

    user_id: Id
    trial_ends_at: datetime


class SubscriptionChanged(Event, owner="billing"):
    """Stripe says something new of the subscription: plan, status or period."""

    user_id: Id
    subscription_id: str
    plan: str
    status: str
    period_start: datetime
    period_end: datetime


class SubscriptionPastDue(Event, owner="billing"):
    """An invoice is overdue; Stripe is still trying."""

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


class PaymentFailed(Event, owner="billing"):
    """An invoice could not be collected; Stripe will try again."""

    user_id: Id
    invoice_id: str
    code: str


class RefundIssued(Event, owner="billing"):
    """Money of a paid invoice went back."""

    user_id: Id
    invoice_id: str
    amount: Money


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
