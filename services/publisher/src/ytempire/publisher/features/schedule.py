"""Learn of finished videos, their links and approvals; schedule what a person asks to publish."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.chassis import Clock
from ytempire.events import Event
from ytempire.events.analytics import MonetizationRecommended
from ytempire.events.gateway import ApprovalGiven, PublishRequested
from ytempire.events.media import VideoRendered
from ytempire.events.publisher import PublishRejected, QuotaReserved
from ytempire.eventstore import Delivery, EventStore, StreamAppend, TransientError, Unit
from ytempire.publisher.domain import publication as domain
from ytempire.publisher.domain import quota
from ytempire.publisher.domain.events import ApprovalNoted, MonetizationNoted, VideoNoted

_PATIENCE = 7
"""Tries while the video, its links or its approval may still be on their way."""


@dataclass(frozen=True)
class Schedule:
    store: EventStore
    clock: Clock

    async def note_video(self, event: VideoRendered, delivery: Delivery) -> None:
        fields = event.model_dump(include=set(VideoNoted.model_fields))
        await self._record(event.video_id, VideoNoted(**fields), delivery)

    async def note_monetization(self, event: MonetizationRecommended, delivery: Delivery) -> None:
        fields = event.model_dump(include=set(MonetizationNoted.model_fields))
        await self._record(event.video_id, MonetizationNoted(**fields), delivery)

    async def note_approval(self, event: ApprovalGiven, delivery: Delivery) -> None:
        await self._record(
            event.video_id, ApprovalNoted(**event.model_dump(include=set(ApprovalNoted.model_fields))), delivery
        )

    async def request(self, event: PublishRequested, delivery: Delivery) -> None:
        stream = domain.stream(event.video_id)
        state, version = await self.store.state(domain.PUBLICATION, stream)
        if not state.complete and delivery.attempt < _PATIENCE:
            raise TransientError("the video, its links or its approval have not arrived yet")
        now = self.clock.now()
        command = domain.Schedule(event.user_id, event.video_id, event.privacy, now)
        try:
            appends = await self.appends(command, state, version)
        except quota.QuotaExhaustedError:
            refused = PublishRejected(
                video_id=event.video_id,
                user_id=event.user_id,
                code="quota_exhausted",
                field="video_id",
                message="YouTube's uploads of today are used up. They return at midnight in Los Angeles.",
            )
            appends = [StreamAppend(stream, (refused,), version)]
        await self.store.submit(Unit(appends, delivery.claim))

    async def appends(self, command: domain.Schedule, state: domain.Publication, version: int) -> list[StreamAppend]:
        """The schedule and the upload it needs from the day's bucket commit together or not at all.

        :raises QuotaExhaustedError: if the day has no upload left.
        """
        decided = tuple(domain.decide(state, command))
        stream, now_day = domain.stream(command.video_id), quota.pacific_day(command.at)
        if isinstance(decided[0], PublishRejected):
            return [StreamAppend(stream, decided, version)]
        day_stream = quota.stream(now_day)
        bucket, day_version = await self.store.state(quota.QUOTA, day_stream)
        taken = tuple(quota.decide(bucket, quota.TakeUpload(command.video_id, now_day)))
        reserved = QuotaReserved(
            video_id=command.video_id, user_id=command.user_id, bucket=quota.UPLOAD_BUCKET, amount=1, day=now_day
        )
        appends = [StreamAppend(stream, (*decided, reserved), version)]
        return [*appends, StreamAppend(day_stream, taken, day_version)] if taken else appends

    async def _record(self, video_id: str, fact: Event, delivery: Delivery) -> None:
        await self.store.execute(domain.PUBLICATION, domain.stream(video_id), domain.Record(fact), claim=delivery.claim)
