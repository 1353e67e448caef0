"""Tell somebody who the people are that they share an account with. Names lie here alone and travel sealed."""

from __future__ import annotations

from datetime import timedelta

from ytempire.events.gateway import NamesRequested
from ytempire.events.onboarding import NamesRejected, NamesTold
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain import account, members
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.membership import MEMBERS
from ytempire.onboarding.ports import Cipher, Now, Seals

SEALED_FOR = timedelta(hours=1)


class TellNames:
    """Handles ``NamesRequested``."""

    def __init__(self, store: EventStore, cipher: Cipher, seals: Seals, now: Now) -> None:
        self._store, self._cipher, self._seals, self._now = store, cipher, seals, now

    async def __call__(self, event: NamesRequested, delivery: Delivery) -> None:
        own = await self._members_of(event.user_id)
        known = [p for p in event.people if p in own or event.user_id in await self._members_of(p)]
        stream = f"names-{event.user_id}"
        if not known:
            message = "You share no account with them any more. Look at the list of members, and at your own accounts."
            rejected = NamesRejected(user_id=event.user_id, code="people_not_found", field="people", message=message)
            await self._store.append(stream, rejected, claim=delivery.claim)
            return
        names = {person: await self._name_of(person) for person in known}
        sealed = self._seals.seal("gateway", names, self._now(), SEALED_FOR)
        await self._store.append(stream, NamesTold(user_id=event.user_id, sealed=sealed), claim=delivery.claim)

    async def _members_of(self, user_id: str) -> frozenset[str]:
        state, _ = await self._store.state(MEMBERS, members.stream_of(user_id))
        return frozenset(state.members)

    async def _name_of(self, user_id: str) -> str:
        known, _ = await self._store.state(ACCOUNT, account.stream_of(user_id))
        return await self._cipher.decrypt(user_id, "full_name", known.profile.full_name) if known.profile else ""
