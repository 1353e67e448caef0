"""Log in, stay logged in, log out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import Tokens, random_token, sha256
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.limits import Failures
from ytempire.gateway.ports import Credentials, Passwords, Session, Sessions
from ytempire.gateway.problems import Problem

_WRONG = (
    "The e-mail address or the password is wrong."
    " If you have just signed up, follow the link in the mail we sent to you first."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session is continued with."""

    user_id: str
    access_token: str
    expires_in: int
    refresh_token: str


class LogIn:
    """Sessions. Times are the wall's: a token's validity does not follow business time."""

    def __init__(
        self,
        credentials: Credentials,
        sessions: Sessions,
        passwords: Passwords,
        tokens: Tokens,
        digest_key: bytes,
        refresh_s: int,
        failures: Failures,
        failures_by_address: Failures,
    ) -> None:
        self._credentials, self._sessions, self._passwords = credentials, sessions, passwords
        self._tokens, self._digest_key = tokens, digest_key
        self._refresh = timedelta(seconds=refresh_s)
        self._failures, self._failures_by_address = failures, failures_by_address

    async def log_in(self, email: str, password: str, network_address: str) -> Grant:
        """A session for the right password of a verified address.

        Whoever signed up with another person's address and a password of his own must not learn whether that person
        has an account. So an address that is not verified yet fails like an unknown one, also with its right password.

        :raises Problem: 401 for a wrong or unverified address or a wrong password alike, 429 after too many failures.
        """
        digest = email_digest(self._digest_key, email)
        self._failures.check(digest)
        self._failures_by_address.check(network_address)
        credential = await self._credentials.by_email(digest)
        fits = await self._passwords.verify(password, credential.password_hash if credential else None)
        if credential is None or not fits or credential.status != "active":
            self._failures.add(digest)
            self._failures_by_address.add(network_address)
            raise Problem(401, "invalid_credentials", _WRONG)
        self._failures.clear(digest)
        return await self._grant(Session(credential.user_id, new_id()))

    async def refresh(self, refresh_token: str) -> Grant:
        """The next access and refresh token; the one given is spent.

        :raises Problem: 401 if it is unknown, expired, revoked or spent.
        """
        session = await self._sessions.use(sha256(refresh_token), datetime.now(UTC))
        if session is None:
            raise Problem(401, "invalid_refresh_token", "The session ended. Log in again.", field="/refresh_token")
        return await self._grant(session)

    async def log_out(self, user_id: str, refresh_token: str | None) -> None:
        """End one session, or without a token every session of the user."""
        digest = sha256(refresh_token) if refresh_token else None
        await self._sessions.revoke(user_id, digest, datetime.now(UTC))

    async def _grant(self, session: Session) -> Grant:
        token, now = random_token(), datetime.now(UTC)
        await self._sessions.add(session, sha256(token), now, now + self._refresh)
        return Grant(
            session.user_id, self._tokens.access(session.user_id, session.family), self._tokens.access_s, token
        )
