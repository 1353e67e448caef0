"""The eight steps. A step that is done early is kept; none can be passed over."""

from __future__ import annotations

from collections.abc import Set

from ytempire.events import Event
from ytempire.events.journey import (
    ACCOUNT_CREATION,
    CHANNEL_CONNECTION,
    CONTENT_PREFERENCES,
    EMAIL_VERIFICATION,
    FIRST_VIDEO_GENERATION,
    NICHE_SELECTION,
    PAYMENT_SETUP,
    STEPS,
    SUBSCRIPTION_SELECTION,
    next_step,
)
from ytempire.events.onboarding import OnboardingCompleted, OnboardingStepCompleted

__all__ = [
    "ACCOUNT_CREATION",
    "CHANNEL_CONNECTION",
    "CONTENT_PREFERENCES",
    "EMAIL_VERIFICATION",
    "FIRST_VIDEO_GENERATION",
    "NICHE_SELECTION",
    "PAYMENT_SETUP",
    "STEPS",
    "SUBSCRIPTION_SELECTION",
    "complete",
    "next_step",
]


def complete(user_id: str, done: Set[str], *steps: str) -> list[Event]:
    """Events that say that ``steps`` are done; none for those that were. The last one also ends the journey."""
    events: list[Event] = []
    reached = set(done)
    for step in steps:
        if step in reached:
            continue
        reached.add(step)
        following = next_step(reached)
        events.append(OnboardingStepCompleted(user_id=user_id, step=step, next_step=following))
        if following is None:
            events.append(OnboardingCompleted(user_id=user_id))
    return events
