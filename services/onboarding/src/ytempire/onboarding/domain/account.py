"""One account from sign-up to its first video: stream ``account-<user_id>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ytempire.events import Event
from ytempire.events.onboarding import (
    AccessLinkSent,
    ChannelPreferencesSaved,
    EmailChanged,
    EmailChangeStarted,
    EmailVerified,
    NichesChosen,
    OnboardingStepCompleted,
    PasswordChanged,
    PasswordReset,
    PlanSelected,
    PreferencesSaved,
    SignUpAccepted,
)
from ytempire.events.preferences import VideoPreferences
from ytempire.onboarding.domain.events import (
    JourneyEntitlementNoted,
    JourneySubscriptionEnded,
    JourneySubscriptionNoted,
    ProfileRecorded,
    SignUpLapsed,
)


def stream_of(user_id: str) -> str:
    """Name of an account's stream."""
    return f"account-{user_id}"


@dataclass(frozen=True, slots=True)
class Account:
    """What the rules need to know of an account."""

    signed_up: bool = False
    verified: bool = False
    lapsed: bool = False
    """Nobody proved the address in time; what was known of the person is destroyed."""
    profile: ProfileRecorded | None = None
    plan: str | None = None
    channels: int | None = None
    """How many channels, and so niches, the plan has."""
    entitled_plan: str | None = None
    subscription_id: str | None = None
    ended: frozenset[str] = frozenset()
    """Subscriptions that are over."""
    niche_ids: tuple[str, ...] = ()
    timezone: str = "UTC"
    videos: VideoPreferences = field(default_factory=VideoPreferences)
    preferences_version: int = 0
    channel_versions: Mapping[str, int] = field(default_factory=dict)
    """How often each channel's own preferences were saved."""
    done: frozenset[str] = frozenset()
    email_digest: str | None = None
    """Of the proven address."""
    generation: int = 0
    """How often password or address were changed; links from before are void."""
    password_link_until: datetime | None = None
    """When the newest link to a new password expires."""
    email_links_until: tuple[datetime, ...] = ()
    """When each link to a new address expires."""

    @property
    def subscribed(self) -> bool:
        """Whether a subscription is running; one that began and ended in whatever order is not."""
        return self.subscription_id is not None and self.subscription_id not in self.ended


def evolve(state: Account, event: Event) -> Account:
    match event:
        case ProfileRecorded():
            return replace(state, profile=event)
        case SignUpAccepted():
            return replace(state, signed_up=True)
        case EmailVerified():
            return replace(state, verified=True, email_digest=event.email_digest)
        case SignUpLapsed():
            return replace(state, lapsed=True)
        case AccessLinkSent():
            # before the address is proven, it is one more link to prove it with
            return replace(state, password_link_until=event.expires_at) if state.verified else state
        case PasswordReset() | PasswordChanged():
            return replace(state, generation=state.generation + 1)
        case EmailChangeStarted():
            return replace(state, email_links_until=(*state.email_links_until, event.expires_at))
        case EmailChanged():
            return replace(state, email_digest=event.email_digest, generation=state.generation + 1)
        case PlanSelected():
            return replace(state, plan=event.plan, channels=event.channels)
        case JourneySubscriptionNoted():
            return replace(state, plan=event.plan, subscription_id=event.subscription_id)
        case JourneyEntitlementNoted():
            return replace(state, plan=event.plan, entitled_plan=event.plan, channels=event.channels)
        case JourneySubscriptionEnded():
            return replace(state, ended=state.ended | {event.subscription_id})
        case NichesChosen():
            return replace(state, niche_ids=event.niche_ids)
        case PreferencesSaved():
            return replace(
                state,
                timezone=event.timezone,
                videos=VideoPreferences(**event.model_dump(include=set(VideoPreferences.model_fields))),
                preferences_version=event.version,
            )
        case ChannelPreferencesSaved():
            versions = {**state.channel_versions, event.channel_id: event.version}
            return replace(state, channel_versions=versions)
        case OnboardingStepCompleted():
            return replace(state, done=state.done | {event.step})
        case _:
            return state
