"""Withdraw an invitation, change a role, remove a member."""

from __future__ import annotations

from ytempire.events.gateway import InvitationRevocationRequested, MemberRemovalRequested, MemberRoleChangeRequested
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.members import stream_of
from ytempire.onboarding.domain.membership import MEMBERS, ChangeRole, Command, Remove, Revoke
from ytempire.onboarding.ports import Now


class ManageMembers:
    """Handles what an owner, or a member who leaves, asks of who is in the account."""

    def __init__(self, store: EventStore, now: Now) -> None:
        self._store, self._now = store, now

    async def revoke(self, event: InvitationRevocationRequested, delivery: Delivery) -> None:
        await self._decide(Revoke(event.user_id, event.invitation_id, self._now()), delivery)

    async def change_role(self, event: MemberRoleChangeRequested, delivery: Delivery) -> None:
        await self._decide(ChangeRole(event.user_id, event.member_id, event.role), delivery)

    async def remove(self, event: MemberRemovalRequested, delivery: Delivery) -> None:
        await self._decide(Remove(event.user_id, event.member_id, event.leaves), delivery)

    async def _decide(self, command: Command, delivery: Delivery) -> None:
        await self._store.execute(MEMBERS, stream_of(command.user_id), command, claim=delivery.claim)
