"""Given who belongs to an account, when something is asked, then this happens; and what never is, whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ytempire.events import Event, Rejected
from ytempire.events.onboarding import (
    InvitationAcceptanceRejected,
    InvitationExpired,
    InvitationRejected,
    InvitationResent,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemoved,
    MemberRoleChanged,
)
from ytempire.events.values import MemberRole, Sealed
from ytempire.eventstore import derived_id
from ytempire.onboarding.domain.events import InvitationLetterWritten
from ytempire.onboarding.domain.mail import presentable
from ytempire.onboarding.domain.members import (
    INVITATION_LIFE,
    MOST_LETTERS,
    MOST_OPEN,
    MOST_PEOPLE,
    Members,
    stream_of,
    timer_key,
)
from ytempire.onboarding.domain.membership import (
    MEMBERS,
    Accept,
    ChangeRole,
    Command,
    Invite,
    Letter,
    Remove,
    Resend,
    Revoke,
)

OWNER, GUEST, OTHER = derived_id("owner"), derived_id("guest"), derived_id("other")
INVITED, SECOND = derived_id("invitation", "1"), derived_id("invitation", "2")
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OVER = NOW + INVITATION_LIFE


def digest(number: int) -> str:
    return f"{number:064x}"


def letter(link: int = 1) -> Letter:
    sealed = Sealed(recipient="gateway", key_id="k", ciphertext="c", expires_at=OVER)
    return Letter("ciphertext", digest(link), sealed)


def invite(invitation: str = INVITED, address: int = 7, link: int = 1, **changes: Any) -> Invite:
    told = {"role": "member", "verified": True, "own": False, "at": NOW} | changes
    return Invite(OWNER, invitation, digest(address), letter=letter(link), **told)


def accept(**changes: Any) -> Accept:
    told = {"person_id": GUEST, "invitation_id": INVITED, "link_digest": digest(1), "holds_address": True, "at": LATER}
    return Accept(OWNER, **cast(Any, told | changes))


def when(given: Sequence[Event], command: Command) -> list[Event]:
    return list(MEMBERS.decide(MEMBERS.fold(given), command))


def after(*commands: Command) -> list[Event]:
    history: list[Event] = []
    for command in commands:
        history += when(history, command)
    return history


def refused(events: list[Event]) -> tuple[str, str]:
    (event,) = events
    assert isinstance(event, Rejected)
    assert event.message.endswith(".")
    return event.code, event.field


OPEN = after(invite())
JOINED = [*OPEN, *when(OPEN, accept())]


def test_an_invitation_is_written_and_open_for_seven_days() -> None:
    written, invited = when([], invite(role="accountant"))
    assert isinstance(written, InvitationLetterWritten)
    assert (written.email_digest, written.link_digest, written.address) == (digest(7), digest(1), "ciphertext")
    assert isinstance(invited, MemberInvited)
    assert (invited.role, invited.expires_at) == ("accountant", OVER)


@pytest.mark.parametrize(
    ("given", "command", "code"),
    [
        ([], invite(verified=False), "email_not_verified"),
        ([], invite(own=True), "own_address"),
        (OPEN, invite(SECOND), "already_invited"),
        (JOINED, invite(SECOND), "already_member"),
    ],
)
def test_who_cannot_be_invited(given: list[Event], command: Invite, code: str) -> None:
    assert refused(when(given, command))[0] == code


def test_an_address_can_be_invited_again_when_its_invitation_is_over() -> None:
    assert isinstance(when(OPEN, invite(SECOND, at=OVER))[1], MemberInvited)
    revoked = [*OPEN, *when(OPEN, Revoke(OWNER, INVITED, NOW))]
    assert isinstance(when(revoked, invite(SECOND))[1], MemberInvited)
    removed = [*JOINED, *when(JOINED, Remove(OWNER, GUEST, leaves=False))]
    assert isinstance(when(removed, invite(SECOND))[1], MemberInvited)


def test_open_invitations_people_and_mails_a_day_are_limited() -> None:
    full = after(*(invite(derived_id("i", str(n)), address=n, link=n) for n in range(MOST_OPEN)))
    assert refused(when(full, invite(address=99)))[0] == "invitation_limit"
    people: list[Event] = []
    for n in range(MOST_PEOPLE):
        invitation, person, at = derived_id("i", str(n)), derived_id("p", str(n)), NOW + timedelta(hours=n)
        people += when(people, invite(invitation, address=n, link=n, at=at))
        people += when(people, accept(person_id=person, invitation_id=invitation, link_digest=digest(n), at=at))
    assert refused(when(people, invite(address=99)))[0] == "member_limit"
    mails = list(OPEN)
    for n in range(1, MOST_LETTERS):
        mails += when(mails, Resend(OWNER, INVITED, letter(n), NOW))
    (told,) = when(mails, Resend(OWNER, INVITED, letter(99), NOW))
    assert isinstance(told, Rejected)
    assert told.code == "invitation_mail_limit"
    assert "11 January 2026, 12:00 UTC" in told.message
    assert refused(when(mails, invite(SECOND, address=9)))[0] == "invitation_mail_limit"
    assert isinstance(when(mails, Resend(OWNER, INVITED, letter(99), LATER))[1], InvitationResent)


def test_a_new_letter_makes_the_link_before_it_void() -> None:
    written, resent = when(OPEN, Resend(OWNER, INVITED, letter(2), LATER))
    assert isinstance(resent, InvitationResent)
    assert resent.expires_at == LATER + INVITATION_LIFE
    again = [*OPEN, written, resent]
    assert refused(when(again, accept()))[0] == "invitation_not_found"
    assert isinstance(when(again, accept(link_digest=digest(2)))[0], MemberJoined)


def test_an_invitation_is_accepted_once_by_who_holds_the_address() -> None:
    assert when(OPEN, accept()) == [MemberJoined(user_id=OWNER, member_id=GUEST, invitation_id=INVITED, role="member")]
    assert refused(when(JOINED, accept(person_id=OTHER)))[0] == "invitation_not_found"


REVOKED = [*OPEN, *when(OPEN, Revoke(OWNER, INVITED, NOW))]
EXPIRED = [*OPEN, InvitationExpired(user_id=OWNER, invitation_id=INVITED)]
TWICE = [*JOINED, *when(JOINED, invite(SECOND, address=8))]


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ([], accept()),
        (OPEN, accept(invitation_id=SECOND)),
        (OPEN, accept(link_digest=digest(2))),
        (OPEN, accept(holds_address=False)),
        (OPEN, accept(at=OVER)),
        (OPEN, accept(person_id=OWNER)),
        (REVOKED, accept()),
        (EXPIRED, accept()),
        (JOINED, accept()),
        (TWICE, accept(invitation_id=SECOND)),
    ],
)
def test_whatever_is_wrong_the_refusal_is_the_same(given: list[Event], command: Accept) -> None:
    (answer,) = when(given, command)
    assert isinstance(answer, InvitationAcceptanceRejected)
    (usual,) = when([], accept(person_id=command.person_id))
    assert answer == usual


def test_an_open_invitation_is_withdrawn_and_no_other() -> None:
    assert when(OPEN, Revoke(OWNER, INVITED, LATER)) == [InvitationRevoked(user_id=OWNER, invitation_id=INVITED)]
    for given, at in (([], NOW), (OPEN, OVER), (JOINED, NOW), (REVOKED, NOW), (EXPIRED, NOW)):
        assert refused(when(given, Revoke(OWNER, INVITED, at))) == ("invitation_not_found", "invitation_id")
        assert refused(when(given, Resend(OWNER, INVITED, letter(3), at))) == ("invitation_not_found", "invitation_id")
    assert refused(when(OPEN, Resend(OWNER, INVITED, None, NOW)))[0] == "invitation_not_found"


def test_a_role_is_changed_and_the_owner_stays_owner() -> None:
    changed = MemberRoleChanged(user_id=OWNER, member_id=GUEST, role="accountant")
    assert when(JOINED, ChangeRole(OWNER, GUEST, "accountant")) == [changed]
    assert when([*JOINED, changed], ChangeRole(OWNER, GUEST, "accountant")) == [changed]
    assert refused(when(JOINED, ChangeRole(OWNER, OWNER, "member")))[0] == "owner_stays"
    assert refused(when(JOINED, ChangeRole(OWNER, OTHER, "member")))[0] == "member_not_found"


@pytest.mark.parametrize("leaves", [False, True])
def test_a_member_is_removed_or_leaves_and_the_owner_does_neither(leaves: bool) -> None:
    gone = MemberRemoved(user_id=OWNER, member_id=GUEST, left=leaves)
    assert when(JOINED, Remove(OWNER, GUEST, leaves)) == [gone]
    assert refused(when([*JOINED, gone], Remove(OWNER, GUEST, leaves)))[0] == "member_not_found"
    assert refused(when(JOINED, Remove(OWNER, OWNER, leaves)))[0] == "owner_stays"


def test_an_open_invitation_ends_by_a_timer_that_a_new_letter_moves_and_its_end_cancels() -> None:
    def timers(given: list[Event], command: Command) -> tuple[list[Any], list[str]]:
        set_, cancelled = MEMBERS.timers(MEMBERS.fold(given), when(given, command))
        return [(t.key, t.due, t.stream, type(t.event)) for t in set_], list(cancelled)

    key, stream = timer_key(INVITED), stream_of(OWNER)
    assert timers([], invite()) == ([(key, OVER, stream, InvitationExpired)], [])
    resent = Resend(OWNER, INVITED, letter(2), LATER)
    assert timers(OPEN, resent) == ([(key, LATER + INVITATION_LIFE, stream, InvitationExpired)], [])
    assert timers(OPEN, accept()) == ([], [key])
    assert timers(OPEN, Revoke(OWNER, INVITED, NOW)) == ([], [key])
    assert timers(OPEN, accept(holds_address=False)) == ([], [])


@pytest.mark.parametrize("name", ["Mara Okafor", "J.R.R. Tolkien", "Dr. Ada", "Jean-Luc d’Arc", "木村"])
def test_names_go_into_mails_to_others(name: str) -> None:
    assert presentable(name) == name


@pytest.mark.parametrize(
    "name", ["Win at https://x.example", "www evil", "free.example", "a@b", "<b>", "[erased]", "x" * 61]
)
def test_what_is_more_than_a_name_does_not(name: str) -> None:
    assert presentable(name) == ""


PEOPLE = [derived_id("person", str(n)) for n in range(3)]
ROLES: list[MemberRole] = ["member", "accountant"]


class AnyHistory(RuleBasedStateMachine):
    """Whatever is asked in whatever order: a list of who was really invited and accepted says who may be a member.

    The owner is the first person. An address has one holder, who may give it up for another one.
    """

    @initialize()
    def begin(self) -> None:
        self.owner, self.at = PEOPLE[0], NOW
        self.log: list[Event] = []
        self.links: dict[int, tuple[str, int]] = {}
        """Invitation and address by number of the link."""
        self.valid: dict[str, tuple[int, datetime]] = {}
        """The link that is good, and until when, by invitation."""
        self.roles: dict[str, str] = {}
        self.holders = dict(enumerate(range(3)))
        """Person by address."""

    def _do(self, command: Command) -> list[Event]:
        events = when(self.log, command)
        self.log += events
        return events

    @rule(address=st.integers(0, 3), role=st.sampled_from(ROLES))
    def invite(self, address: int, role: MemberRole) -> None:
        invitation, link = derived_id("i", str(len(self.log))), len(self.links) + 1
        command = Invite(
            self.owner,
            invitation,
            digest(address),
            role,
            letter(link),
            verified=True,
            own=self.holders.get(address) == 0,
            at=self.at,
        )
        if isinstance(self._do(command)[-1], MemberInvited):
            self.links[link] = (invitation, address)
            self.valid[invitation] = (link, self.at + INVITATION_LIFE)

    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        invitation, link = self._some(data), len(self.links) + 1
        if isinstance(self._do(Resend(self.owner, invitation, letter(link), self.at))[-1], InvitationResent):
            address = next(a for i, a in self.links.values() if i == invitation)
            self.links[link] = (invitation, address)
            self.valid[invitation] = (link, self.at + INVITATION_LIFE)

    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        invitation = self._some(data)
        if isinstance(self._do(Revoke(self.owner, invitation, self.at))[-1], InvitationRevoked):
            assert self.valid.pop(invitation)[1] > self.at

    @rule(hours=st.integers(1, 24 * 8), fires=st.booleans())
    def time_passes(self, hours: int, fires: bool) -> None:
        self.at += timedelta(hours=hours)
        for invitation, (_, until) in list(self.valid.items()):
            if until <= self.at:
                del self.valid[invitation]
                if fires:
                    self.log.append(InvitationExpired(user_id=self.owner, invitation_id=invitation))

    @rule(data=st.data(), person=st.integers(0, 2))
    def anybody_follows_any_link(self, data: st.DataObject, person: int) -> None:
        self._follow(data.draw(st.sampled_from(sorted(self.links) or [0])), person)

    @rule(data=st.data())
    def who_has_the_address_follows_the_newest_link(self, data: st.DataObject) -> None:
        link, _ = self.valid.get(self._some(data), (0, NOW))
        self._follow(link, self.holders.get(self.links.get(link, ("", 99))[1], 2))

    def _follow(self, link: int, person: int) -> None:
        invitation, address = self.links.get(link, (derived_id("none"), 99))
        holds = self.holders.get(address) == person
        (told,) = self._do(Accept(self.owner, PEOPLE[person], invitation, digest(link), holds, self.at))
        rightly = holds and self.valid.get(invitation, (0, NOW))[0] == link
        allowed = rightly and person != 0 and PEOPLE[person] not in self.roles
        assert isinstance(told, MemberJoined) == allowed
        if isinstance(told, MemberJoined):
            self.roles[told.member_id] = told.role
            del self.valid[invitation]

    @rule(person=st.integers(0, 2), address=st.integers(0, 3))
    def move_to_another_address(self, person: int, address: int) -> None:
        if address not in self.holders:
            self.holders = {a: p for a, p in self.holders.items() if p != person} | {address: person}

    @rule(person=st.integers(0, 2), role=st.sampled_from(ROLES))
    def change_role(self, person: int, role: MemberRole) -> None:
        (told,) = self._do(ChangeRole(self.owner, PEOPLE[person], role))
        assert isinstance(told, MemberRoleChanged) == (PEOPLE[person] in self.roles)
        if isinstance(told, MemberRoleChanged):
            self.roles[told.member_id] = role

    @rule(person=st.integers(0, 2), leaves=st.booleans())
    def remove(self, person: int, leaves: bool) -> None:
        (told,) = self._do(Remove(self.owner, PEOPLE[person], leaves))
        assert isinstance(told, MemberRemoved) == (PEOPLE[person] in self.roles)
        self.roles.pop(PEOPLE[person], None)

    def _some(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.valid) or [derived_id("none")]))

    @invariant()
    def members_are_who_accepted_each_with_one_role(self) -> None:
        state: Members = MEMBERS.fold(self.log)
        assert {person: member.role for person, member in state.members.items()} == self.roles

    @invariant()
    def the_owner_is_never_among_them_so_never_lost(self) -> None:
        assert self.owner not in MEMBERS.fold(self.log).members
        assert not any(isinstance(e, MemberRemoved) and e.member_id == self.owner for e in self.log)

    @invariant()
    def what_is_open_is_what_was_invited_and_is_not_over(self) -> None:
        state = MEMBERS.fold(self.log)
        opened = {key for key, invitation in state.invitations.items() if invitation.open_at(self.at)}
        assert opened == set(self.valid)
        assert len(opened) <= MOST_OPEN
        assert len(opened) + len(state.members) <= MOST_PEOPLE


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_a_refusal_changes_nothing() -> None:
    refusal = InvitationRejected(user_id=OWNER, code="x", field="y", message="Z.")
    assert MEMBERS.fold([*JOINED, refusal]) == MEMBERS.fold(JOINED)
