"""Foreign events in, a feature called, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionRecovered,
    SubscriptionResumed,
    SubscriptionStarted,
    TaxChanged,
    TrialEnding,
)
from ytempire.events.gateway import (
    AccessLinkRequested,
    ChannelPreferencesSubmitted,
    EmailChangeRequested,
    EmailConfirmationRequested,
    EmailVerificationRequested,
    InvitationAcceptanceRequested,
    InvitationRequested,
    InvitationResendRequested,
    InvitationRevocationRequested,
    MemberRemovalRequested,
    MemberRoleChangeRequested,
    NamesRequested,
    NicheChoiceRequested,
    NichesRequested,
    PasswordChangeRequested,
    PasswordResetRequested,
    PlanSelectionRequested,
    PreferencesSubmitted,
    ReminderChoiceRequested,
    SignUpRequested,
)
from ytempire.events.media import VideoAccepted, VideoRendered
from ytempire.events.publisher import ChannelConnected, PublicationVerified, VideoPublished
from ytempire.events.support import TicketReplied
from ytempire.eventstore import Delivery, Handlers
from ytempire.onboarding.features.accept_invitation import AcceptInvitation
from ytempire.onboarding.features.change_email import ChangeEmail
from ytempire.onboarding.features.choose_niches import ChooseNiches
from ytempire.onboarding.features.invite import InviteMember
from ytempire.onboarding.features.manage_members import ManageMembers
from ytempire.onboarding.features.note_progress import NoteProgress
from ytempire.onboarding.features.recommend_niches import RecommendNiches
from ytempire.onboarding.features.remind_stuck import RemindStuck
from ytempire.onboarding.features.save_preferences import SavePreferences
from ytempire.onboarding.features.select_plan import SelectPlan
from ytempire.onboarding.features.send_access_link import SendAccessLink
from ytempire.onboarding.features.set_password import SetPassword
from ytempire.onboarding.features.sign_up import SignUp
from ytempire.onboarding.features.tell_customer import TellCustomer
from ytempire.onboarding.features.tell_names import TellNames
from ytempire.onboarding.features.verify_email import VerifyEmail


@dataclass(frozen=True)
class Features:
    """Every use case, wired."""

    sign_up: SignUp
    verify_email: VerifyEmail
    send_access_link: SendAccessLink
    set_password: SetPassword
    change_email: ChangeEmail
    select_plan: SelectPlan
    recommend_niches: RecommendNiches
    choose_niches: ChooseNiches
    save_preferences: SavePreferences
    progress: NoteProgress
    tell: TellCustomer
    remind: RemindStuck
    invite: InviteMember
    accept: AcceptInvitation
    members: ManageMembers
    names: TellNames


def subscriptions(features: Features) -> Handlers:
    """What the service listens to."""
    progress, tell = features.progress, features.tell

    async def subscription_started(event: SubscriptionStarted, delivery: Delivery) -> None:
        await progress.subscription_started(event, delivery)
        await tell.subscription_started(event, delivery.envelope.time)

    async def subscription_cancelled(event: SubscriptionCancelled, delivery: Delivery) -> None:
        await progress.subscription_cancelled(event, delivery)
        await tell.subscription_cancelled(event)

    async def payment_failed(event: PaymentFailed, delivery: Delivery) -> None:
        await tell.payment_failed(event)

    async def refund_issued(event: RefundIssued, delivery: Delivery) -> None:
        await tell.refund_issued(event)

    async def trial_ending(event: TrialEnding, delivery: Delivery) -> None:
        await tell.trial_ending(event)

    async def invoice_paid(event: InvoicePaid, delivery: Delivery) -> None:
        await tell.invoice_paid(event, delivery.envelope.time)

    async def publication_verified(event: PublicationVerified, delivery: Delivery) -> None:
        await tell.publication_verified(event)

    async def ticket_replied(event: TicketReplied, delivery: Delivery) -> None:
        await tell.ticket_replied(event)

    return {
        SignUpRequested: features.sign_up,
        EmailVerificationRequested: features.verify_email,
        AccessLinkRequested: features.send_access_link,
        PasswordResetRequested: features.set_password.reset,
        PasswordChangeRequested: features.set_password.change,
        EmailChangeRequested: features.change_email.start,
        EmailConfirmationRequested: features.change_email.confirm,
        InvitationRequested: features.invite.invite,
        InvitationResendRequested: features.invite.resend,
        InvitationRevocationRequested: features.members.revoke,
        InvitationAcceptanceRequested: features.accept,
        MemberRoleChangeRequested: features.members.change_role,
        MemberRemovalRequested: features.members.remove,
        NamesRequested: features.names,
        PlanSelectionRequested: features.select_plan,
        NichesRequested: features.recommend_niches,
        NicheChoiceRequested: features.choose_niches,
        PreferencesSubmitted: features.save_preferences.for_account,
        ChannelPreferencesSubmitted: features.save_preferences.for_channel,
        ReminderChoiceRequested: features.remind.choose,
        SubscriptionStarted: subscription_started,
        EntitlementsChanged: progress.entitlements_changed,
        SubscriptionCancelled: subscription_cancelled,
        SubscriptionRecovered: tell.subscription_recovered,
        PaymentFailed: payment_failed,
        RefundIssued: refund_issued,
        DisputeOpened: tell.dispute_opened,
        DisputeClosed: tell.dispute_closed,
        TrialEnding: trial_ending,
        InvoicePaid: invoice_paid,
        TaxChanged: tell.tax_changed,
        SubscriptionPaused: tell.subscription_paused,
        SubscriptionResumed: tell.subscription_resumed,
        ChannelConnected: progress.channel_connected,
        VideoAccepted: progress.video_accepted,
        VideoRendered: tell.video_rendered,
        VideoPublished: tell.video_published,
        PublicationVerified: publication_verified,
        TicketReplied: ticket_replied,
    }
