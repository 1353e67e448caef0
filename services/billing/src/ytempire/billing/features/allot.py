"""Allot the plan's slots: videos of the owner's day, and channels."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.billing.domain import demo, slots
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.state import Subscription
from ytempire.events.gateway import ChannelConnectionRequested, VideoRequested
from ytempire.events.media import VideoRejected, VideoRendered, VideoRenderFailed
from ytempire.events.publisher import ChannelConnectionRejected, ChannelDisconnected
from ytempire.eventstore import Claim, Delivery, EventStore, TransientError

_ENTITLEMENT_PATIENCE = 5


@dataclass(frozen=True)
class Allot:
    store: EventStore

    async def reserve_video(self, event: VideoRequested, delivery: Delivery) -> None:
        account = await self._account(event.user_id, delivery)
        day = account.zone.day(delivery.envelope.time)
        allowance = _allowance(account, account.videos_per_day)
        command, claim = slots.ReserveVideo(event.user_id, event.video_id, day, allowance), _video(event.video_id)
        if event.requested_by != "autopilot":
            # the demonstration is there to be seen: nothing that works by itself takes it
            taken = await self.store.execute(demo.DEMO, demo.stream(event.user_id), command, claim=claim)
            if taken.events:
                return
        await self.store.execute(slots.VIDEO_SLOTS, slots.video_stream(event.user_id, day), command, claim=claim)

    async def consume_video(self, event: VideoRendered, delivery: Delivery) -> None:
        await self._settle(slots.ConsumeVideo(event.user_id, event.video_id), delivery)

    async def release_video(self, event: VideoRenderFailed | VideoRejected, delivery: Delivery) -> None:
        await self._settle(slots.ReleaseVideo(event.user_id, event.video_id), delivery)

    async def reserve_channel(self, event: ChannelConnectionRequested, delivery: Delivery) -> None:
        account = await self._account(event.user_id, delivery)
        allowance = _allowance(account, account.channels)
        await self.store.execute(
            slots.CHANNEL_SLOTS,
            slots.channel_stream(event.user_id),
            slots.ReserveChannel(event.user_id, event.channel_id, allowance),
            claim=delivery.claim,
        )

    async def release_channel(self, event: ChannelConnectionRejected | ChannelDisconnected, delivery: Delivery) -> None:
        await self.store.execute(
            slots.CHANNEL_SLOTS,
            slots.channel_stream(event.user_id),
            slots.ReleaseChannel(event.user_id, event.channel_id),
            claim=delivery.claim,
        )

    async def _account(self, user_id: str, delivery: Delivery) -> Subscription:
        account, version = await self.store.state(domain.SUBSCRIPTION, domain.stream(user_id))
        explained = account.active or account.suspended or account.disputed or account.paused
        if not explained and version and delivery.attempt < _ENTITLEMENT_PATIENCE:
            raise TransientError("the entitlement may still be on its way")
        return account

    async def _settle(self, command: slots.ConsumeVideo | slots.ReleaseVideo, delivery: Delivery) -> None:
        reserved = await self.store.claimed(_video(command.video_id))
        if reserved is None:
            # a video that never asked for a slot has none to settle; one that asked is found in a moment
            if delivery.attempt < _ENTITLEMENT_PATIENCE:
                raise TransientError("the video's slot is not in the log yet")
            return
        if reserved:
            stream, claim = reserved[0].stream, delivery.claim
            if demo.is_stream(stream):
                await self.store.execute(demo.DEMO, stream, command, claim=claim)
            else:
                await self.store.execute(slots.VIDEO_SLOTS, stream, command, claim=claim)


def _allowance(account: Subscription, limit: int) -> slots.Allowance:
    # a dispute is what is told of a subscription that would go on without it
    disputed = account.disputed and account.running
    until = account.pause.ends if account.paused and account.pause else None
    return slots.Allowance(account.active, account.entitled_plan, limit, account.suspended, disputed, until)


def _video(video_id: str) -> Claim:
    """One decision about a slot for each video; also leads from the video back to where its slot is."""
    return Claim("video-slot", video_id)
