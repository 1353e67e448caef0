"""The people of one account beside its owner: stream ``members-<user_id>``.

The owner is the person whose account it is. They are in no list here, so they cannot be removed, and there is always
exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ytempire.events import Event
from ytempire.events.onboarding import (
    InvitationExpired,
    InvitationResent,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemoved,
    MemberRoleChanged,
)
from ytempire.events.values import MemberRole
from ytempire.eventstore import Timer
from ytempire.onboarding.domain.events import InvitationLetterWritten

INVITATION_LIFE = timedelta(days=7)
"""How long an invitation is open, in business time. Its address is sealed for as long, and that is the longest."""
MOST_OPEN = 10
MOST_PEOPLE = 20
"""Members and open invitations together."""
MOST_LETTERS = 30
"""Invitations mailed for one account within a day: nobody sends mail to strangers through us at will."""
LETTERS_WITHIN = timedelta(days=1)


def stream_of(user_id: str) -> str:
    """Name of the stream of an account's members."""
    return f"members-{user_id}"


def timer_key(invitation_id: str) -> str:
    return f"invitation-{invitation_id}"


@dataclass(frozen=True, slots=True)
class Invitation:
    """One that is open, with its newest letter."""

    letter: InvitationLetterWritten
    role: MemberRole
    expires_at: datetime

    def open_at(self, at: datetime) -> bool:
        return at < self.expires_at


@dataclass(frozen=True, slots=True)
class Member:
    role: MemberRole
    email_digest: str
    """The address they were invited at."""


@dataclass(frozen=True, slots=True)
class Members:
    invitations: Mapping[str, Invitation] = field(default_factory=dict)
    """Open ones by id; one whose time is over stays until its timer fires."""
    members: Mapping[str, Member] = field(default_factory=dict)
    """By the person's id."""
    letter: InvitationLetterWritten | None = None
    """The one written last: what is said next is about it."""
    letters: tuple[datetime, ...] = ()
    """When invitations were mailed, as far back as the limit looks."""

    def invitation(self, invitation_id: str, at: datetime) -> Invitation | None:
        """The invitation with this id, if it is open."""
        found = self.invitations.get(invitation_id)
        return found if found is not None and found.open_at(at) else None

    def open_at(self, at: datetime) -> list[Invitation]:
        return [invitation for invitation in self.invitations.values() if invitation.open_at(at)]


def evolve(state: Members, event: Event) -> Members:
    match event:
        case InvitationLetterWritten():
            kept = tuple(at for at in state.letters if at > event.written_at - LETTERS_WITHIN)
            return replace(state, letter=event, letters=(*kept, event.written_at))
        case MemberInvited():
            assert state.letter is not None
            invitation = Invitation(state.letter, event.role, event.expires_at)
            return replace(state, invitations={**state.invitations, event.invitation_id: invitation})
        case InvitationResent():
            assert state.letter is not None
            again = replace(state.invitations[event.invitation_id], letter=state.letter, expires_at=event.expires_at)
            return replace(state, invitations={**state.invitations, event.invitation_id: again})
        case InvitationRevoked() | InvitationExpired():
            return replace(state, invitations=_without(state.invitations, event.invitation_id))
        case MemberJoined():
            digest = state.invitations[event.invitation_id].letter.email_digest
            joined = {**state.members, event.member_id: Member(event.role, digest)}
            return replace(state, invitations=_without(state.invitations, event.invitation_id), members=joined)
        case MemberRoleChanged():
            changed = replace(state.members[event.member_id], role=event.role)
            return replace(state, members={**state.members, event.member_id: changed})
        case MemberRemoved():
            return replace(state, members={k: m for k, m in state.members.items() if k != event.member_id})
        case _:
            return state


def timers(state: Members, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
    """An open invitation ends by itself."""
    ends, over = [], []
    for event in events:
        if isinstance(event, MemberInvited | InvitationResent):
            ended = InvitationExpired(user_id=event.user_id, invitation_id=event.invitation_id)
            key, stream = timer_key(event.invitation_id), stream_of(event.user_id)
            ends.append(Timer(key, event.expires_at, stream, ended))
        elif isinstance(event, MemberJoined | InvitationRevoked):
            over.append(timer_key(event.invitation_id))
    return ends, over


def _without(invitations: Mapping[str, Invitation], invitation_id: str) -> Mapping[str, Invitation]:
    return {key: invitation for key, invitation in invitations.items() if key != invitation_id}
