"""What follows when somebody joins or goes, and when an invitation is over."""

from __future__ import annotations

from ytempire.events.onboarding import InvitationExpired, InvitationRevoked, MemberJoined, MemberRemoved
from ytempire.eventstore import Delivery
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.ports import Shreds

JOINED, LEFT, REMOVED = "member_joined", "member_left", "member_removed"


class FollowMembers:
    """Mails to those it concerns, and the end of an invited address: its key is destroyed with its invitation."""

    def __init__(self, queue: QueueMail, shreds: Shreds) -> None:
        self._queue, self._shreds = queue, shreds

    async def joined(self, event: MemberJoined, delivery: Delivery) -> None:
        await self._shreds.erase(event.invitation_id)
        occasion = (event.user_id, event.invitation_id)
        await self._queue(event.user_id, JOINED, occasion, {"role": event.role}, about=event.member_id)

    async def removed(self, event: MemberRemoved, delivery: Delivery) -> None:
        # somebody may join and go more than once: each time is an occasion of its own
        occasion = (event.user_id, event.member_id, delivery.envelope.id)
        if event.left:
            await self._queue(event.user_id, LEFT, occasion, {}, about=event.member_id)
        else:
            await self._queue(event.member_id, REMOVED, occasion, {}, about=event.user_id)

    async def over(self, event: InvitationRevoked | InvitationExpired, delivery: Delivery) -> None:
        await self._shreds.erase(event.invitation_id)
