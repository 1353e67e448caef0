"""The eight steps from a sign-up to the first video, and which of them each one waits for."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

ACCOUNT_CREATION = "account_creation"
EMAIL_VERIFICATION = "email_verification"
SUBSCRIPTION_SELECTION = "subscription_selection"
PAYMENT_SETUP = "payment_setup"
NICHE_SELECTION = "niche_selection"
CHANNEL_CONNECTION = "channel_connection"
CONTENT_PREFERENCES = "content_preferences"
FIRST_VIDEO_GENERATION = "first_video_generation"

STEPS = (
    ACCOUNT_CREATION,
    EMAIL_VERIFICATION,
    SUBSCRIPTION_SELECTION,
    PAYMENT_SETUP,
    NICHE_SELECTION,
    CHANNEL_CONNECTION,
    CONTENT_PREFERENCES,
    FIRST_VIDEO_GENERATION,
)

WAITS_FOR: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ACCOUNT_CREATION: (),
        EMAIL_VERIFICATION: (ACCOUNT_CREATION,),
        SUBSCRIPTION_SELECTION: (EMAIL_VERIFICATION,),
        PAYMENT_SETUP: (SUBSCRIPTION_SELECTION,),
        NICHE_SELECTION: (SUBSCRIPTION_SELECTION,),
        CHANNEL_CONNECTION: (PAYMENT_SETUP,),
        CONTENT_PREFERENCES: (EMAIL_VERIFICATION,),
        FIRST_VIDEO_GENERATION: (CHANNEL_CONNECTION,),
    }
)
"""What the owner of a step refuses it without; whoever is asked too early says so."""


def next_step(done: Set[str]) -> str | None:
    """The first step that is not done; None when all are."""
    return next((step for step in STEPS if step not in done), None)


def missing(step: str, done: Set[str]) -> tuple[str, ...]:
    """Which steps must be done before this one can be."""
    return tuple(needed for needed in WAITS_FOR[step] if needed not in done)
