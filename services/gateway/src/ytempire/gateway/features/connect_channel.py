"""Connect a YouTube channel: send the browser to Google's consent page, and take what it brings back.

State and PKCE verifier are computed from the operation's id with the gateway's key, so that a repeated request opens
the same consent and neither has to be kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from ytempire.chassis import Clock, Sealer
from ytempire.events.gateway import ChannelConnectionRequested, ChannelConsentBegun
from ytempire.eventstore import derived_id
from ytempire.gateway.adapters.tokens import keyed, sha256
from ytempire.gateway.intents import Intents, Outcome
from ytempire.gateway.ports import Consent, Consents, Reservation
from ytempire.gateway.problems import Problem

CALLBACK_PATH = "/api/v1/oauth/google/callback"
_PREFIX = "https://www.googleapis.com/auth/"
SCOPES = (
    f"{_PREFIX}youtube.upload",
    f"{_PREFIX}youtube.force-ssl",
    f"{_PREFIX}youtube.readonly",
    f"{_PREFIX}yt-analytics.readonly",
    f"{_PREFIX}yt-analytics-monetary.readonly",
)
_SEALED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Begun:
    channel_id: str
    consent_url: str
    expires_at: datetime


class ConnectChannel:
    """Google's authorization code flow with PKCE, bound to the browser that began it."""

    def __init__(
        self,
        intents: Intents,
        consents: Consents,
        sealer: Sealer,
        clock: Clock,
        key: bytes,
        auth_url: str,
        client_id: str,
        public_url: str,
        consent_s: int,
    ) -> None:
        self._intents, self._consents, self._sealer, self._clock = intents, consents, sealer, clock
        self._key, self._auth_url, self._client_id = key, auth_url, client_id
        self._redirect_uri = public_url.rstrip("/") + CALLBACK_PATH
        self._consent_life = timedelta(seconds=consent_s)

    async def begin(
        self,
        user_id: str,
        person_id: str,
        niche_id: str,
        title: str,
        channel_id: str | None,
        browser: str,
        reservation: Reservation,
    ) -> Begun:
        """A consent address for this browser; a repetition opens the same one.

        :param channel_id: a channel that is pending already; without it a new one is.
        """
        state = keyed(self._key, "oauth-state", reservation.operation_id)
        now = datetime.now(UTC)
        consent = await self._consents.add(
            Consent(
                sha256(state),
                user_id,
                person_id,
                channel_id or reservation.resource_id,
                niche_id,
                reservation.operation_id,
                sha256(browser),
                now + self._consent_life,
            ),
            now,
        )
        if channel_id is None:
            await self._put_down(consent, title, reservation)
        query = {
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": _challenge(self._verifier(reservation.operation_id)),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "true",
        }
        return Begun(consent.channel_id, f"{self._auth_url}?{urlencode(query)}", consent.expires_at)

    async def _put_down(self, consent: Consent, title: str, reservation: Reservation) -> None:
        pending = ChannelConsentBegun(
            user_id=consent.user_id, channel_id=consent.channel_id, niche_id=consent.niche_id, title=title
        )
        # the operation's own id is that of the request that follows from the consent
        begun = replace(reservation, operation_id=derived_id("consent", reservation.operation_id))
        await self._intents.record(consent.user_id, begun, f"channel-{consent.channel_id}", pending)

    async def check(self, state: str, browser: str | None) -> Consent:
        """The consent a state belongs to.

        :raises Problem: 400 if it is unknown, expired, or was begun in another browser.
        """
        consent = await self._consents.find(sha256(state))
        if consent is None:
            raise Problem(
                400, "unknown_state", "This consent was not begun here. Connect the channel again.", field="state"
            )
        if browser is None or not hmac.compare_digest(consent.browser_digest, sha256(browser)):
            raise Problem(
                400,
                "other_browser",
                "This consent was begun in another browser. Connect the channel again in this one.",
                field="state",
            )
        if consent.code_digest is None and consent.expires_at < datetime.now(UTC):
            raise Problem(400, "expired_state", "This consent expired. Connect the channel again.", field="state")
        return consent

    async def finish(self, consent: Consent, code: str) -> Outcome:
        """Hand Google's code to publisher. The same code again answers with the same outcome.

        :raises Problem: 400 if the consent brought another code before.
        """
        if not await self._consents.spend(consent.state_digest, sha256(code)):
            raise Problem(400, "used_state", "This consent was used already. Connect the channel again.", field="state")
        now = self._clock.now()
        secret = {
            "code": code,
            "verifier": self._verifier(consent.operation_id),
            "redirect_uri": self._redirect_uri,
        }
        event = ChannelConnectionRequested(
            user_id=consent.user_id,
            channel_id=consent.channel_id,
            niche_id=consent.niche_id,
            sealed=self._sealer.seal("publisher", secret, now, _SEALED_FOR),
        )
        reservation = Reservation(
            consent.person_id, consent.state_digest, "", consent.operation_id, consent.channel_id, now
        )
        return await self._intents.request(consent.user_id, reservation, f"channel-{consent.channel_id}", event)

    def _verifier(self, operation_id: str) -> str:
        return keyed(self._key, "oauth-verifier", operation_id)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
