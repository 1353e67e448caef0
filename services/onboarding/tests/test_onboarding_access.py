"""Given what happened, when somebody wants in, then this happens: addresses, links and passwords without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ytempire.events import Event, Rejected
from ytempire.events.onboarding import (
    AccessLinkSent,
    EmailChanged,
    EmailChangeStarted,
    EmailVerified,
    PasswordChanged,
    PasswordReset,
    SignUpAccepted,
    UserCreated,
)
from ytempire.eventstore import derived_id
from ytempire.onboarding.domain.access import (
    LINK_PAUSE,
    MOST_EMAIL_LINKS,
    Access,
    ChangePassword,
    ConfirmAddress,
    ConfirmEmail,
    ResetPassword,
    SendPasswordLink,
    StartEmailChange,
)
from ytempire.onboarding.domain.address import (
    ADDRESS,
    GRACE,
    MOST_LINKS,
    Address,
    AddressTakenError,
    Confirm,
    Release,
    Reserve,
    TooManyLinksError,
)
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import (
    AddressConfirmed,
    AddressReleased,
    AddressReserved,
    EmailLinkIssued,
    LinkUsed,
    PasswordLinkIssued,
    SignUpLapsed,
    VerificationIssued,
)
from ytempire.onboarding.domain.links import LIFE, LINKS, Link, Purpose

USER, OTHER = derived_id("user", "1"), derived_id("user", "2")
DIGEST, NEW = "ab" * 32, "cd" * 32
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)

VERIFY = Link(Purpose.VERIFICATION, USER, NOW + DAY, DIGEST)
RESET = Link(Purpose.RESET, USER, NOW + timedelta(minutes=30))
MOVE = Link(Purpose.EMAIL, USER, NOW + DAY, NEW, "ciphertext")
SIGNED_UP: Sequence[Event] = (SignUpAccepted(user_id=USER),)
VERIFIED: Sequence[Event] = (*SIGNED_UP, UserCreated(user_id=USER), EmailVerified(user_id=USER, email_digest=DIGEST))


def when(given: Sequence[Event], command: Access) -> list[Event]:
    return list(ACCOUNT.decide(ACCOUNT.fold(given), command))


@pytest.mark.parametrize(
    ("given", "command", "code"),
    [
        (SIGNED_UP, ConfirmAddress(USER, replace(VERIFY, user_id=None), NOW), "unknown_token"),
        (SIGNED_UP, ConfirmAddress(USER, replace(VERIFY, used=True), NOW), "used_token"),
        (SIGNED_UP, ConfirmAddress(USER, VERIFY, NOW + DAY), "expired_token"),
        (VERIFIED, ConfirmAddress(USER, VERIFY, NOW), "used_token"),
        ((*SIGNED_UP, SignUpLapsed(user_id=USER)), ConfirmAddress(USER, VERIFY, NOW), "used_token"),
        (VERIFIED, ResetPassword(USER, replace(RESET, user_id=None), NOW), "unknown_token"),
        (VERIFIED, ResetPassword(USER, replace(RESET, used=True), NOW), "used_token"),
        (VERIFIED, ResetPassword(USER, RESET, NOW + timedelta(minutes=30)), "expired_token"),
        ((*VERIFIED, PasswordReset(user_id=USER)), ResetPassword(USER, RESET, NOW), "outdated_token"),
        ((*VERIFIED, PasswordChanged(user_id=USER)), ResetPassword(USER, RESET, NOW), "outdated_token"),
        (
            (*VERIFIED, EmailChanged(user_id=USER, email_digest=NEW)),
            ResetPassword(USER, RESET, NOW),
            "outdated_token",
        ),
        (SIGNED_UP, ChangePassword(USER), "email_not_verified"),
        (SIGNED_UP, StartEmailChange(USER, NEW, NOW), "email_not_verified"),
        (VERIFIED, StartEmailChange(USER, NEW, NOW, is_address=False), "invalid_email"),
        (VERIFIED, StartEmailChange(USER, DIGEST, NOW), "same_email"),
        (
            (*VERIFIED, *(EmailChangeStarted(user_id=USER, expires_at=NOW + DAY),) * MOST_EMAIL_LINKS),
            StartEmailChange(USER, NEW, NOW),
            "too_many_changes",
        ),
        (VERIFIED, ConfirmEmail(OTHER, MOVE, NOW), "unknown_token"),
        (VERIFIED, ConfirmEmail(USER, replace(MOVE, used=True), NOW), "used_token"),
        (VERIFIED, ConfirmEmail(USER, MOVE, NOW + DAY), "expired_token"),
        ((*VERIFIED, PasswordReset(user_id=USER)), ConfirmEmail(USER, MOVE, NOW), "outdated_token"),
        (
            (*VERIFIED, AccessLinkSent(user_id=USER, expires_at=NOW + LIFE[Purpose.RESET])),
            SendPasswordLink(USER, NOW + LINK_PAUSE - timedelta(seconds=1)),
            "link_sent_already",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_to_do(given: Sequence[Event], command: Access, code: str) -> None:
    (rejected,) = when(given, command)
    assert isinstance(rejected, Rejected)
    assert rejected.code == code
    assert rejected.message.endswith(".")


@pytest.mark.parametrize(
    ("given", "command", "event"),
    [
        (VERIFIED, ResetPassword(USER, RESET, NOW), PasswordReset(user_id=USER)),
        (
            (*VERIFIED, PasswordChanged(user_id=USER)),
            ResetPassword(USER, replace(RESET, generation=1), NOW),
            PasswordReset(user_id=USER),
        ),
        (VERIFIED, ChangePassword(USER), PasswordChanged(user_id=USER)),
        (
            VERIFIED,
            SendPasswordLink(USER, NOW),
            AccessLinkSent(user_id=USER, expires_at=NOW + LIFE[Purpose.RESET]),
        ),
        (
            (*VERIFIED, AccessLinkSent(user_id=USER, expires_at=NOW + LIFE[Purpose.RESET])),
            SendPasswordLink(USER, NOW + LINK_PAUSE),
            AccessLinkSent(user_id=USER, expires_at=NOW + LINK_PAUSE + LIFE[Purpose.RESET]),
        ),
        (
            (SIGNED_UP[0], AccessLinkSent(user_id=USER, expires_at=NOW + DAY), *VERIFIED[1:]),
            SendPasswordLink(USER, NOW),
            AccessLinkSent(user_id=USER, expires_at=NOW + LIFE[Purpose.RESET]),
        ),
        (VERIFIED, StartEmailChange(USER, NEW, NOW), EmailChangeStarted(user_id=USER, expires_at=NOW + DAY)),
        (
            (*VERIFIED, *(EmailChangeStarted(user_id=USER, expires_at=NOW),) * MOST_EMAIL_LINKS),
            StartEmailChange(USER, NEW, NOW),
            EmailChangeStarted(user_id=USER, expires_at=NOW + DAY),
        ),
        (VERIFIED, ConfirmEmail(USER, MOVE, NOW), EmailChanged(user_id=USER, email_digest=NEW)),
    ],
)
def test_what_may_be_done_is(given: Sequence[Event], command: Access, event: Event) -> None:
    assert when(given, command) == [event]


def test_a_link_is_what_was_issued_until_it_is_used() -> None:
    issued: dict[Purpose, Event] = {
        Purpose.VERIFICATION: VerificationIssued(user_id=USER, email_digest=DIGEST, expires_at=NOW + DAY),
        Purpose.RESET: PasswordLinkIssued(user_id=USER, expires_at=NOW + timedelta(minutes=30), generation=0),
        Purpose.EMAIL: EmailLinkIssued(
            user_id=USER, email="ciphertext", email_digest=NEW, expires_at=NOW + DAY, generation=0
        ),
    }
    for purpose, link in ((Purpose.VERIFICATION, VERIFY), (Purpose.RESET, RESET), (Purpose.EMAIL, MOVE)):
        assert LINKS[purpose].fold([issued[purpose]]) == link
        assert LINKS[purpose].fold([issued[purpose], LinkUsed(user_id=USER)]) == replace(link, used=True)


def reserved(*untils: datetime, user_id: str = USER) -> list[Event]:
    return [AddressReserved(user_id=user_id, email_digest=DIGEST, lapses_at=until) for until in untils]


def test_a_sign_up_gives_nobody_a_right_to_an_address() -> None:
    asked = ADDRESS.fold(reserved(NOW + DAY))
    assert asked.holder is None
    (event,) = ADDRESS.decide(asked, Reserve(OTHER, DIGEST, NOW, NOW + DAY))
    assert event == AddressReserved(user_id=OTHER, email_digest=DIGEST, lapses_at=NOW + DAY)
    assert ADDRESS.decide(asked, Confirm(OTHER, NOW)) == [AddressConfirmed(user_id=OTHER)]


def test_strangers_cannot_fill_a_mailbox_with_links() -> None:
    full = ADDRESS.fold(reserved(*[NOW + DAY] * MOST_LINKS))
    with pytest.raises(TooManyLinksError):
        ADDRESS.decide(full, Reserve(OTHER, DIGEST, NOW, NOW + DAY))
    assert ADDRESS.decide(full, Reserve(OTHER, DIGEST, NOW + DAY, NOW + 2 * DAY))


def test_a_proven_address_is_nobody_elses_until_its_holder_has_moved_and_some_days_are_over() -> None:
    held = ADDRESS.fold([*reserved(NOW), AddressConfirmed(user_id=USER)])
    assert ADDRESS.decide(held, Confirm(USER, NOW)) == []
    for later in (NOW, NOW + 900 * DAY):
        with pytest.raises(AddressTakenError):
            ADDRESS.decide(held, Reserve(OTHER, DIGEST, later, later + DAY))
        with pytest.raises(AddressTakenError):
            ADDRESS.decide(held, Confirm(OTHER, later))
    assert ADDRESS.decide(held, Release(OTHER, NOW)) == []
    (released,) = ADDRESS.decide(held, Release(USER, NOW))
    assert released == AddressReleased(user_id=USER, free_at=NOW + GRACE)
    given_up = ADDRESS.evolve(held, released)
    with pytest.raises(AddressTakenError):
        ADDRESS.decide(given_up, Confirm(OTHER, NOW + GRACE - timedelta(seconds=1)))
    assert ADDRESS.decide(given_up, Confirm(USER, NOW)) == [AddressConfirmed(user_id=USER)]
    assert ADDRESS.decide(given_up, Confirm(OTHER, NOW + GRACE)) == [AddressConfirmed(user_id=OTHER)]


class OneAddress(RuleBasedStateMachine):
    """Three people do what they like with one address, in any order and at any time."""

    people = st.sampled_from([derived_id("user", str(n)) for n in range(3)])

    @initialize()
    def begin(self) -> None:
        self.state, self.at, self.holder = Address(), NOW, None
        self.released: datetime | None = None

    def _do(self, command: Any) -> bool:
        try:
            events = ADDRESS.decide(self.state, command)
        except (AddressTakenError, TooManyLinksError):
            return False
        for event in events:
            self.state = ADDRESS.evolve(self.state, event)
        return True

    @rule(hours=st.integers(1, 24 * 20))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(who=people)
    def ask(self, who: str) -> None:
        before = self.state
        if not self._do(Reserve(who, DIGEST, self.at, self.at + DAY)):
            assert self.state == before

    @rule(who=people)
    def prove(self, who: str) -> None:
        held = self.holder is not None and (self.released is None or self.at < self.released)
        assert self._do(Confirm(who, self.at)) == (not held or who == self.holder)
        if not held or who == self.holder:
            self.holder, self.released = who, None

    @rule(who=people)
    def leave(self, who: str) -> None:
        self._do(Release(who, self.at))
        if who == self.holder and (self.released is None or self.at < self.released):
            self.released = self.at + GRACE

    @invariant()
    def an_address_has_the_one_holder_who_proved_it_last(self) -> None:
        held = self.holder is not None and (self.released is None or self.at < self.released)
        assert self.state.holder_at(self.at) == (self.holder if held else None)

    @invariant()
    def never_more_links_are_open_than_may_be(self) -> None:
        assert sum(until > self.at for until in self.state.links_until) <= MOST_LINKS


TestOneAddress = OneAddress.TestCase
