"""What features need from the outside: the gateway's own tables, password hashing, tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Credential:
    user_id: str
    password_hash: str
    status: str
    """``pending`` until the address is verified, then ``active``."""


class Credentials(Protocol):
    async def add_pending(self, user_id: str, email_digest: str, password_hash: str, at: datetime) -> None:
        """Keep a sign-up's password; adding the same user again changes nothing."""

    async def by_email(self, email_digest: str) -> Credential | None:
        """The active credential of an address, else the oldest pending one."""

    async def by_user(self, user_id: str) -> Credential | None: ...

    async def activate(self, user_id: str) -> None: ...

    async def drop_pending(self, user_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Session:
    user_id: str
    family: str


class Sessions(Protocol):
    async def add(self, session: Session, digest: str, now: datetime, expires_at: datetime) -> None: ...

    async def use(self, digest: str, now: datetime) -> Session | None:
        """Spend a refresh token. A token that was spent before ends its whole family, as it was stolen by one side."""

    async def revoke(self, user_id: str, digest: str | None, now: datetime) -> None:
        """End the session of a refresh token, or without one every session of the user."""

    async def purge(self, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Consent:
    """A Google consent that a browser was sent to."""

    state_digest: str
    user_id: str
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
    key: str
    fingerprint: str
    operation_id: str
    resource_id: str
    created_at: datetime


class IdempotencyKeys(Protocol):
    async def reserve(self, wanted: Reservation, expired_before: datetime) -> Reservation:
        """The reservation that holds for a key: the earlier one, or ``wanted`` if there is none or it expired."""

    async def purge(self, before: datetime) -> None: ...


class Passwords(Protocol):
    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; takes as long without a hash, so that time tells nothing."""
