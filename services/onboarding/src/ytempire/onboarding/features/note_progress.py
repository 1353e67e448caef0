"""Steps that other services complete: payment, channels, the first video."""

from __future__ import annotations

from ytempire.events.billing import EntitlementsChanged, SubscriptionCancelled, SubscriptionStarted
from ytempire.events.media import VideoAccepted
from ytempire.events.publisher import ChannelConnected
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain import journey
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import (
    ACCOUNT,
    Command,
    Note,
    NoteEnd,
    NoteEntitlement,
    NoteStep,
    NoteSubscription,
)


class NoteProgress:
    """Records what the owners of the facts say; a fact that comes early waits in the journey, none is lost."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def subscription_started(self, event: SubscriptionStarted, delivery: Delivery) -> None:
        await self._note(NoteSubscription(event.user_id, event.subscription_id, event.plan), delivery)

    async def entitlements_changed(self, event: EntitlementsChanged, delivery: Delivery) -> None:
        if event.active:
            await self._note(NoteEntitlement(event.user_id, event.plan, event.channels), delivery)

    async def subscription_cancelled(self, event: SubscriptionCancelled, delivery: Delivery) -> None:
        await self._note(NoteEnd(event.user_id, event.subscription_id), delivery)

    async def channel_connected(self, event: ChannelConnected, delivery: Delivery) -> None:
        await self._note(NoteStep(event.user_id, journey.CHANNEL_CONNECTION), delivery)

    async def video_accepted(self, event: VideoAccepted, delivery: Delivery) -> None:
        await self._note(NoteStep(event.user_id, journey.FIRST_VIDEO_GENERATION), delivery)

    async def _note(self, command: Note, delivery: Delivery) -> None:
        wanted: Command = command
        await self._store.execute(ACCOUNT, stream_of(command.user_id), wanted, claim=delivery.step("journey"))
