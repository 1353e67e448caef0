"""What features need from the outside: the gateway's own tables, password hashing, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ytempire.gateway.visitors import Visitor

STRANGER = "stranger"
"""Scope of what is asked before anybody is known."""


@dataclass(frozen=True, slots=True)
class Credential:
    user_id: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that somebody sent, until it is decided whether it is the account's."""

    operation_id: str
    password_hash: str
    kept_session: str | None
    """The one session that goes on with the new password."""


class Credentials(Protocol):
    """Passwords by account. There is none before the address is proven."""

    async def propose(self, new: NewPassword, at: datetime) -> None:
        """Keep a password until it is decided; proposing it again changes nothing."""

    async def settle(self, operation_id: str, user_id: str, email_digest: str | None) -> NewPassword | None:
        """Make a proposed password the account's, once; None when everything about it was done.

        :param email_digest: of the address that is found by it from now on; None leaves the one there is.
        """

    async def close(self, operation_id: str) -> None:
        """Everything that follows from a new password was done."""

    async def move(self, user_id: str, email_digest: str) -> None:
        """The account is found by another address."""

    async def purge(self, before: datetime) -> None:
        """Forget proposals that nobody can come back to."""

    async def by_email(self, email_digest: str) -> Credential | None: ...

    async def by_user(self, user_id: str) -> Credential | None: ...


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in and all that continues it."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """A refresh token of a session, by its digest."""

    digest: str
    now: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session as its owner sees it."""

    session_id: str
    begun_at: datetime
    used_at: datetime
    device: str
    place: str


class Sessions(Protocol):
    async def begin(self, session: Session, password_hash: str, visitor: Visitor, first: Step) -> bool:
        """Begin a session; False if it began before, or if the password that was given is no longer the user's.

        Whoever changes a password and then ends the sessions ends all that began with the old one.
        """

    async def rotate(self, digest: str, visitor: Visitor, following: Step) -> Session | None:
        """Spend a refresh token for the one that follows, both or neither.

        A token that was spent before ends its session, because one of two who have it stole it. The exception is a
        client that lost the answer: for some seconds, as long as the following token is unused, it gets the same again.
        """

    async def end(self, user_id: str, session_id: str, now: datetime) -> bool:
        """End a session of the user; False if there is no such one that goes on."""

    async def end_others(self, user_id: str, kept: str | None, now: datetime) -> int:
        """End every session of the user but one, or all of them; how many."""

    async def of_token(self, user_id: str, digest: str) -> str | None:
        """The user's session that a refresh token belongs to, spent or not."""

    async def living(self, user_id: str, now: datetime) -> Sequence[ShownSession]:
        """Sessions of the user that go on, the last used first."""

    async def purge(self, now: datetime) -> None: ...


class Devices(Protocol):
    async def knows(self, email_digest: str, device_digest: str, now: datetime) -> bool:
        """Whether the device logged in to the address's account before."""

    async def remember(self, user_id: str, device_digest: str, now: datetime, expires_at: datetime) -> None: ...

    async def forget(self, user_id: str) -> None:
        """Know no device of the user any more."""

    async def purge(self, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class SecondFactor:
    secret: str
    """Encrypted."""
    confirmed: bool
    """Only then do log-ins need it."""
    recovery_codes_left: int


class SecondFactors(Protocol):
    async def find(self, user_id: str) -> SecondFactor | None: ...

    async def propose(self, user_id: str, secret: str, now: datetime) -> bool:
        """Keep a secret, in place of one that was not confirmed; False if one was."""

    async def confirm(self, user_id: str, secret: str, step: int, digests: Sequence[str], now: datetime) -> bool:
        """Switch on the secret that was proposed, with recovery codes by digest; False if it does not wait any more."""

    async def spend_step(self, user_id: str, step: int) -> bool:
        """Use a code up, by its step; False if it, or a later one, was used before."""

    async def spend_code(self, user_id: str, digest: str, now: datetime) -> bool:
        """Use a recovery code up; False if there is none that is unused."""

    async def replace_codes(self, user_id: str, digests: Sequence[str]) -> None: ...

    async def remove(self, user_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Consent:
    """A Google consent that a browser was sent to."""

    state_digest: str
    user_id: str
    """Whose account the channel is for."""
    person_id: str
    """Who began it."""
    channel_id: str
    niche_id: str
    operation_id: str
    browser_digest: str
    expires_at: datetime
    code_digest: str | None = None


class Consents(Protocol):
    async def add(self, consent: Consent, now: datetime) -> Consent:
        """Keep a consent; adding it again answers with the first."""

    async def find(self, state_digest: str) -> Consent | None: ...

    async def spend(self, state_digest: str, code_digest: str) -> bool:
        """Bind a state to the code it brought; False if it was bound to another code before."""

    async def purge(self, before: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Reservation:
    """The first use of an idempotency key, and the ids that every repetition shares."""

    scope: str
    """The person whose key it is, ``STRANGER``, or whose notice it is: ``webhook:stripe``."""
    key: str
    fingerprint: str
    operation_id: str
    resource_id: str
    created_at: datetime

    @property
    def person(self) -> str | None:
        """Who asks, where it is somebody who is logged in."""
        return None if self.scope == STRANGER or ":" in self.scope else self.scope


class IdempotencyKeys(Protocol):
    async def reserve(self, wanted: Reservation, expired_before: datetime) -> Reservation:
        """The reservation that holds for a key: the earlier one, or ``wanted`` if there is none or it expired."""

    async def purge(self, before: datetime) -> None: ...


class Passwords(Protocol):
    async def hash(self, password: str) -> str:
        """:raises Problem: 503 if too many wait already."""

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; takes as long without a hash, so that time tells nothing.

        :raises Problem: 503 if too many wait already.
        """
