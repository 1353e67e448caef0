"""Sign up: ask onboarding for an account. There is no password before the address is proven (``set_password``)."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from datetime import timedelta

from ytempire.chassis import Clock, Sealer
from ytempire.events import PLATFORM_TENANT
from ytempire.events.gateway import AccessLinkRequested, SignUpRequested
from ytempire.eventstore import NO_STREAM
from ytempire.gateway.adapters.tokens import keyed
from ytempire.gateway.intents import Intents
from ytempire.gateway.ports import Reservation

_SEALED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewAccount:
    email: str
    full_name: str
    company_name: str | None


def email_digest(key: bytes, email: str) -> str:
    """Keyed digest of an address: the same for spellings that reach the same box in practice."""
    return keyed(key, "email", unicodedata.normalize("NFKC", email).strip().casefold())


class SignUp:
    """What somebody may ask for who has no way in. Nothing here looks whether the address is known: the answers, and
    the time they take, are the same."""

    def __init__(self, intents: Intents, sealer: Sealer, clock: Clock, digest_key: bytes) -> None:
        self._intents, self._sealer, self._clock, self._digest_key = intents, sealer, clock, digest_key

    async def sign_up(self, account: NewAccount, reservation: Reservation) -> None:
        """Record the wish for an account."""
        user_id, now = reservation.resource_id, self._clock.now()
        event = SignUpRequested(
            user_id=user_id,
            email_digest=email_digest(self._digest_key, account.email),
            sealed=self._sealer.seal("onboarding", asdict(account), now, _SEALED_FOR),
        )
        await self._intents.record(user_id, reservation, f"account-{user_id}", event, NO_STREAM)

    async def send_link(self, email: str, reservation: Reservation) -> None:
        """Record the wish for a link: to the new account, or to a new password of one that exists."""
        event = AccessLinkRequested(email_digest=email_digest(self._digest_key, email))
        # a stream of its own: one of the address would take longer when nobody asked about it before
        stream = f"accesslink-{reservation.resource_id}"
        await self._intents.record(PLATFORM_TENANT, reservation, stream, event, NO_STREAM)
