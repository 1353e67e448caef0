"""Tables of the videos model."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.eventstore import Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

videos = Table(
    "videos",
    TABLES,
    Column("video_id", Text, primary_key=True),
    tenant_column(),
    # whoever requested it: one event for each video
    Column("channel_id", Text),
    Column("topic", Text),
    Column("from_brief", Boolean),
    Column("style", Text),
    Column("length_s", Integer),
    Column("requested_by", Text),
    time_column("requested_at"),
    # gateway
    time_column("approved_at"),
    # billing
    Column("slot_day", Date),
    Column("first", Boolean),
    mark_column("slot_mark"),
    Column("slot", Text),
    # media
    time_column("accepted_at"),
    time_column("rendered_at"),
    mark_column("state_mark"),
    Column("state", Text),
    Column("failure", JSON(none_as_null=True)),
    mark_column("stage_mark"),
    Column("stage", Text),
    Column("percent", Integer),
    mark_column("title_mark"),
    Column("title", Text),
    Column("cost_limit_micros", BigInteger),
    Column("cost_limit_currency", Text),
    mark_column("quality_mark"),
    Column("quality", JSON),
    Column("rendered", JSON),
    # publisher
    time_column("publish_at"),
    mark_column("publication_mark"),
    Column("publication", Text),
    Column("problem", JSON(none_as_null=True)),
    Column("platform_video_id", Text),
    Column("url", Text),
    Column("privacy", Text),
    time_column("published_at"),
    Column("publish_refusal", JSON),
    mark_column("verification_mark"),
    Column("verified", Boolean),
    Column("differences", JSON),
    mark_column("links_mark"),
    Column("links", JSON),
)

stages = Table(
    "stages",
    TABLES,
    Column("video_id", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    tenant_column(),
    Column("percent", Integer),
    mark_column("mark"),
    time_column("completed_at"),
)

costs = Table(
    "costs",
    TABLES,
    Column("cost_id", Text, primary_key=True),
    tenant_column(),
    Column("video_id", Text, nullable=False, index=True),
    Column("channel_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("bearer", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("quantity", Text),
    Column("reference", Text),
    time_column("at"),
)


class AboutVideo(Protocol):
    """An event of a video."""

    @property
    def video_id(self) -> str: ...

    @property
    def user_id(self) -> str: ...


async def write_video(
    connection: Writing, event: AboutVideo, envelope: Envelope, mark: str | None = None, **columns: Any
) -> None:
    """Write some columns of the event's video and tell its owner's listeners."""
    row: dict[str, Any] = {"video_id": event.video_id, "tenant_id": event.user_id, **columns}
    if mark is not None:
        row[mark] = envelope.position
    await upsert(connection, videos, row, mark)
    await announce(connection, event.user_id, "video", event.video_id, envelope)
