"""Sign up and verify: keep the password here, ask onboarding for everything else."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from ytempire.chassis import Clock, Sealer
from ytempire.events import PLATFORM_TENANT
from ytempire.events.gateway import EmailVerificationRequested, SignUpRequested
from ytempire.events.onboarding import EmailVerified, SignUpRejected, UserCreated
from ytempire.eventstore import Delivery
from ytempire.gateway.adapters.tokens import keyed
from ytempire.gateway.intents import Intents, Outcome
from ytempire.gateway.ports import Credentials, Passwords, Reservation

_SEALED_FOR = timedelta(days=7)
UNVERIFIED_LIFE = timedelta(days=30)
"""How long a password is kept for an address that nobody verifies, in business time; longer than any link is good."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    email: str
    password: str
    full_name: str
    company_name: str | None


def email_digest(key: bytes, email: str) -> str:
    """Keyed digest of an address: the same for spellings that reach the same box in practice."""
    return keyed(key, "email", unicodedata.normalize("NFKC", email).strip().casefold())


class SignUp:
    """From an e-mail address to an account that can log in."""

    def __init__(
        self,
        intents: Intents,
        credentials: Credentials,
        passwords: Passwords,
        sealer: Sealer,
        clock: Clock,
        digest_key: bytes,
    ) -> None:
        self._intents, self._credentials, self._passwords = intents, credentials, passwords
        self._sealer, self._clock, self._digest_key = sealer, clock, digest_key

    async def sign_up(self, account: NewAccount, reservation: Reservation) -> None:
        """Keep the password's hash, then record the wish. Takes the same time for taken and free addresses."""
        user_id, now = reservation.resource_id, self._clock.now()
        digest = email_digest(self._digest_key, account.email)
        # the hash first: a crash in between leaves a pending row that a repetition finds, never an account without one
        await self._credentials.add_pending(user_id, digest, await self._passwords.hash(account.password), now)
        profile = {
            "email": account.email,
            "full_name": account.full_name,
            "company_name": account.company_name,
        }
        event = SignUpRequested(
            user_id=user_id,
            email_digest=digest,
            sealed=self._sealer.seal("onboarding", profile, now, _SEALED_FOR),
        )
        await self._intents.record(user_id, reservation, f"account-{user_id}", event)

    async def verify(self, token: str, reservation: Reservation) -> Outcome:
        """Follow the link of a verification mail; in time, the account can log in when this returns."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        event = EmailVerificationRequested(token_digest=digest)
        outcome = await self._intents.request(PLATFORM_TENANT, reservation, f"verification-{digest}", event)
        if outcome.status == "succeeded":
            await self._credentials.activate(EmailVerified.read(outcome.data).user_id)
        return outcome

    async def on_user_created(self, event: UserCreated, delivery: Delivery) -> None:
        await self._credentials.activate(event.user_id)

    async def on_rejected(self, event: SignUpRejected, delivery: Delivery) -> None:
        await self._credentials.drop_pending(event.user_id)
