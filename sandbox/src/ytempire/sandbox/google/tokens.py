"""OAuth codes, access tokens and refresh tokens. Kept by hash; lives are measured on the virtual clock."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ytempire.sandbox.google.settings import GoogleSettings
from ytempire.sandbox.google.times import exact, parse
from ytempire.sandbox.world import World

CODES, GRANTS, ACCESS = "google.code", "google.grant", "google.access"
CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(seconds=3600)
MOST_GRANTS = 100
UNUSED_LIFE = timedelta(days=182)


class OAuthError(Exception):
    """A refusal of the token end point: RFC 6749 ``error`` with its description."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class Access:
    """What a live access token stands for."""

    grant_id: str
    client_id: str
    account: str
    channel_id: str
    scopes: frozenset[str]
    seconds_left: int


def key(secret: str) -> str:
    """The id under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class TokenBook:
    """Issues, exchanges, refreshes and revokes."""

    def __init__(self, world: World, settings: GoogleSettings) -> None:
        self._world, self._settings = world, settings

    def issue_code(self, consent: dict[str, Any]) -> str:
        """A single-use code for a consent: client, redirect_uri, account, channel, scopes, offline, prompt, PKCE."""
        code = "4/0" + secrets.token_urlsafe(32)
        life = exact(self._world.clock.now() + CODE_LIFE)
        self._world.store.put(CODES, key(code), {**consent, "id": key(code), "expires": life, "used_by": None})
        return code

    def exchange(self, client_id: str, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """Tokens for a code; a second use fails and takes back what the first one gave."""
        kept = self._world.store.get(CODES, key(code))
        if kept is None or kept["client_id"] != client_id:
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if kept["used_by"]:
            self._drop_grant(kept["used_by"])
            raise OAuthError("invalid_grant", "Code was already redeemed.")
        if parse(kept["expires"]) < self._world.clock.now():
            raise OAuthError("invalid_grant", "Bad Request: the authorization code has expired.")
        if kept["redirect_uri"] != redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "Bad Request: redirect_uri differs from the one of the request.")
        self._check_verifier(kept, verifier)
        with self._world.store.transaction():
            grant, refresh = self._grant(kept)
            self._world.store.put(CODES, key(code), {**kept, "used_by": grant["id"]})
            answer = self._access(grant)
        return answer | ({"refresh_token": refresh} if refresh else {})

    def refresh(self, client_id: str, token: str) -> dict[str, Any]:
        """A new access token for a refresh token."""
        gone = OAuthError("invalid_grant", "Token has been expired or revoked.")
        found = self._world.store.list(GRANTS, refresh_key=key(token))
        if not found or found[0]["client_id"] != client_id:
            raise gone
        grant, now = found[0], self._world.clock.now()
        days = self._settings.refresh_token_days
        too_old = days is not None and parse(grant["created"]) + timedelta(days=days) < now
        if too_old or parse(grant["used"]) + UNUSED_LIFE < now:
            self._drop_grant(grant["id"])
            raise gone
        if self._world.faults.switched("google-oauth", "revoke", "POST", "/token"):
            self._drop_grant(grant["id"])
            raise gone
        self._world.store.put(GRANTS, grant["id"], {**grant, "used": exact(now)})
        return self._access(grant)

    def revoke(self, token: str) -> None:
        """End the grant behind an access or refresh token; raises :class:`OAuthError` if it is not known."""
        access = self._world.store.get(ACCESS, key(token))
        found = self._world.store.list(GRANTS, refresh_key=key(token))
        grant_id = access["grant_id"] if access else found[0]["id"] if found else None
        if grant_id is None or self._world.store.get(GRANTS, grant_id) is None:
            raise OAuthError("invalid_token", "Token expired or revoked")
        self._drop_grant(grant_id)

    def check(self, token: str) -> Access | None:
        """What an access token stands for; None if it is unknown, expired or revoked."""
        kept = self._world.store.get(ACCESS, key(token))
        grant = self._world.store.get(GRANTS, kept["grant_id"]) if kept else None
        if kept is None or grant is None:
            return None
        left = int((parse(kept["expires"]) - self._world.clock.now()).total_seconds())
        if left <= 0:
            return None
        return Access(
            grant["id"], grant["client_id"], grant["account"], grant["channel_id"], frozenset(grant["scopes"]), left
        )

    def _check_verifier(self, kept: dict[str, Any], verifier: str) -> None:
        wanted = kept.get("code_challenge")
        if not wanted:
            if verifier:
                raise OAuthError("invalid_grant", "code_verifier or verifier is not needed.")
            return
        if not verifier:
            raise OAuthError("invalid_grant", "Missing code verifier.")
        given = challenge(verifier) if kept["code_challenge_method"] == "S256" else verifier
        if not hmac.compare_digest(given, wanted):
            raise OAuthError("invalid_grant", "Invalid code verifier.")

    def _grant(self, consent: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        owner = {name: consent[name] for name in ("client_id", "account", "channel_id")}
        earlier = [grant for grant in self._world.store.list(GRANTS, **owner) if grant["refresh_key"]]
        # Google hands out a refresh token on the first consent, and again only when asked to show the page anew.
        refresh = None
        if consent["offline"] and (consent["prompt_consent"] or not earlier):
            refresh = "1//0" + secrets.token_urlsafe(48)
        now = exact(self._world.clock.now())
        grant = {
            **owner,
            "id": self._world.store.next_id("grant_"),
            "scopes": sorted(consent["scopes"]),
            "refresh_key": key(refresh) if refresh else None,
            "created": now,
            "used": now,
        }
        self._world.store.put(GRANTS, grant["id"], grant)
        self._retire_oldest(str(owner["client_id"]), str(owner["account"]))
        return grant, refresh

    def _retire_oldest(self, client_id: str, account: str) -> None:
        live = self._world.store.list(GRANTS, client_id=client_id, account=account)
        for grant in [grant for grant in live if grant["refresh_key"]][:-MOST_GRANTS]:
            self._drop_grant(grant["id"])

    def _access(self, grant: dict[str, Any]) -> dict[str, Any]:
        token = "ya29." + secrets.token_urlsafe(48)
        life = exact(self._world.clock.now() + ACCESS_LIFE)
        self._world.store.put(ACCESS, key(token), {"grant_id": grant["id"], "expires": life})
        return {
            "access_token": token,
            "expires_in": int(ACCESS_LIFE.total_seconds()) - 1,
            "scope": " ".join(grant["scopes"]),
            "token_type": "Bearer",
        }

    def _drop_grant(self, grant_id: str) -> None:
        self._world.store.delete(GRANTS, grant_id)
