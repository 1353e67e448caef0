"""The public language of the platform: envelope, event models, values. Depends on pydantic alone."""

from ytempire.events import analytics, billing, gateway, media, onboarding, platform, publisher, support
from ytempire.events.base import SERVICES, Event, Rejected, Value
from ytempire.events.envelope import PLATFORM_TENANT, Envelope
from ytempire.events.money import MICROS, Money, spread
from ytempire.events.pnl import Pnl, PnlComponents
from ytempire.events.registry import lookup, newest, private_events, public_events, type_names, upcaster, versions

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
    "newest",
    "onboarding",
    "platform",
    "private_events",
    "public_events",
    "publisher",
    "spread",
    "support",
    "type_names",
    "upcaster",
    "versions",
]
