"""Intents: what a person (or a provider's webhook) asked for, recorded before anybody decides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ytempire.events.base import Event
from ytempire.events.plans import Interval
from ytempire.events.preferences import ChannelPreferences, FontKit
from ytempire.events.values import CountryCode, Digest, Id, MemberRole, Sealed


class SignUpRequested(Event, owner="gateway", success="SignUpAccepted", rejected="SignUpRejected"):
    """Somebody wants an account. Address, name and company travel sealed to onboarding."""

    user_id: Id
    email_digest: Digest
    """Keyed digest of the normalised address: equal addresses, equal digests."""
    sealed: Sealed


class EmailVerificationRequested(Event, owner="gateway", success="EmailVerified", rejected="EmailVerificationRejected"):
    """The link of a verification mail was followed; the token itself is never kept."""

    token_digest: Digest


class AccessLinkRequested(Event, owner="gateway", success="AccessLinkSent", rejected="AccessLinkRejected"):
    """Somebody who cannot get in wants a link to: the one that opens a new account, or one to a new password."""

    email_digest: Digest


class PasswordResetRequested(Event, owner="gateway", success="PasswordReset", rejected="PasswordResetRejected"):
    """The link to a new password was followed. The password is the gateway's alone, and kept until this is decided."""

    token_digest: Digest


class PasswordChangeRequested(Event, owner="gateway", success="PasswordChanged", rejected="PasswordChangeRejected"):
    """Somebody who is logged in and gave the old password wants another one."""

    user_id: Id


class EmailChangeRequested(Event, owner="gateway", success="EmailChangeStarted", rejected="EmailChangeRejected"):
    """Somebody who is logged in and gave the password wants another e-mail address; it travels sealed to onboarding."""

    user_id: Id
    email_digest: Digest
    sealed: Sealed


class EmailConfirmationRequested(Event, owner="gateway", success="EmailChanged", rejected="EmailConfirmationRejected"):
    """The link that was sent to a new address was followed, by somebody who is logged in."""

    user_id: Id
    token_digest: Digest


class InvitationRequested(Event, owner="gateway", success="MemberInvited", rejected="InvitationRejected"):
    """Somebody is to be invited into an account. Their address travels sealed to onboarding."""

    user_id: Id
    """Whose account it is."""
    invitation_id: Id
    email_digest: Digest
    role: MemberRole
    sealed: Sealed


class InvitationResendRequested(
    Event, owner="gateway", success="InvitationResent", rejected="InvitationResendRejected"
):
    """An open invitation is to be mailed again, with a new link."""

    user_id: Id
    invitation_id: Id


class InvitationRevocationRequested(
    Event, owner="gateway", success="InvitationRevoked", rejected="InvitationRevocationRejected"
):
    """An open invitation is to be withdrawn."""

    user_id: Id
    invitation_id: Id


class InvitationAcceptanceRequested(
    Event, owner="gateway", success="MemberJoined", rejected="InvitationAcceptanceRejected"
):
    """A person who is logged in follows the link of an invitation; the token itself is never kept."""

    user_id: Id
    """The person."""
    token_digest: Digest


class MemberRoleChangeRequested(
    Event, owner="gateway", success="MemberRoleChanged", rejected="MemberRoleChangeRejected"
):
    """A member is to have another role."""

    user_id: Id
    member_id: Id
    role: MemberRole


class MemberRemovalRequested(Event, owner="gateway", success="MemberRemoved", rejected="MemberRemovalRejected"):
    """A member is to belong to the account no longer."""

    user_id: Id
    member_id: Id
    leaves: bool = False
    """Whether the member asks for it."""


class NamesRequested(Event, owner="gateway", success="NamesTold", rejected="NamesRejected"):
    """Somebody wants to know who the people are that they share an account with."""

    user_id: Id
    people: tuple[Id, ...]
    """Their members, and the owners of the accounts they belong to."""


class PlanSelectionRequested(Event, owner="gateway", success="PlanSelected", rejected="PlanRejected"):
    """A plan, by its name, is to be the account's."""

    user_id: Id
    plan: str
    interval: Interval = "month"
    """How long a payment lasts."""


class PaymentSetupRequested(Event, owner="gateway", success="SubscriptionStarted", rejected="PaymentSetupRejected"):
    """A payment method, made by the provider's own form, is to pay the chosen plan."""

    user_id: Id
    payment_method_id: str
    """The provider's token, worthless outside our account; card data never reaches us."""
    sealed: Sealed
    """Name and address for the provider's receipts, sealed to billing."""
    discount_code: str | None = None
    """A code that makes the plan cheaper."""


class PlanChangePreviewRequested(
    Event, owner="gateway", success="PlanChangePreviewed", rejected="PlanChangePreviewRejected"
):
    """What another plan would cost, before it is chosen."""

    user_id: Id
    plan: str
    interval: Interval = "month"
    discount_code: str | None = None
    """A code that would be used with it."""


class PaymentMethodChangeRequested(
    Event, owner="gateway", success="PaymentMethodChanged", rejected="PaymentMethodChangeRejected"
):
    """Another payment method, made by the provider's own form, is to be charged from now on."""

    user_id: Id
    payment_method_id: str
    """The provider's token, worthless outside our account."""


class InvoicePaymentRequested(Event, owner="gateway", success="InvoicePaymentMade", rejected="InvoicePaymentRejected"):
    """The invoice that is overdue is to be charged now, without waiting for the provider's next try."""

    user_id: Id


class DiscountRequested(Event, owner="gateway", success="DiscountGranted", rejected="DiscountRejected"):
    """A code is to make the invoices of a subscription that runs cheaper."""

    user_id: Id
    discount_code: str


class TaxDetailsRequested(Event, owner="gateway", success="TaxChanged", rejected="TaxChangeRejected"):
    """Where the customer is and under which number a business is registered, for the tax on invoices to come."""

    user_id: Id
    country: CountryCode
    sealed: Sealed
    """Name, address and VAT number, sealed to billing."""


class BillingAccessRequested(Event, owner="gateway", success="BillingAccessGranted", rejected="BillingAccessRejected"):
    """A person wants to go where the provider alone serves them: its portal, an invoice's pages, its card form."""

    user_id: Id
    kind: Literal["portal", "invoice", "card"]
    invoice_id: str | None = None
    """Which invoice, where one is wanted."""
    return_url: str
    """Where the portal leads back to."""


class SubscriptionChangeRequested(
    Event, owner="gateway", success="SubscriptionChanged", rejected="SubscriptionChangeRejected"
):
    """A subscription that runs is to end, to go on after all, or to be of another plan."""

    user_id: Id
    change: Literal["cancel_now", "cancel_at_period_end", "resume", "change_plan", "pause", "end_pause"]
    plan: str | None = None
    """The plan wanted, for a change of plan."""
    interval: Interval = "month"
    months: int = 0
    """How long a pause is to be."""


class NichesRequested(Event, owner="gateway", success="NichesRecommended", rejected="NichesRejected"):
    """Niches are wanted that fit these interests, this experience and this budget."""

    user_id: Id
    interests: tuple[str, ...]
    experience: str
    budget_usd: int


class NicheChoiceRequested(Event, owner="gateway", success="NichesChosen", rejected="NicheChoiceRejected"):
    """Some of the recommended niches are to be worked on."""

    user_id: Id
    niche_ids: tuple[str, ...]


class ChannelConsentBegun(Event, owner="gateway"):
    """A person was sent to Google to agree to a channel: it is in their list, pending, until they come back."""

    user_id: Id
    channel_id: Id
    """Our id for the channel to be."""
    niche_id: str
    title: str
    """What it is called until Google says its name."""


class ChannelConnectionRequested(
    Event, owner="gateway", success="ChannelConnected", rejected="ChannelConnectionRejected"
):
    """Google sent the person back with a code; it and its PKCE verifier travel sealed to publisher."""

    user_id: Id
    channel_id: Id
    """Our id for the channel to be."""
    niche_id: str
    sealed: Sealed


class PreferencesSubmitted(Event, owner="gateway", success="PreferencesSaved", rejected="PreferencesRejected"):
    """The account's preferences are to be these, complete; what is left out takes its default."""

    user_id: Id
    video_style: str = "educational"
    video_length_s: int = 480
    auto_publish: bool = False
    timezone: str = "UTC"
    dashboard_layout: dict[str, str] = Field(default_factory=dict)
    language: str = "en"
    voice: str = "joe"
    brand_colour: str | None = None
    brand_accent: str | None = None
    font_kit: FontKit | None = None
    expected_version: int | None = None
    """The version that was read before it was changed; null if there was none."""


class ChannelPreferencesSubmitted(
    Event, owner="gateway", success="ChannelPreferencesSaved", rejected="ChannelPreferencesRejected"
):
    """A channel is to have these preferences of its own, and the account's for all others."""

    user_id: Id
    channel_id: Id
    preferences: ChannelPreferences
    expected_version: int | None = None


class ReminderChoiceRequested(Event, owner="gateway", success="RemindersChosen", rejected="ReminderChoiceRejected"):
    """Reminders of a standing journey are to stop, or to come again: said by the customer, or by the link of one."""

    user_id: Id | None = None
    """Who asked, logged in."""
    token_digest: Digest | None = None
    """Of the link that was followed; the token itself is never kept."""
    wanted: bool


class VideoRequested(
    Event,
    owner="gateway",
    producers=("gateway", "onboarding", "publisher"),
    success="VideoAccepted",
    rejected="VideoRejected",
):
    """A video is wanted: from a brief (the user's own facts) or a topic of the channel's niche."""

    video_id: Id
    user_id: Id
    channel_id: Id
    topic: str | None = None
    brief: str | None = None
    style: str = "educational"
    length_s: int = 480
    priority: int = 5
    requested_by: Literal["user", "onboarding", "autopilot"] = "user"
    first: bool = False
    """Never set any more: which video is the account's demonstration is decided with its slot
    (``VideoSlotReserved.demo``)."""
    language: str = "en"
    voice: str = "joe"
    brand_colour: str | None = None
    brand_accent: str | None = None
    font_kit: FontKit | None = None


class ApprovalGiven(Event, owner="gateway"):
    """A person looked at the finished video and approved it: the proof of human editorial input."""

    user_id: Id
    video_id: Id


class PublishRequested(Event, owner="gateway", success="VideoScheduled", rejected="PublishRejected"):
    """A finished video is to go to its channel."""

    user_id: Id
    video_id: Id
    privacy: Literal["public", "unlisted", "private"] = "public"


class TicketRequested(Event, owner="gateway", success="TicketOpened", rejected="TicketRejected"):
    """Subject and message travel sealed to support."""

    ticket_id: Id
    user_id: Id
    video_id: Id | None = None
    sealed: Sealed


class WebhookReceived(Event, owner="gateway"):
    """A provider told us something; its signature was checked. Only references: the owner asks for the object."""

    provider: str
    webhook_id: str
    """The provider's id of this notice, for once-only handling."""
    kind: str
    object_id: str
