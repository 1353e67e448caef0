"""How much of each day's plan was used."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, MetaData, Table, Text, bindparam
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
    Column("demo", Boolean, nullable=False),
    Column("status", Text, nullable=False),
)
_FIRST = insert(VIDEO_SLOTS).on_conflict_do_nothing()
_CHANGE = VIDEO_SLOTS.update().where(VIDEO_SLOTS.c.video_id == bindparam("video"))


async def _reserved(connection: Writing, event: VideoSlotReserved, _: Envelope) -> None:
    await connection.execute(_FIRST, {**event.model_dump(), "status": "reserved"})


async def _consumed(connection: Writing, event: VideoSlotConsumed, _: Envelope) -> None:
    await _set(connection, event.video_id, "consumed")


async def _released(connection: Writing, event: VideoSlotReleased, _: Envelope) -> None:
    await _set(connection, event.video_id, "released")


async def _set(connection: Writing, video_id: str, status: str) -> None:
    await connection.execute(_CHANGE, {"video": video_id, "status": status})


PROJECTION = Projection(
    "slot_usage",
    TABLES,
    {VideoSlotReserved: _reserved, VideoSlotConsumed: _consumed, VideoSlotReleased: _released},
    version=2,
)
