"""Effects that follow the service's own events: mail, and reminders of a journey that stands still."""

from __future__ import annotations

from ytempire.events.onboarding import (
    InvitationExpired,
    InvitationRevoked,
    MemberJoined,
    MemberRemoved,
    OnboardingCompleted,
    OnboardingStepCompleted,
)
from ytempire.eventstore import Delivery, Handlers, Reaction
from ytempire.onboarding.domain.events import AddressReserved, MailQueued, ReminderDue, SignUpLapsed
from ytempire.onboarding.features.follow_members import FollowMembers
from ytempire.onboarding.features.forget_applicant import ForgetApplicant
from ytempire.onboarding.features.remind_stuck import RemindStuck
from ytempire.onboarding.features.send_mail import SendMail
from ytempire.onboarding.features.tell_customer import TellCustomer


def mail_reaction(send: SendMail, tell: TellCustomer, members: FollowMembers) -> Reaction:
    """Every mail has a stream of its own, so a slow one delays no other."""

    async def journey_completed(event: OnboardingCompleted, delivery: Delivery) -> None:
        await tell.journey_completed(event)

    handlers: Handlers = {
        MailQueued: send,
        OnboardingCompleted: journey_completed,
        MemberJoined: members.joined,
        MemberRemoved: members.removed,
        InvitationRevoked: members.over,
        InvitationExpired: members.over,
    }
    return Reaction("mail", handlers, concurrency=8)


def lapse_reaction(forget: ForgetApplicant) -> Reaction:
    return Reaction("lapses", {SignUpLapsed: forget})


def reminder_reaction(remind: RemindStuck) -> Reaction:
    return Reaction(
        "reminders",
        {
            AddressReserved: remind.address_reserved,
            OnboardingStepCompleted: remind.step_completed,
            MemberJoined: remind.joined,
            ReminderDue: remind.due,
        },
        concurrency=4,
    )
