"""How somebody gets into an account: proving its address, setting its password, moving it to another address.

The password itself is the gateway's; what is decided here is whether a link, or somebody who is logged in, may set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ytempire.events import Event
from ytempire.events.onboarding import (
    AccessLinkRejected,
    AccessLinkSent,
    EmailChanged,
    EmailChangeRejected,
    EmailChangeStarted,
    EmailConfirmationRejected,
    EmailVerificationRejected,
    EmailVerified,
    PasswordChanged,
    PasswordChangeRejected,
    PasswordReset,
    PasswordResetRejected,
    UserCreated,
)
from ytempire.eventstore import Timer
from ytempire.onboarding.domain import journey, links
from ytempire.onboarding.domain.account import Account, stream_of
from ytempire.onboarding.domain.events import SignUpLapsed
from ytempire.onboarding.domain.links import Link, Purpose

UNPROVEN_LIFE = timedelta(days=30)
"""How long a sign-up is kept after its last link, if nobody follows one."""
LINK_PAUSE = timedelta(minutes=10)
"""Between two links to a new password. The one before still works, so its owner is not shut out."""
MOST_EMAIL_LINKS = 3
"""How many links to new addresses may be open: an account cannot be used to write to strangers."""
_UNVERIFIED = "Confirm your e-mail address first: follow the link in the mail we sent you."


@dataclass(frozen=True, slots=True)
class ConfirmAddress:
    """The link of a sign-up was followed."""

    user_id: str
    link: Link
    at: datetime


@dataclass(frozen=True, slots=True)
class SendPasswordLink:
    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ResetPassword:
    user_id: str
    link: Link
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangePassword:
    user_id: str


@dataclass(frozen=True, slots=True)
class StartEmailChange:
    user_id: str
    email_digest: str
    at: datetime
    is_address: bool = field(default=True)
    """Whether mail can be sent to it."""


@dataclass(frozen=True, slots=True)
class ConfirmEmail:
    user_id: str
    link: Link
    at: datetime


Access = ConfirmAddress | SendPasswordLink | ResetPassword | ChangePassword | StartEmailChange | ConfirmEmail


def decide(state: Account, command: Access) -> Sequence[Event]:
    match command:
        case ConfirmAddress():
            return _confirm(state, command)
        case SendPasswordLink():
            return _send_password_link(state, command)
        case ResetPassword():
            found = links.fault(command.link, state.generation, command.at)
            if found:
                return [PasswordResetRejected(code=found.code, field="token", message=found.message)]
            return [PasswordReset(user_id=command.user_id)]
        case ChangePassword():
            return _change_password(state, command)
        case StartEmailChange():
            return _start_email_change(state, command)
        case ConfirmEmail():
            return _confirm_email(state, command)


def address_taken() -> EmailVerificationRejected:
    """Only who can read the mail of the address sees it."""
    message = "This address has an account already. Log in, or set a new password under 'Forgotten your password?'."
    return EmailVerificationRejected(code="used_token", field="token", message=message)


def lapse_key(user_id: str) -> str:
    """Of the timer that ends a sign-up whose address nobody proves."""
    return f"lapse-{user_id}"


def lapse_timer(user_id: str, at: datetime) -> Timer:
    """Set with each link, cancelled when one is followed."""
    lapsed = SignUpLapsed(user_id=user_id)
    return Timer(lapse_key(user_id), at + UNPROVEN_LIFE, stream_of(user_id), lapsed)


def _confirm(state: Account, command: ConfirmAddress) -> list[Event]:
    user_id = command.user_id
    if state.verified:
        return [address_taken()]
    found = links.fault(replace(command.link, used=command.link.used or state.lapsed), 0, command.at)
    if found:
        return [EmailVerificationRejected(code=found.code, field="token", message=found.message)]
    verified = EmailVerified(user_id=user_id, email_digest=command.link.email_digest)
    steps = journey.complete(user_id, state.done, journey.ACCOUNT_CREATION, journey.EMAIL_VERIFICATION)
    return [UserCreated(user_id=user_id), verified, *steps]


def _send_password_link(state: Account, command: SendPasswordLink) -> list[Event]:
    expires_at = command.at + links.LIFE[Purpose.RESET]
    if state.password_link_until is not None and expires_at - state.password_link_until < LINK_PAUSE:
        message = "A link was sent a moment ago. Look into the mailbox, and into the spam folder."
        return [AccessLinkRejected(code="link_sent_already", field="email", message=message)]
    return [AccessLinkSent(user_id=command.user_id, expires_at=expires_at)]


def _change_password(state: Account, command: ChangePassword) -> list[Event]:
    user_id = command.user_id
    if not state.verified:
        rejected = PasswordChangeRejected(user_id=user_id, code="email_not_verified", field="", message=_UNVERIFIED)
        return [rejected]
    return [PasswordChanged(user_id=user_id)]


def _start_email_change(state: Account, command: StartEmailChange) -> list[Event]:
    user_id, at = command.user_id, command.at

    def refuse(code: str, message: str) -> list[Event]:
        return [EmailChangeRejected(user_id=user_id, code=code, field="email", message=message)]

    if not state.verified:
        return refuse("email_not_verified", _UNVERIFIED)
    if not command.is_address:
        return refuse("invalid_email", "This is no e-mail address we can send to. Check it for mistakes.")
    if command.email_digest == state.email_digest:
        return refuse("same_email", "This is your address already. Give the new one.")
    waiting = [until for until in state.email_links_until if until > at]
    if len(waiting) >= MOST_EMAIL_LINKS:
        return refuse(
            "too_many_changes",
            f"You asked for {MOST_EMAIL_LINKS} changes of address within a day."
            f" You can ask again on {min(waiting):%d %B %Y, %H:%M} UTC.",
        )
    return [EmailChangeStarted(user_id=user_id, expires_at=at + links.LIFE[Purpose.EMAIL])]


def _confirm_email(state: Account, command: ConfirmEmail) -> list[Event]:
    user_id = command.user_id
    link = command.link if command.link.user_id == user_id else Link(Purpose.EMAIL)
    found = links.fault(link, state.generation, command.at)
    if found:
        rejected = EmailConfirmationRejected(user_id=user_id, code=found.code, field="token", message=found.message)
        return [rejected]
    return [EmailChanged(user_id=user_id, email_digest=link.email_digest)]
