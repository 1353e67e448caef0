"""Billing's private events: they never leave its store."""

from __future__ import annotations

from ytempire.events.base import Event
from ytempire.events.money import Money
from ytempire.events.plans import Interval
from ytempire.events.values import Id, Sealed


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


class SubscriptionOrdered(Event, owner="billing", private=True):
    """The intent to make a customer and a subscription at Stripe; its outcome follows."""

    user_id: Id
    plan: str
    payment_method_id: str
    sealed: Sealed


class StripeNoticed(Event, owner="billing", private=True):
    """Stripe said that an object changed; what it is now is asked, not believed."""

    webhook_id: str
    kind: str
    object_id: str
