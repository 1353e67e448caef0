"""How much of each day's plan was used."""

from __future__ import annotations

from sqlalchemy import Column, Date, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert

from ytempire.events import Envelope
from ytempire.events.billing import VideoSlotConsumed, VideoSlotReleased, VideoSlotReserved
from ytempire.eventstore import Projection, Writing

TABLES = MetaData()
VIDEO_SLOTS = Table(
    "video_slots",
    TABLES,
    Column("video_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("day", Date),
    Column("status", Text, nullable=False),
)


async def _reserved(connection: Writing, event: VideoSlotReserved, _: Envelope) -> None:
    row = {**event.model_dump(), "status": "reserved"}
    await connection.execute(insert(VIDEO_SLOTS).values(row).on_conflict_do_nothing())


async def _consumed(connection: Writing, event: VideoSlotConsumed, _: Envelope) -> None:
    await _set(connection, event.video_id, "consumed")


async def _released(connection: Writing, event: VideoSlotReleased, _: Envelope) -> None:
    await _set(connection, event.video_id, "released")


async def _set(connection: Writing, video_id: str, status: str) -> None:
    await connection.execute(VIDEO_SLOTS.update().where(VIDEO_SLOTS.c.video_id == video_id).values(status=status))


PROJECTION = Projection(
    "slot_usage",
    TABLES,
    {VideoSlotReserved: _reserved, VideoSlotConsumed: _consumed, VideoSlotReleased: _released},
)
