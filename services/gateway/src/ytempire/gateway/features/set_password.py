"""The password of an account: set by the link of a sign-up or of a forgotten password, changed by who is logged in.

The hash never leaves this service. It is kept under the id of the request until onboarding has decided, and takes
effect when its decision arrives: in the request that waits for it or, if that is gone, in the subscriber. Each does the
same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from ytempire.chassis import Clock
from ytempire.events import PLATFORM_TENANT
from ytempire.events.gateway import EmailVerificationRequested, PasswordChangeRequested, PasswordResetRequested
from ytempire.events.onboarding import EmailVerified, PasswordChanged, PasswordReset
from ytempire.eventstore import Delivery
from ytempire.gateway.adapters.tokens import Access
from ytempire.gateway.intents import Intents, Outcome
from ytempire.gateway.ports import Credentials, NewPassword, Passwords, Reservation, Sessions

Decided = EmailVerified | PasswordReset | PasswordChanged


class SetPassword:
    """From a password that somebody sent to the one that opens the account."""

    def __init__(
        self, intents: Intents, credentials: Credentials, sessions: Sessions, passwords: Passwords, clock: Clock
    ) -> None:
        self._intents, self._credentials, self._sessions = intents, credentials, sessions
        self._passwords, self._clock = passwords, clock

    async def verify(self, token: str, password: str, reservation: Reservation) -> Outcome:
        """Follow the link of a sign-up: only who can read the mail of the address chooses the account's password."""
        await self._keep(password, reservation, None)
        digest = hashlib.sha256(token.encode()).hexdigest()
        event = EmailVerificationRequested(token_digest=digest)
        outcome = await self._intents.request(PLATFORM_TENANT, reservation, f"verification-{digest}", event)
        return await self._settled(outcome, EmailVerified)

    async def reset(self, token: str, password: str, reservation: Reservation) -> Outcome:
        """Follow the link of a forgotten password: every session of the account ends."""
        await self._keep(password, reservation, None)
        digest = hashlib.sha256(token.encode()).hexdigest()
        event = PasswordResetRequested(token_digest=digest)
        outcome = await self._intents.request(PLATFORM_TENANT, reservation, f"password-{digest}", event)
        return await self._settled(outcome, PasswordReset)

    async def change(self, access: Access, password: str, reservation: Reservation) -> Outcome:
        """Set another password for who is logged in and gave the old one: their other sessions end."""
        await self._keep(password, reservation, access.session_id)
        user_id = access.user_id
        event = PasswordChangeRequested(user_id=user_id)
        outcome = await self._intents.request(user_id, reservation, f"account-{user_id}", event)
        return await self._settled(outcome, PasswordChanged)

    async def on_decided(self, event: Decided, delivery: Delivery) -> None:
        await self._apply(delivery.envelope.correlationid, event)

    async def _keep(self, password: str, reservation: Reservation, kept_session: str | None) -> None:
        # before the request is recorded: a decision must never arrive without the hash it is about
        hashed = await self._passwords.hash(password)
        await self._credentials.propose(NewPassword(reservation.operation_id, hashed, kept_session), self._clock.now())

    async def _settled(self, outcome: Outcome, success: type[Decided]) -> Outcome:
        if outcome.status == "succeeded":
            await self._apply(outcome.operation_id, success.read(outcome.data))
        return outcome

    async def _apply(self, operation_id: str, event: Decided) -> None:
        digest = event.email_digest if isinstance(event, EmailVerified) else None
        new = await self._credentials.settle(operation_id, event.user_id, digest)
        if new is not None:
            await self._sessions.end_others(event.user_id, new.kept_session, datetime.now(UTC))
            await self._credentials.close(operation_id)
