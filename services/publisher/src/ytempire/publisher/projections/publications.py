"""What was published where, and which channels are connected: the publisher's own view."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.publisher import (
    ChannelConnected,
    ChannelDisconnected,
    PublicationVerified,
    VideoPublished,
    VideoPublishFailed,
    VideoScheduled,
)
from ytempire.eventstore import Projection, Writing, put

TABLES = MetaData()
CHANNELS = Table(
    "channels",
    TABLES,
    Column("channel_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("youtube_channel_id", Text),
    Column("title", Text),
    Column("monetised", Boolean),
    Column("connected", Boolean, nullable=False),
)
PUBLICATIONS = Table(
    "publications",
    TABLES,
    Column("video_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("publish_at", DateTime(timezone=True)),
    Column("platform_video_id", Text),
    Column("privacy", Text),
    Column("verified", Boolean),
)


async def _publication(connection: Writing, event: Any, **values: Any) -> None:
    row = {"video_id": event.video_id, "user_id": event.user_id, "channel_id": event.channel_id, **values}
    await put(connection, PUBLICATIONS, row)


async def _connected(connection: Writing, event: ChannelConnected, _: Envelope) -> None:
    columns = {"channel_id", "user_id", "youtube_channel_id", "title", "monetised"}
    await put(connection, CHANNELS, {**event.model_dump(include=columns), "connected": True})


async def _disconnected(connection: Writing, event: ChannelDisconnected, _: Envelope) -> None:
    await put(connection, CHANNELS, {"channel_id": event.channel_id, "user_id": event.user_id, "connected": False})


async def _scheduled(connection: Writing, event: VideoScheduled, _: Envelope) -> None:
    await _publication(connection, event, status="scheduled", publish_at=event.publish_at, privacy=event.privacy)


async def _published(connection: Writing, event: VideoPublished, _: Envelope) -> None:
    await _publication(connection, event, status="published", platform_video_id=event.platform_video_id)


async def _verified(connection: Writing, event: PublicationVerified, _: Envelope) -> None:
    status = "verified" if event.verified else "differs"
    await _publication(connection, event, status=status, verified=event.verified, privacy=event.privacy)


async def _failed(connection: Writing, event: VideoPublishFailed, _: Envelope) -> None:
    await _publication(connection, event, status="failed")


PROJECTION = Projection(
    "publications",
    TABLES,
    {
        ChannelConnected: _connected,
        ChannelDisconnected: _disconnected,
        VideoScheduled: _scheduled,
        VideoPublished: _published,
        PublicationVerified: _verified,
        VideoPublishFailed: _failed,
    },
)
