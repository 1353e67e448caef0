"""Log in, stay logged in, log out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import CHALLENGE_S, HalfLogIn, TokenError, Tokens, keyed, random_token, sha256
from ytempire.gateway.features.attempts import LogInLimits
from ytempire.gateway.features.second_factor import SecondFactorCodes
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.limits import Bucket
from ytempire.gateway.ports import Credential, Credentials, Devices, Passwords, Session, Sessions, ShownSession, Step
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


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right; a code of the second factor is missing."""

    challenge: str
    expires_in: int


class LogIn:
    """Sessions. Times are the wall's: a token's validity does not follow business time."""

    def __init__(
        self,
        credentials: Credentials,
        sessions: Sessions,
        devices: Devices,
        passwords: Passwords,
        second_factor: SecondFactorCodes,
        tokens: Tokens,
        digest_key: bytes,
        limits: LogInLimits,
        begun: Bucket,
        refresh_s: int,
        device_s: int,
    ) -> None:
        self._credentials, self._sessions, self._devices = credentials, sessions, devices
        self._passwords, self._second_factor, self._tokens = passwords, second_factor, tokens
        self._digest_key, self._limits, self._begun = digest_key, limits, begun
        self._refresh, self._device_life = timedelta(seconds=refresh_s), timedelta(seconds=device_s)

    async def log_in(
        self, email: str, password: str, visitor: Visitor, device_token: str | None
    ) -> LoggedIn | Challenge:
        """A session for the right password, or the challenge to give a code of the second factor.

        :raises Problem: 401 for an unknown or unverified address and for a wrong password alike, after the same work;
            429 after too many failures, 503 if too many wait.
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
        if credential is None or not fits:
            raise Problem(401, "invalid_credentials", _WRONG)
        attempt.succeeded()
        session = Session(credential.user_id, new_id())
        if await self._second_factor.state(credential.user_id) is not None:
            password, device = self._password_digest(credential), sha256(known) if known else None
            half = HalfLogIn(session.user_id, session.session_id, password, device)
            return Challenge(self._tokens.challenge(half), CHALLENGE_S)
        done = await self._begin(session, credential, visitor, known)
        if done is None:
            raise Problem(401, "invalid_credentials", _WRONG)
        return done

    async def log_in_with_code(self, challenge: str, code: str, visitor: Visitor, device_token: str | None) -> LoggedIn:
        """The session that a challenge was given for, once, for a code of the second factor.

        :raises Problem: 401 for a wrong code, or a challenge that is over; 429 after too many wrong codes.
        """
        try:
            half = self._tokens.read_challenge(challenge)
        except TokenError as error:
            raise _over() from error
        credential = await self._credentials.by_user(half.user_id)
        if credential is None or self._password_digest(credential) != half.password_digest:
            raise _over()
        where = half.device_digest or "elsewhere"
        await self._second_factor.check(half.user_id, code, where, 401)
        known = device_token if device_token and sha256(device_token) == half.device_digest else None
        done = await self._begin(Session(half.user_id, half.session_id), credential, visitor, known)
        if done is None:
            raise _over()
        return done

    async def _begin(
        self, session: Session, credential: Credential, visitor: Visitor, known_device: str | None
    ) -> LoggedIn | None:
        """None if the session began before, or the password was changed meanwhile."""
        self._begun.take(session.user_id)
        token = random_token()
        if not await self._sessions.begin(session, credential.password_hash, visitor, self._step(token)):
            return None
        return LoggedIn(self._grant(session, token), await self.know_device(session.user_id, known_device))

    def _password_digest(self, credential: Credential) -> str:
        return keyed(self._digest_key, "challenge", credential.password_hash)

    async def know_device(self, user_id: str, device_token: str | None = None) -> str:
        """Know a device from now on, by its token or a new one: strangers' attempts do not hold it up.

        A token that the account does not know is never taken over, or a stranger could have planted it in the browser.
        """
        token, now = device_token or random_token(), datetime.now(UTC)
        await self._devices.remember(user_id, sha256(token), now, now + self._device_life)
        return token

    async def know_this_device_alone(self, user_id: str) -> str:
        """Know one device, whose user has just proved to have the mailbox; its token."""
        await self._devices.forget(user_id)
        return await self.know_device(user_id)

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


def _over() -> Problem:
    return Problem(
        401,
        "challenge_over",
        "This log-in took too long or is done. Begin again with the password.",
        field="/challenge",
    )
