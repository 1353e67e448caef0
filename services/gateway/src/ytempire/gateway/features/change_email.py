"""Move an account to another address: asked for with the password, confirmed by a link that is sent there."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from ytempire.chassis import Clock, Sealer
from ytempire.events.gateway import EmailChangeRequested, EmailConfirmationRequested
from ytempire.events.onboarding import EmailChanged
from ytempire.eventstore import Delivery
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.intents import Intents, Outcome
from ytempire.gateway.ports import Credentials, Reservation

_SEALED_FOR = timedelta(days=7)


class ChangeEmail:
    """The address somebody logs in with."""

    def __init__(
        self, intents: Intents, credentials: Credentials, sealer: Sealer, clock: Clock, digest_key: bytes
    ) -> None:
        self._intents, self._credentials = intents, credentials
        self._sealer, self._clock, self._digest_key = sealer, clock, digest_key

    async def start(self, user_id: str, email: str, reservation: Reservation) -> Outcome:
        """Ask for a link to the new address. A taken one is answered alike."""
        event = EmailChangeRequested(
            user_id=user_id,
            email_digest=email_digest(self._digest_key, email),
            sealed=self._sealer.seal("onboarding", {"email": email}, self._clock.now(), _SEALED_FOR),
        )
        return await self._intents.request(user_id, reservation, f"account-{user_id}", event)

    async def confirm(self, user_id: str, token: str, reservation: Reservation) -> Outcome:
        """Follow that link, logged in: a link that a stranger follows binds their address to nothing."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        event = EmailConfirmationRequested(user_id=user_id, token_digest=digest)
        outcome = await self._intents.request(user_id, reservation, f"account-{user_id}", event)
        if outcome.status == "succeeded":
            await self._move(EmailChanged.read(outcome.data))
        return outcome

    async def on_changed(self, event: EmailChanged, delivery: Delivery) -> None:
        await self._move(event)

    async def _move(self, event: EmailChanged) -> None:
        await self._credentials.move(event.user_id, event.email_digest)
