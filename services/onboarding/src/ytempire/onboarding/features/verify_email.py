"""Follow a verification link: the account exists from then on."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.events.gateway import EmailVerificationRequested
from ytempire.eventstore import Delivery, EventStore, StreamAppend, Unit
from ytempire.onboarding.domain import account
from ytempire.onboarding.domain.address import ADDRESS, AddressTakenError, Confirm
from ytempire.onboarding.domain.decisions import ACCOUNT, ConfirmAddress
from ytempire.onboarding.domain.verification import VERIFICATION, Verification, expired_link, unknown_link
from ytempire.onboarding.features.commit import commit, on_behalf_of
from ytempire.onboarding.ports import Now


class VerifyEmail:
    """Handles ``EmailVerificationRequested``."""

    def __init__(self, store: EventStore, now: Now) -> None:
        self._store, self._now = store, now

    async def __call__(self, event: EmailVerificationRequested, delivery: Delivery) -> None:
        stream = f"verification-{event.token_digest}"
        link, _ = await self._store.state(VERIFICATION, stream)
        if link.user_id is None:
            await self._store.append(stream, unknown_link(), claim=delivery.claim)
            return
        await commit(self._store, lambda: self._decided(link, stream, delivery))

    async def _decided(self, link: Verification, stream: str, delivery: Delivery) -> Unit:
        assert link.user_id is not None
        assert link.expires_at is not None
        name = account.stream_of(link.user_id)
        known, version = await self._store.state(ACCOUNT, name)
        confirmed = StreamAppend(name, ACCOUNT.decide(known, ConfirmAddress(link.user_id)), version)
        expired = StreamAppend(stream, (expired_link(link.expires_at),))
        appends: Sequence[StreamAppend]
        if known.verified:
            appends = (confirmed,)
        elif link.expires_at <= self._now():
            appends = (expired,)
        else:
            address = await self._confirm_address(link.email_digest, link.user_id)
            appends = (address, confirmed) if address else (expired,)
        return Unit(appends, delivery.claim, context=on_behalf_of(link.user_id))

    async def _confirm_address(self, email_digest: str, user_id: str) -> StreamAppend | None:
        """The address made final; None if it went to somebody else meanwhile."""
        stream = f"email-{email_digest}"
        address, version = await self._store.state(ADDRESS, stream)
        try:
            return StreamAppend(stream, ADDRESS.decide(address, Confirm(user_id)), version)
        except AddressTakenError:
            return None
