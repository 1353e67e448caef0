"""Log in, stay logged in, log out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import Tokens, keyed, random_token, sha256
from ytempire.gateway.features.attempts import LogInLimits
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.ports import Credentials, Devices, Passwords, Session, Sessions, ShownSession, Step
from ytempire.gateway.problems import Problem, not_found
from ytempire.gateway.visitors import Visitor

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


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session that begins, and what the device is known by from now on."""

    grant: Grant
    device_token: str


class LogIn:
    """Sessions. Times are the wall's: a token's validity does not follow business time."""

    def __init__(
        self,
        credentials: Credentials,
        sessions: Sessions,
        devices: Devices,
        passwords: Passwords,
        tokens: Tokens,
        digest_key: bytes,
        limits: LogInLimits,
        refresh_s: int,
        device_s: int,
    ) -> None:
        self._credentials, self._sessions, self._devices = credentials, sessions, devices
        self._passwords, self._tokens, self._digest_key, self._limits = passwords, tokens, digest_key, limits
        self._refresh, self._device_life = timedelta(seconds=refresh_s), timedelta(seconds=device_s)

    async def log_in(self, email: str, password: str, visitor: Visitor, device_token: str | None) -> LoggedIn:
        """A session for the right password of a verified address.

        Whoever signed up with another person's address and a password of his own must not learn whether that person
        has an account. So an address that is not verified yet fails like an unknown one, also with its right password.

        :raises Problem: 401 for a wrong or unverified address or a wrong password alike, 429 after too many failures,
            503 if too many wait.
        """
        digest = email_digest(self._digest_key, email)
        known = device_token if device_token and await self._knows(digest, device_token) else None
        attempt = self._limits.begin(digest, visitor.network, sha256(known) if known else None)
        credential = await self._credentials.by_email(digest)
        try:
            fits = await self._passwords.verify(password, credential.password_hash if credential else None)
        except Problem:
            attempt.not_made()
            raise
        if credential is None or not fits or credential.status != "active":
            raise Problem(401, "invalid_credentials", _WRONG)
        attempt.succeeded()
        session, token = Session(credential.user_id, new_id()), random_token()
        await self._sessions.begin(session, visitor, self._step(token))
        return LoggedIn(self._grant(session, token), await self.know_device(credential.user_id, known))

    async def know_device(self, user_id: str, device_token: str | None = None) -> str:
        """Know a device from now on, by its token or a new one: strangers' attempts do not hold it up.

        A token that the account does not know is never taken over, or a stranger could have planted it in the browser.
        """
        token, now = device_token or random_token(), datetime.now(UTC)
        await self._devices.remember(user_id, sha256(token), now, now + self._device_life)
        return token

    async def _knows(self, email_digest: str, device_token: str) -> bool:
        return await self._devices.knows(email_digest, sha256(device_token), datetime.now(UTC))

    async def refresh(self, refresh_token: str, visitor: Visitor) -> Grant:
        """The next access and refresh token; the one given is spent.

        :raises Problem: 401 if it is unknown, expired or spent, or the session ended.
        """
        # computed from the one before, so that a client that lost the answer can be given the same one again
        following = keyed(self._digest_key, "refresh token", refresh_token)
        session = await self._sessions.rotate(sha256(refresh_token), visitor, self._step(following))
        if session is None:
            raise Problem(401, "invalid_refresh_token", "The session ended. Log in again.", field="/refresh_token")
        return self._grant(session, following)

    async def log_out(self, user_id: str, refresh_token: str | None) -> None:
        """End one session, or without a token every session of the user."""
        now = datetime.now(UTC)
        if refresh_token is None:
            await self._sessions.end_others(user_id, None, now)
        elif session_id := await self._sessions.of_token(user_id, sha256(refresh_token)):
            await self._sessions.end(user_id, session_id, now)

    async def sessions(self, user_id: str) -> Sequence[ShownSession]:
        """Where the user is logged in."""
        return await self._sessions.living(user_id, datetime.now(UTC))

    async def end(self, user_id: str, session_id: str) -> None:
        """End one session of the user.

        :raises Problem: 404 if there is none with this id.
        """
        if not await self._sessions.end(user_id, session_id, datetime.now(UTC)):
            raise not_found("session")

    async def end_others(self, user_id: str, kept: str | None) -> int:
        """End every session of the user but the one that is kept; how many ended."""
        return await self._sessions.end_others(user_id, kept, datetime.now(UTC))

    def _step(self, token: str) -> Step:
        now = datetime.now(UTC)
        return Step(sha256(token), now, now + self._refresh)

    def _grant(self, session: Session, refresh_token: str) -> Grant:
        access = self._tokens.access(session.user_id, session.session_id)
        return Grant(session.user_id, access, self._tokens.access_s, refresh_token)
