"""The eight steps. A step that is done early is kept; none can be passed over."""

from __future__ import annotations

from collections.abc import Set

from ytempire.events import Event
from ytempire.events.onboarding import OnboardingCompleted, OnboardingStepCompleted

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


def next_step(done: Set[str]) -> str | None:
    """The first step that is not done; None when all are."""
    return next((step for step in STEPS if step not in done), None)


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
