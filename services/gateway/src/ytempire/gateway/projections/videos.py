"""Videos: asked for, given a slot by billing, made by media, published by publisher; and what each cost."""

from __future__ import annotations

from ytempire.events import Envelope
from ytempire.events.billing import VideoSlotConsumed, VideoSlotRefused, VideoSlotReleased, VideoSlotReserved
from ytempire.events.gateway import ApprovalGiven, VideoRequested
from ytempire.events.media import (
    CostIncurred,
    CostReserved,
    QualityAssessed,
    ScriptDrafted,
    TopicChosen,
    VideoAccepted,
    VideoRejected,
    VideoRendered,
    VideoRenderFailed,
    VideoStageCompleted,
)
from ytempire.events.publisher import (
    MonetizationApplied,
    PublicationVerified,
    PublishRejected,
    UploadStarted,
    VideoPublished,
    VideoPublishFailed,
    VideoScheduled,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, upsert
from ytempire.gateway.projections.video_tables import TABLES, costs, stages, write_video


async def _requested(connection: Writing, event: VideoRequested, envelope: Envelope) -> None:
    await write_video(
        connection,
        event,
        envelope,
        channel_id=event.channel_id,
        topic=event.topic,
        from_brief=event.brief is not None,
        style=event.style,
        length_s=event.length_s,
        requested_by=event.requested_by,
        requested_at=envelope.time,
    )


async def _approved(connection: Writing, event: ApprovalGiven, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, approved_at=envelope.time)


async def _slot_reserved(connection: Writing, event: VideoSlotReserved, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, slot_day=event.day, first=event.demo)
    await write_video(connection, event, envelope, "slot_mark", slot="reserved")


async def _slot_refused(connection: Writing, event: VideoSlotRefused, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, "slot_mark", slot="refused")


async def _slot_consumed(connection: Writing, event: VideoSlotConsumed, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, "slot_mark", slot="consumed")


async def _slot_released(connection: Writing, event: VideoSlotReleased, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, "slot_mark", slot="released")


async def _accepted(connection: Writing, event: VideoAccepted, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, accepted_at=envelope.time)
    await write_video(connection, event, envelope, "state_mark", state="accepted", failure=None)


async def _rejected(connection: Writing, event: VideoRejected, envelope: Envelope) -> None:
    failure = {"code": event.code, "stage": None, "message": event.message, "field": event.field}
    await write_video(connection, event, envelope, "state_mark", state="rejected", failure=failure)


async def _titled(connection: Writing, event: TopicChosen | ScriptDrafted, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, "title_mark", title=event.title)


async def _cost_limit(connection: Writing, event: CostReserved, envelope: Envelope) -> None:
    await write_video(
        connection,
        event,
        envelope,
        cost_limit_micros=event.limit.micros,
        cost_limit_currency=event.limit.currency,
    )


async def _cost(connection: Writing, event: CostIncurred, envelope: Envelope) -> None:
    row = {
        "cost_id": event.cost_id,
        "tenant_id": event.user_id,
        "video_id": event.video_id,
        "channel_id": event.channel_id,
        "stage": event.stage,
        "provider": event.provider,
        "bearer": event.bearer,
        "micros": event.amount.micros,
        "currency": event.amount.currency,
        "quantity": event.quantity,
        "reference": event.reference,
        "at": envelope.time,
    }
    await upsert(connection, costs, row)
    await announce(connection, event.user_id, "video", event.video_id, envelope)


async def _stage(connection: Writing, event: VideoStageCompleted, envelope: Envelope) -> None:
    row = {
        "video_id": event.video_id,
        "stage": event.stage,
        "tenant_id": event.user_id,
        "percent": event.percent,
        "mark": envelope.position,
        "completed_at": envelope.time,
    }
    await upsert(connection, stages, row, "mark")
    await write_video(connection, event, envelope, "stage_mark", stage=event.stage, percent=event.percent)


async def _quality(connection: Writing, event: QualityAssessed, envelope: Envelope) -> None:
    assessed = event.model_dump(mode="json", include={"passed", "findings", "lufs", "true_peak_dbtp"})
    await write_video(connection, event, envelope, "quality_mark", quality=assessed)


async def _rendered(connection: Writing, event: VideoRendered, envelope: Envelope) -> None:
    facts = event.model_dump(mode="json", exclude={"video_id", "user_id", "channel_id"})
    await write_video(connection, event, envelope, "title_mark", title=event.title)
    await write_video(connection, event, envelope, rendered=facts, rendered_at=envelope.time)
    await write_video(connection, event, envelope, "state_mark", state="rendered", failure=None)


async def _failed(connection: Writing, event: VideoRenderFailed, envelope: Envelope) -> None:
    failure = {"code": event.code, "stage": event.stage, "message": event.message, "field": ""}
    await write_video(connection, event, envelope, "state_mark", state="failed", failure=failure)


async def _scheduled(connection: Writing, event: VideoScheduled, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, publish_at=event.publish_at)
    await write_video(connection, event, envelope, "publication_mark", publication="scheduled", problem=None)


async def _uploading(connection: Writing, event: UploadStarted, envelope: Envelope) -> None:
    await write_video(connection, event, envelope, "publication_mark", publication="uploading", problem=None)


async def _published(connection: Writing, event: VideoPublished, envelope: Envelope) -> None:
    await write_video(
        connection,
        event,
        envelope,
        platform_video_id=event.platform_video_id,
        url=event.url,
        privacy=event.privacy,
        published_at=event.published_at,
    )
    await write_video(connection, event, envelope, "publication_mark", publication="published", problem=None)


async def _publish_rejected(connection: Writing, event: PublishRejected, envelope: Envelope) -> None:
    problem = {"code": event.code, "message": event.message}
    await write_video(connection, event, envelope, publish_refusal=problem)


async def _publish_failed(connection: Writing, event: VideoPublishFailed, envelope: Envelope) -> None:
    problem = {"code": event.code, "message": event.message}
    await write_video(connection, event, envelope, "publication_mark", publication="failed", problem=problem)


async def _verified(connection: Writing, event: PublicationVerified, envelope: Envelope) -> None:
    await write_video(
        connection,
        event,
        envelope,
        "verification_mark",
        verified=event.verified,
        differences=list(event.differences),
    )


async def _monetised(connection: Writing, event: MonetizationApplied, envelope: Envelope) -> None:
    links = [link.model_dump(mode="json") for link in event.links]
    await write_video(connection, event, envelope, "links_mark", links=links)


VIDEOS = Projection(
    "videos",
    TABLES,
    {
        VideoRequested: _requested,
        ApprovalGiven: _approved,
        VideoSlotReserved: _slot_reserved,
        VideoSlotRefused: _slot_refused,
        VideoSlotConsumed: _slot_consumed,
        VideoSlotReleased: _slot_released,
        VideoAccepted: _accepted,
        VideoRejected: _rejected,
        TopicChosen: _titled,
        ScriptDrafted: _titled,
        CostReserved: _cost_limit,
        CostIncurred: _cost,
        VideoStageCompleted: _stage,
        QualityAssessed: _quality,
        VideoRendered: _rendered,
        VideoRenderFailed: _failed,
        VideoScheduled: _scheduled,
        UploadStarted: _uploading,
        VideoPublished: _published,
        PublishRejected: _publish_rejected,
        VideoPublishFailed: _publish_failed,
        PublicationVerified: _verified,
        MonetizationApplied: _monetised,
    },
    version=2,
)
