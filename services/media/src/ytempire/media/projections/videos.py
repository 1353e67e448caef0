"""Every video's job with what it has cost: the media service's own view of its work."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.media import (
    CostIncurred,
    VideoAccepted,
    VideoRejected,
    VideoRendered,
    VideoRenderFailed,
    VideoStageCompleted,
)
from ytempire.eventstore import Projection, Writing, put

TABLES = MetaData()
VIDEOS = Table(
    "videos",
    TABLES,
    Column("video_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("channel_id", Text),
    Column("status", Text, nullable=False),
    Column("stage", Text),
    Column("percent", Integer),
    Column("title", Text),
)
COSTS = Table(
    "costs",
    TABLES,
    Column("cost_id", Text, primary_key=True),
    Column("video_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)


def _of(event: Any, **values: Any) -> dict[str, Any]:
    return {"video_id": event.video_id, "user_id": event.user_id, **values}


async def _accepted(connection: Writing, event: VideoAccepted, _: Envelope) -> None:
    await put(connection, VIDEOS, _of(event, channel_id=event.channel_id, status="accepted", percent=0))


async def _rejected(connection: Writing, event: VideoRejected, _: Envelope) -> None:
    await put(connection, VIDEOS, _of(event, status="rejected"))


async def _stage(connection: Writing, event: VideoStageCompleted, _: Envelope) -> None:
    await put(connection, VIDEOS, _of(event, status="working", stage=event.stage, percent=event.percent))


async def _rendered(connection: Writing, event: VideoRendered, _: Envelope) -> None:
    await put(connection, VIDEOS, _of(event, status="rendered", percent=100, title=event.title))


async def _failed(connection: Writing, event: VideoRenderFailed, _: Envelope) -> None:
    await put(connection, VIDEOS, _of(event, status="failed", stage=event.stage))


async def _cost(connection: Writing, event: CostIncurred, _: Envelope) -> None:
    row = {
        "cost_id": event.cost_id,
        "video_id": event.video_id,
        "user_id": event.user_id,
        "stage": event.stage,
        "provider": event.provider,
        "micros": event.amount.micros,
        "currency": event.amount.currency,
    }
    await put(connection, COSTS, row)


PROJECTION = Projection(
    "videos",
    TABLES,
    {
        VideoAccepted: _accepted,
        VideoRejected: _rejected,
        VideoStageCompleted: _stage,
        VideoRendered: _rendered,
        VideoRenderFailed: _failed,
        CostIncurred: _cost,
    },
)
