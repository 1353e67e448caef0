"""Follow the link of an invitation, as a person who is logged in and whose proven address is the invited one."""

from __future__ import annotations

from ytempire.events.gateway import InvitationAcceptanceRequested
from ytempire.eventstore import Delivery, EventStore, StreamAppend, Unit
from ytempire.onboarding.domain import members
from ytempire.onboarding.domain.address import ADDRESS
from ytempire.onboarding.domain.invitation import LINK
from ytempire.onboarding.domain.membership import MEMBERS, Accept, cannot_accept
from ytempire.onboarding.features.commit import commit
from ytempire.onboarding.ports import Now


class AcceptInvitation:
    """Handles ``InvitationAcceptanceRequested``."""

    def __init__(self, store: EventStore, now: Now) -> None:
        self._store, self._now = store, now

    async def __call__(self, event: InvitationAcceptanceRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is not None:
            return
        stream = f"invitation-{event.token_digest}"
        link, _ = await self._store.state(LINK, stream)
        if link is None:
            await self._store.append(stream, cannot_accept(event.user_id), claim=delivery.claim)
            return
        account_id, invitation_id = link.user_id, link.invitation_id

        async def decided() -> Unit:
            name = members.stream_of(account_id)
            state, version = await self._store.state(MEMBERS, name)
            holds = await self._holds(state.invitations.get(invitation_id), event.user_id)
            command = Accept(account_id, event.user_id, invitation_id, event.token_digest, holds, self._now())
            events = MEMBERS.decide(state, command)
            timers, cancel = MEMBERS.timers(state, events)
            return Unit((StreamAppend(name, events, version),), delivery.claim, timers, cancel)

        await commit(self._store, decided)

    async def _holds(self, invitation: members.Invitation | None, person_id: str) -> bool:
        if invitation is None:
            return False
        address, _ = await self._store.state(ADDRESS, f"email-{invitation.letter.email_digest}")
        # one that was given up is still kept for its last account for a while, but is not theirs
        return address.holder == person_id and address.free_at is None
