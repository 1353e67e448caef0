"""Tokens: signed access tokens and media links (JWT, HS256), random refresh tokens, keyed digests. Wall clock."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import jwt

from ytempire.eventstore import new_id

_ALGORITHM = "HS256"
_ISSUER = "ytempire"
CHALLENGE_S = 300
_KNOWN = 10_000
"""Valid access tokens whose signature is not verified again before they expire."""


class TokenError(Exception):
    """A token that is forged, expired or made for something else; the text is a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Access:
    user_id: str
    session_id: str
    """The log-in it comes from; all refresh tokens of one log-in share it."""
    expires_at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class HalfLogIn:
    """A log-in whose password was right and whose code is still missing."""

    user_id: str
    session_id: str
    """Of the session that the code begins: a second one cannot begin with it."""
    password_digest: str
    """Of the password's hash: a changed password ends the challenge."""
    device_digest: str | None
    """Of the device, if the account knows it."""


@dataclass(frozen=True, slots=True)
class MediaLink:
    """A link to a video's files: whose video it is, and for whom the link was made."""

    account: str
    person: str


class Tokens:
    """Makes and reads tokens with one key."""

    def __init__(self, key: bytes, access_s: int, media_s: int, ended: Container[str] = ()) -> None:
        """``ended`` holds the sessions whose tokens are refused although they have not expired."""
        self._key, self.access_s, self._media_s, self._ended = key, access_s, media_s, ended
        self._known: OrderedDict[str, Access] = OrderedDict()

    def access(self, user_id: str, session_id: str) -> str:
        return self._sign("access", self.access_s, sub=user_id, sid=session_id)

    def read_access(self, token: str) -> Access:
        """:raises TokenError: if it is not a valid access token."""
        access = self._known.get(token)
        if access is None or access.expires_at <= time.time():
            claims = self._read("access", token)
            access = self._known[token] = Access(str(claims["sub"]), str(claims["sid"]), float(claims["exp"]))
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        self._continued(access.session_id)
        return access

    def media(self, account: str, access: Access, video_id: str) -> str:
        """A token for the files of one video of an account, for players that cannot send headers."""
        return self._sign("media", self._media_s, sub=account, by=access.user_id, sid=access.session_id, video=video_id)

    def read_media(self, token: str, video_id: str) -> MediaLink:
        """What it opens.

        :raises TokenError: if it is not a valid link to this video.
        """
        claims = self._read("media", token)
        if claims.get("video") != video_id:
            raise TokenError(
                "invalid_token", "The link belongs to another video. Take the one that is shown with this video."
            )
        self._continued(str(claims["sid"]))
        return MediaLink(str(claims["sub"]), str(claims["by"]))

    def challenge(self, half: HalfLogIn) -> str:
        """A token for whoever gave the right password and is asked for a code."""
        claims = {"sub": half.user_id, "sid": half.session_id, "pwd": half.password_digest}
        return self._sign("second-factor", CHALLENGE_S, **claims, dev=half.device_digest or "")

    def read_challenge(self, token: str) -> HalfLogIn:
        """:raises TokenError: if it is no such token, or its minutes are over."""
        claims = self._read("second-factor", token)
        return HalfLogIn(str(claims["sub"]), str(claims["sid"]), str(claims["pwd"]), str(claims["dev"]) or None)

    def _continued(self, session_id: str) -> None:
        if session_id in self._ended:
            raise TokenError("session_ended", "This session was ended. Log in again.")

    def _sign(self, purpose: str, seconds: int, **claims: str) -> str:
        now = int(time.time())
        payload = {"iss": _ISSUER, "aud": purpose, "iat": now, "exp": now + seconds, "jti": new_id(), **claims}
        return jwt.encode(payload, self._key, algorithm=_ALGORITHM)

    def _read(self, purpose: str, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=purpose,
                issuer=_ISSUER,
                options={"require": ["exp", "sub", "sid", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenError("token_expired", "The token expired. Refresh it or log in again.") from error
        except jwt.InvalidTokenError as error:
            raise TokenError("invalid_token", "The token is not one of ours. Log in again.") from error


def random_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keyed(key: bytes, *parts: str) -> str:
    """HMAC-SHA-256 of the parts, as hex."""
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()
