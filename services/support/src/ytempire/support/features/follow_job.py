"""Keep what a ticket will need of each video's job, from what media and publisher say."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.gateway import VideoRequested
from ytempire.events.media import (
    QualityAssessed,
    VideoAccepted,
    VideoRejected,
    VideoRendered,
    VideoRenderFailed,
    VideoStageCompleted,
)
from ytempire.events.publisher import PublicationVerified, VideoPublished, VideoPublishFailed, VideoScheduled
from ytempire.eventstore import Delivery, EventStore
from ytempire.support.domain import customer, job
from ytempire.support.domain.events import (
    VideoJobAccepted,
    VideoJobFailed,
    VideoJobMeasured,
    VideoJobPublished,
    VideoJobPublishFailed,
    VideoJobRefused,
    VideoJobRendered,
    VideoJobRequested,
    VideoJobScheduled,
    VideoJobStageReached,
    VideoJobVerified,
)

Foreign = (
    VideoRequested
    | VideoAccepted
    | VideoRejected
    | VideoStageCompleted
    | QualityAssessed
    | VideoRendered
    | VideoRenderFailed
    | VideoScheduled
    | VideoPublishFailed
    | VideoPublished
    | PublicationVerified
)

_KEPT: dict[type[Foreign], type[job.Fact]] = {
    VideoRequested: VideoJobRequested,
    VideoAccepted: VideoJobAccepted,
    VideoRejected: VideoJobRefused,
    VideoStageCompleted: VideoJobStageReached,
    VideoRendered: VideoJobRendered,
    VideoRenderFailed: VideoJobFailed,
    VideoScheduled: VideoJobScheduled,
    VideoPublishFailed: VideoJobPublishFailed,
    VideoPublished: VideoJobPublished,
    PublicationVerified: VideoJobVerified,
}
"""Facts whose kept fields have the names they came with."""

FOLLOWED: tuple[type[Foreign], ...] = (*_KEPT, QualityAssessed)


@dataclass(frozen=True)
class FollowJob:
    store: EventStore

    async def note(self, event: Foreign, delivery: Delivery) -> None:
        """Keep one fact; the first ones also list the video with its customer."""
        if isinstance(event, VideoRequested | VideoAccepted):
            listing = customer.ListVideo(event.user_id, event.video_id, delivery.envelope.time)
            stream = customer.stream(event.user_id)
            await self.store.execute(customer.CUSTOMER, stream, listing, claim=delivery.step("listed"))
        noted = job.Note(_fact(event, delivery))
        await self.store.execute(job.JOB, job.stream(event.video_id), noted, claim=delivery.claim)


def _fact(event: Foreign, delivery: Delivery) -> job.Fact:
    at = delivery.envelope.time
    if isinstance(event, QualityAssessed):
        return VideoJobMeasured(
            video_id=event.video_id,
            user_id=event.user_id,
            at=at,
            passed=event.passed,
            lufs=event.lufs,
            true_peak_dbtp=event.true_peak_dbtp,
            findings=tuple(f"{finding.code}: {finding.message}" for finding in event.findings),
        )
    kept = _KEPT[type(event)]
    return kept(**event.model_dump(include=set(kept.model_fields) - {"at"}), at=at)
