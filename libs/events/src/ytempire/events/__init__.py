"""The public language of the platform: envelope, event models, values. Depends on pydantic alone."""

from ytempire.events import analytics, billing, gateway, media, onboarding, platform, publisher, support
from ytempire.events.base import SERVICES, Event, Rejected, Value, lookup, private_events, public_events
from ytempire.events.envelope import PLATFORM_TENANT, Envelope
from ytempire.events.money import MICROS, Money, spread
from ytempire.events.pnl import Pnl, PnlComponents

__all__ = [
    "MICROS",
    "PLATFORM_TENANT",
    "SERVICES",
    "Envelope",
    "Event",
    "Money",
    "Pnl",
    "PnlComponents",
    "Rejected",
    "Value",
    "analytics",
    "billing",
    "gateway",
    "lookup",
    "media",
    "onboarding",
    "platform",
    "private_events",
    "public_events",
    "publisher",
    "spread",
    "support",
]
