"""What may happen to the members of an account: commands and what they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ytempire.events import Event
from ytempire.events.onboarding import (
    InvitationAcceptanceRejected,
    InvitationRejected,
    InvitationResendRejected,
    InvitationResent,
    InvitationRevocationRejected,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemovalRejected,
    MemberRemoved,
    MemberRoleChanged,
    MemberRoleChangeRejected,
)
from ytempire.events.values import MemberRole, Sealed
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import InvitationLetterWritten
from ytempire.onboarding.domain.members import (
    INVITATION_LIFE,
    LETTERS_WITHIN,
    MOST_LETTERS,
    MOST_OPEN,
    MOST_PEOPLE,
    Members,
    evolve,
    timers,
)

_NOT_OPEN = "There is no open invitation with this id in your account. Look at the list of open invitations."
_NO_MEMBER = "There is no member with this id in your account. Look at the list of members."


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail with a link is made of, before it is decided whether it is sent."""

    address: str
    """Encrypted with the invitation's own key."""
    link_digest: str
    sealed: Sealed
    """The address for the account's list."""


@dataclass(frozen=True, slots=True)
class Invite:
    user_id: str
    invitation_id: str
    email_digest: str
    role: MemberRole
    letter: Letter
    verified: bool
    """Whether the account's own address is proven."""
    own: bool
    """Whether the address is the owner's."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Resend:
    user_id: str
    invitation_id: str
    letter: Letter | None
    """None if there was nothing to write."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Revoke:
    user_id: str
    invitation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Accept:
    user_id: str
    """Whose account it is."""
    person_id: str
    invitation_id: str
    link_digest: str
    holds_address: bool
    """Whether the invited address is the person's, proven."""
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeRole:
    user_id: str
    member_id: str
    role: MemberRole


@dataclass(frozen=True, slots=True)
class Remove:
    user_id: str
    member_id: str
    leaves: bool


Command = Invite | Resend | Revoke | Accept | ChangeRole | Remove


def decide(state: Members, command: Command) -> Sequence[Event]:
    match command:
        case Invite():
            return _invite(state, command)
        case Resend():
            return _resend(state, command)
        case Revoke():
            return _revoke(state, command)
        case Accept():
            return _accept(state, command)
        case ChangeRole():
            return _change_role(state, command)
        case Remove():
            return _remove(state, command)


def cannot_accept(person_id: str) -> InvitationAcceptanceRejected:
    """The one answer to whoever follows a link that is not, or no longer, for them."""
    return InvitationAcceptanceRejected(
        user_id=person_id,
        code="invitation_not_found",
        field="token",
        message="This invitation cannot be accepted: it was withdrawn, used or is too old, or it was sent to another"
        " address than the one you are logged in with. Ask whoever invited you for a new one.",
    )


def _invite(state: Members, command: Invite) -> list[Event]:
    fault = _fault(state, command)
    if fault:
        code, field, message = fault
        return [InvitationRejected(user_id=command.user_id, code=code, field=field, message=message)]
    invited = MemberInvited(
        user_id=command.user_id,
        invitation_id=command.invitation_id,
        role=command.role,
        expires_at=command.at + INVITATION_LIFE,
        sealed=command.letter.sealed,
    )
    return [_written(command.user_id, command.invitation_id, command.email_digest, command.letter, command.at), invited]


def _fault(state: Members, command: Invite) -> tuple[str, str, str] | None:
    opened = state.open_at(command.at)
    if not command.verified:
        return "email_not_verified", "", "Confirm your own e-mail address before you invite others."
    if command.own:
        return "own_address", "email", "This is your own address, and the account is yours. Invite another address."
    if any(member.email_digest == command.email_digest for member in state.members.values()):
        return (
            "already_member",
            "email",
            "Somebody invited at this address is a member already. Change their role instead.",
        )
    if any(invitation.letter.email_digest == command.email_digest for invitation in opened):
        return "already_invited", "email", "An invitation to this address is open. Send it again, or withdraw it first."
    if len(opened) >= MOST_OPEN:
        message = f"{MOST_OPEN} invitations are open. Withdraw one, or wait until one is accepted."
        return "invitation_limit", "email", message
    if len(opened) + len(state.members) >= MOST_PEOPLE:
        message = f"An account has at most {MOST_PEOPLE} members and open invitations. Remove or withdraw one first."
        return "member_limit", "email", message
    if not _may_write(state, command.at):
        return "invitation_mail_limit", "email", _too_many(state)
    return None


def _resend(state: Members, command: Resend) -> list[Event]:
    user_id, invitation_id = command.user_id, command.invitation_id

    def refuse(code: str, message: str) -> list[Event]:
        return [InvitationResendRejected(user_id=user_id, code=code, field="invitation_id", message=message)]

    invitation = state.invitation(invitation_id, command.at)
    if invitation is None or command.letter is None:
        return refuse("invitation_not_found", _NOT_OPEN)
    if not _may_write(state, command.at):
        return refuse("invitation_mail_limit", _too_many(state))
    resent = InvitationResent(
        user_id=user_id,
        invitation_id=invitation_id,
        expires_at=command.at + INVITATION_LIFE,
        sealed=command.letter.sealed,
    )
    return [_written(user_id, invitation_id, invitation.letter.email_digest, command.letter, command.at), resent]


def _revoke(state: Members, command: Revoke) -> list[Event]:
    user_id, invitation_id = command.user_id, command.invitation_id
    if state.invitation(invitation_id, command.at) is None:
        return [
            InvitationRevocationRejected(
                user_id=user_id, code="invitation_not_found", field="invitation_id", message=_NOT_OPEN
            )
        ]
    return [InvitationRevoked(user_id=user_id, invitation_id=invitation_id)]


def _accept(state: Members, command: Accept) -> list[Event]:
    person, invitation = command.person_id, state.invitation(command.invitation_id, command.at)
    if (
        invitation is None
        or invitation.letter.link_digest != command.link_digest
        or not command.holds_address
        or person == command.user_id
        or person in state.members
    ):
        return [cannot_accept(person)]
    return [
        MemberJoined(
            user_id=command.user_id,
            member_id=person,
            invitation_id=command.invitation_id,
            role=invitation.role,
        )
    ]


def _change_role(state: Members, command: ChangeRole) -> list[Event]:
    """Asking for the role that somebody has is answered as done."""

    def refuse(code: str, message: str) -> list[Event]:
        return [MemberRoleChangeRejected(user_id=command.user_id, code=code, field="member_id", message=message)]

    if command.member_id == command.user_id:
        return refuse("owner_stays", "The owner of an account stays its owner. Choose another member.")
    if command.member_id not in state.members:
        return refuse("member_not_found", _NO_MEMBER)
    return [MemberRoleChanged(user_id=command.user_id, member_id=command.member_id, role=command.role)]


def _remove(state: Members, command: Remove) -> list[Event]:
    def refuse(code: str, message: str) -> list[Event]:
        return [MemberRemovalRejected(user_id=command.user_id, code=code, field="member_id", message=message)]

    if command.member_id == command.user_id:
        return refuse("owner_stays", "The owner of an account stays in it. To stop paying, cancel the subscription.")
    if command.member_id not in state.members:
        return refuse("member_not_found", _NO_MEMBER)
    return [MemberRemoved(user_id=command.user_id, member_id=command.member_id, left=command.leaves)]


def _written(
    user_id: str, invitation_id: str, email_digest: str, letter: Letter, at: datetime
) -> InvitationLetterWritten:
    return InvitationLetterWritten(
        user_id=user_id,
        invitation_id=invitation_id,
        email_digest=email_digest,
        address=letter.address,
        link_digest=letter.link_digest,
        written_at=at,
    )


def _may_write(state: Members, at: datetime) -> bool:
    return sum(written > at - LETTERS_WITHIN for written in state.letters) < MOST_LETTERS


def _too_many(state: Members) -> str:
    again = state.letters[-MOST_LETTERS] + LETTERS_WITHIN
    return f"{MOST_LETTERS} invitations were mailed within a day. The next can go at {again:%d %B %Y, %H:%M} UTC."


MEMBERS: Decider[Members, Command] = Decider(Members, decide, evolve, timers)
