"""Accounts, the eight-step journey, niches, preferences, and mail to customers."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ytempire.events.base import Event, Rejected
from ytempire.events.money import Money
from ytempire.events.plans import Interval
from ytempire.events.preferences import ChannelPreferences, FontKit
from ytempire.events.values import Digest, Id, MemberRole, NicheScore, Sealed


class SignUpAccepted(Event, owner="onboarding"):
    """An account waits for its address to be verified; a mail with the link is on its way."""

    user_id: Id


class SignUpRejected(Rejected, owner="onboarding"):
    user_id: Id


class EmailVerified(Event, owner="onboarding"):
    """The link in the verification mail was followed in time."""

    user_id: Id
    email_digest: Digest | None = None
    """Of the address that was proven; accounts are found by it."""


class EmailVerificationRejected(Rejected, owner="onboarding"):
    pass


class AccessLinkSent(Event, owner="onboarding"):
    """A link by which the owner of a mailbox gets into their account is on its way."""

    user_id: Id
    expires_at: datetime


class AccessLinkRejected(Rejected, owner="onboarding"):
    pass


class PasswordReset(Event, owner="onboarding"):
    """The link to a new password was followed in time: what was sent with it is the password now."""

    user_id: Id


class PasswordResetRejected(Rejected, owner="onboarding"):
    pass


class PasswordChanged(Event, owner="onboarding"):
    """The account has another password, and its owner is told."""

    user_id: Id


class PasswordChangeRejected(Rejected, owner="onboarding"):
    user_id: Id


class EmailChangeStarted(Event, owner="onboarding"):
    """Another address was asked for; nothing changes before its owner follows the link in time."""

    user_id: Id
    expires_at: datetime


class EmailChangeRejected(Rejected, owner="onboarding"):
    user_id: Id


class EmailChanged(Event, owner="onboarding"):
    """The account has another address, which is proven."""

    user_id: Id
    email_digest: Digest
    """Of the new address; accounts are found by it."""


class EmailConfirmationRejected(Rejected, owner="onboarding"):
    user_id: Id


class UserCreated(Event, owner="onboarding"):
    """The account exists from now on: its address is proven."""

    user_id: Id
    is_beta: bool = True


class MemberInvited(Event, owner="onboarding"):
    """A mail invites somebody into an account; whether they have an account of their own is not told."""

    user_id: Id
    """Whose account it is."""
    invitation_id: Id
    role: MemberRole
    expires_at: datetime
    sealed: Sealed
    """The address, for the account's list of open invitations: sealed to the gateway for as long as it is open."""


class InvitationRejected(Rejected, owner="onboarding"):
    user_id: Id


class InvitationResent(Event, owner="onboarding"):
    """A new mail with a new link invites again; the link before is void."""

    user_id: Id
    invitation_id: Id
    expires_at: datetime
    sealed: Sealed


class InvitationResendRejected(Rejected, owner="onboarding"):
    user_id: Id


class InvitationRevoked(Event, owner="onboarding"):
    """An open invitation was withdrawn: its link is void."""

    user_id: Id
    invitation_id: Id


class InvitationRevocationRejected(Rejected, owner="onboarding"):
    user_id: Id


class InvitationExpired(Event, owner="onboarding"):
    """Nobody accepted the invitation in time."""

    user_id: Id
    invitation_id: Id


class MemberJoined(Event, owner="onboarding"):
    """A person accepted an invitation and belongs to the account from now on."""

    user_id: Id
    """Whose account it is."""
    member_id: Id
    """The person: ``user_id`` of their own account."""
    invitation_id: Id
    role: MemberRole


class InvitationAcceptanceRejected(Rejected, owner="onboarding"):
    user_id: Id
    """The person who followed the link."""


class MemberRoleChanged(Event, owner="onboarding"):
    """What a member may do in the account is another role's from now on."""

    user_id: Id
    member_id: Id
    role: MemberRole


class MemberRoleChangeRejected(Rejected, owner="onboarding"):
    user_id: Id


class MemberRemoved(Event, owner="onboarding"):
    """A person does not belong to the account any more."""

    user_id: Id
    member_id: Id
    left: bool
    """Whether they went by themselves."""


class MemberRemovalRejected(Rejected, owner="onboarding"):
    user_id: Id


class NamesTold(Event, owner="onboarding"):
    """Who the people are, for one person: sealed to the gateway, which opens it in the answer alone."""

    user_id: Id
    sealed: Sealed
    """Name by person."""


class NamesRejected(Rejected, owner="onboarding"):
    user_id: Id


class PlanSelected(Event, owner="onboarding"):
    """A plan was chosen, with what it costs and allows at this time. Nothing is charged yet."""

    user_id: Id
    plan: str
    price: Money
    """For each interval."""
    channels: int
    videos_per_day: int
    trial_days: int
    interval: Interval = "month"
    """How long a payment lasts."""


class PlanRejected(Rejected, owner="onboarding"):
    user_id: Id


class NichesRecommended(Event, owner="onboarding"):
    """The best niches for the person's interests, experience and budget, best first."""

    user_id: Id
    niches: tuple[NicheScore, ...]


class NichesRejected(Rejected, owner="onboarding"):
    user_id: Id


class NichesChosen(Event, owner="onboarding"):
    """The niches the account works on from now on."""

    user_id: Id
    niche_ids: tuple[str, ...]


class NicheChoiceRejected(Rejected, owner="onboarding"):
    user_id: Id


class PreferencesSaved(Event, owner="onboarding"):
    """How videos are made and shown for this account from now on, complete."""

    user_id: Id
    video_style: str
    video_length_s: int
    auto_publish: bool
    timezone: str
    dashboard_layout: dict[str, str] = Field(default_factory=dict)
    language: str = "en"
    voice: str = "joe"
    brand_colour: str | None = None
    brand_accent: str | None = None
    font_kit: FontKit | None = None
    version: int = 0
    """Counts what was saved, from 1; 0 is from before it was counted."""


class PreferencesRejected(Rejected, owner="onboarding"):
    user_id: Id


class ChannelPreferencesSaved(Event, owner="onboarding"):
    """What a channel has of its own from now on; everything else is as its account has it."""

    user_id: Id
    channel_id: Id
    preferences: ChannelPreferences
    version: int
    """Counts what was saved for this channel, from 1."""


class ChannelPreferencesRejected(Rejected, owner="onboarding"):
    user_id: Id
    channel_id: Id


class RemindersChosen(Event, owner="onboarding"):
    """Whether the customer is reminded of a journey that stands still. Every other mail comes as before."""

    user_id: Id
    wanted: bool


class ReminderChoiceRejected(Rejected, owner="onboarding"):
    pass


class OnboardingStepCompleted(Event, owner="onboarding"):
    """One step of the journey is done; ``next_step`` is the first open one, null when none is."""

    user_id: Id
    step: str
    next_step: str | None


class OnboardingCompleted(Event, owner="onboarding"):
    """All eight steps of the journey are done."""

    user_id: Id


class MailSent(Event, owner="onboarding"):
    """A mail was handed to the mail server; the address is not told."""

    user_id: Id
    template: str
    message_id: str
