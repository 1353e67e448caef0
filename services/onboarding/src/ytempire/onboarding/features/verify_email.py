"""Follow the link of a sign-up: the address is the account's, and the account exists from then on."""

from __future__ import annotations

from ytempire.events import Rejected
from ytempire.events.gateway import EmailVerificationRequested
from ytempire.eventstore import Delivery, EventStore, StreamAppend, Unit
from ytempire.onboarding.domain import access, account, links
from ytempire.onboarding.domain.address import ADDRESS, AddressTakenError, Confirm
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import LinkUsed
from ytempire.onboarding.domain.links import LINKS, Purpose
from ytempire.onboarding.features.commit import commit, on_behalf_of
from ytempire.onboarding.ports import Now


class VerifyEmail:
    """Handles ``EmailVerificationRequested``."""

    def __init__(self, store: EventStore, now: Now) -> None:
        self._store, self._now = store, now

    async def __call__(self, event: EmailVerificationRequested, delivery: Delivery) -> None:
        stream = links.stream_of(Purpose.VERIFICATION, event.token_digest)
        await commit(self._store, lambda: self._decided(stream, delivery))

    async def _decided(self, stream: str, delivery: Delivery) -> Unit:
        now = self._now()
        link, followed = await self._store.state(LINKS[Purpose.VERIFICATION], stream)
        if link.user_id is None:
            refused = ACCOUNT.decide(account.Account(), access.ConfirmAddress("", link, now))
            return Unit((StreamAppend(stream, refused),), delivery.claim)
        name = account.stream_of(link.user_id)
        known, version = await self._store.state(ACCOUNT, name)
        decided = ACCOUNT.decide(known, access.ConfirmAddress(link.user_id, link, now))
        appends, cancel = [StreamAppend(name, decided, version)], list[str]()
        if not isinstance(decided[0], Rejected):
            address, held = await self._store.state(ADDRESS, f"email-{link.email_digest}")
            try:
                confirmed = ADDRESS.decide(address, Confirm(link.user_id, now))
            except AddressTakenError:
                appends = [StreamAppend(name, (access.address_taken(),), version)]
            else:
                used = LinkUsed(user_id=link.user_id)
                taken = StreamAppend(f"email-{link.email_digest}", confirmed, held)
                appends = [taken, StreamAppend(stream, (used,), followed), *appends]
                cancel = [access.lapse_key(link.user_id)]
        return Unit(appends, delivery.claim, cancel=cancel, context=on_behalf_of(link.user_id))
