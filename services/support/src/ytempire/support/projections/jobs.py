"""The jobs behind the videos, one row each; the status follows from what is known, in whatever order it came."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Computed,
    DateTime,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
)

from ytempire.events import Envelope, Event
from ytempire.eventstore import Projection, Writing, put
from ytempire.eventstore.projection import Apply
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
from ytempire.support.domain.job import Fact

_STATUS = """
case
    when published_at is not null then 'published'
    when publish_failed_at is not null and (scheduled_at is null or scheduled_at <= publish_failed_at)
        then 'publish_failed'
    when scheduled_at is not null then 'scheduled'
    when failed_at is not null then 'failed'
    when rendered_at is not null then 'rendered'
    when refused_at is not null then 'refused'
    when stage is not null then 'rendering'
    when accepted_at is not null then 'accepted'
    else 'requested'
end
"""
"""The same order as ``domain.job.Job.status``; a test compares them."""

TABLES = MetaData()
jobs = Table(
    "jobs",
    TABLES,
    Column("video_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("channel_id", Text),
    Column("stage", Text),
    Column("percent", Integer),
    Column("quality_passed", Boolean),
    Column("lufs", Double),
    Column("true_peak_dbtp", Double),
    Column("findings", JSON),
    Column("duration_s", Double),
    Column("failed_stage", Text),
    Column("failure_code", Text),
    Column("failure_message", Text),
    Column("platform_video_id", Text),
    Column("privacy", Text),
    Column("verified", Boolean),
    Column("differences", JSON),
    *(
        Column(f"{name}_at", DateTime(timezone=True))
        for name in (
            "requested",
            "accepted",
            "refused",
            "rendered",
            "failed",
            "scheduled",
            "publish_failed",
            "published",
        )
    ),
    Column("status", Text, Computed(_STATUS, persisted=True)),
)

_COLUMNS: dict[type[Fact], dict[str, str]] = {
    VideoJobRequested: {"channel_id": "channel_id", "at": "requested_at"},
    VideoJobAccepted: {"channel_id": "channel_id", "at": "accepted_at"},
    VideoJobRefused: {"at": "refused_at", "code": "failure_code", "message": "failure_message"},
    VideoJobStageReached: {"stage": "stage", "percent": "percent"},
    VideoJobMeasured: {
        "passed": "quality_passed",
        "lufs": "lufs",
        "true_peak_dbtp": "true_peak_dbtp",
        "findings": "findings",
    },
    VideoJobRendered: {"at": "rendered_at", "duration_s": "duration_s"},
    VideoJobFailed: {
        "at": "failed_at",
        "stage": "failed_stage",
        "code": "failure_code",
        "message": "failure_message",
    },
    VideoJobScheduled: {"at": "scheduled_at"},
    VideoJobPublishFailed: {"at": "publish_failed_at", "code": "failure_code", "message": "failure_message"},
    VideoJobPublished: {"at": "published_at", "platform_video_id": "platform_video_id", "privacy": "privacy"},
    VideoJobVerified: {"verified": "verified", "differences": "differences"},
}
"""Which column takes which field of each fact."""


async def _note(connection: Writing, event: Fact, _: Envelope) -> None:
    values: dict[str, Any] = event.model_dump()
    named = {column: values[field] for field, column in _COLUMNS[type(event)].items()}
    row = {"video_id": event.video_id, "user_id": event.user_id, **named}
    await put(connection, jobs, row)


_HANDLERS: dict[type[Event], Apply] = dict.fromkeys(_COLUMNS, _note)

JOBS = Projection("jobs", TABLES, _HANDLERS)
