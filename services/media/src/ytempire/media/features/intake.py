"""Intake: a request and its slot come together, in any order; then the job is accepted or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.billing import VideoSlotRefused, VideoSlotReserved
from ytempire.events.gateway import VideoRequested
from ytempire.events.preferences import VideoPreferences, fault_of
from ytempire.events.publisher import ChannelConnected
from ytempire.eventstore import Claim, Delivery, EventStore, TransientError
from ytempire.media.domain import video as domain
from ytempire.media.domain.events import ChannelNoted, JobRequested, SlotDenied, SlotHeld
from ytempire.media.ports import BriefReader

_CHANNEL_PATIENCE = 6

Refusal = tuple[str, str, str]
_ASKED_AS = {"video_style": "style", "video_length_s": "length_s"}
"""Preferences that a request calls otherwise."""


@dataclass(frozen=True)
class Intake:
    store: EventStore
    briefs: BriefReader

    async def note_channel(self, event: ChannelConnected, delivery: Delivery) -> None:
        noted = ChannelNoted(
            channel_id=event.channel_id, user_id=event.user_id, niche_id=event.niche_id, title=event.title
        )
        await self.store.append(domain.channel_stream(event.channel_id), noted, claim=delivery.claim)

    async def request(self, event: VideoRequested, delivery: Delivery) -> None:
        fields = event.model_dump(include=set(JobRequested.model_fields))
        await self._execute(event.video_id, domain.Request(JobRequested(**fields)), delivery)

    async def hold_slot(self, event: VideoSlotReserved, delivery: Delivery) -> None:
        await self._execute(event.video_id, domain.HoldSlot(event.video_id, event.user_id, event.demo), delivery)

    async def deny_slot(self, event: VideoSlotRefused, delivery: Delivery) -> None:
        denied = SlotDenied(**event.model_dump(include=set(SlotDenied.model_fields)))
        await self._execute(event.video_id, domain.DenySlot(denied), delivery)

    async def consider(self, event: JobRequested | SlotHeld | SlotDenied, delivery: Delivery) -> None:
        """After each half of the news: begin as soon as both are there."""
        state, _ = await self.store.state(domain.VIDEO, domain.stream(event.video_id))
        if state.request is None or not (state.slot_held or state.denied):
            return
        refusal = None if state.denied else await self._refusal(state.request, delivery)
        await self.store.execute(
            domain.VIDEO,
            domain.stream(event.video_id),
            domain.Begin(refusal),
            claim=Claim("media-begin", event.video_id),
        )

    async def _refusal(self, job: JobRequested, delivery: Delivery) -> Refusal | None:
        fault = fault_of(_making(job))
        if fault is not None:
            return fault.code, _ASKED_AS.get(fault.field, fault.field), fault.message
        if job.topic is not None and len(job.topic) > domain.MAX_TOPIC_CHARS:
            text = f"The topic is longer than {domain.MAX_TOPIC_CHARS} characters. Put details into the brief."
            return "topic_too_long", "topic", text
        channel = await self.channel(job.channel_id)
        if channel is None and delivery.attempt < _CHANNEL_PATIENCE:
            raise TransientError("the channel has not arrived yet")
        if channel is None or channel.user_id != job.user_id:
            return "channel_not_found", "channel_id", "There is no such channel in this account. Connect it first."
        return self.briefs.refusal(job, channel.niche_id)

    async def channel(self, channel_id: str) -> ChannelNoted | None:
        history = await self.store.load(domain.channel_stream(channel_id))
        event = history[-1].event if history else None
        return event if isinstance(event, ChannelNoted) else None

    async def _execute(self, video_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.VIDEO, domain.stream(video_id), command, claim=delivery.claim)


def _making(job: JobRequested) -> VideoPreferences:
    return VideoPreferences(
        video_style=job.style,
        video_length_s=job.length_s,
        language=job.language,
        voice=job.voice,
        brand_colour=job.brand_colour,
        brand_accent=job.brand_accent,
        font_kit=job.font_kit,
    )
