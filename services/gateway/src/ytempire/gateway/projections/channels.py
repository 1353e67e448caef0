"""Channels: begun and asked for here, given a slot by billing, connected by publisher."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.billing import ChannelSlotRefused, ChannelSlotReleased, ChannelSlotReserved
from ytempire.events.gateway import ChannelConnectionRequested, ChannelConsentBegun
from ytempire.events.publisher import (
    ChannelConnected,
    ChannelConnectionRejected,
    ChannelDisconnected,
    ChannelHealthChanged,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

channels = Table(
    "channels",
    TABLES,
    Column("channel_id", Text, primary_key=True),
    tenant_column(),
    # gateway
    Column("niche_id", Text),
    Column("pending_title", Text),
    time_column("requested_at"),
    # billing
    mark_column("slot_mark"),
    Column("slot", Text),
    # publisher
    mark_column("state_mark"),
    Column("state", Text),
    Column("reason", Text),
    mark_column("connected_mark"),
    Column("youtube_channel_id", Text),
    Column("title", Text),
    Column("monetised", Boolean),
    Column("scopes", JSON),
    time_column("connected_at"),
    mark_column("health_mark"),
    Column("healthy", Boolean),
    Column("health_reason", Text),
)


async def _write(
    connection: Writing,
    channel_id: str,
    user_id: str,
    envelope: Envelope,
    mark: str | None = None,
    **columns: Any,
) -> None:
    row: dict[str, Any] = {"channel_id": channel_id, "tenant_id": user_id, **columns}
    if mark is not None:
        row[mark] = envelope.position
    await upsert(connection, channels, row, mark)
    await announce(connection, user_id, "channel", channel_id, envelope)


async def _begun(connection: Writing, event: ChannelConsentBegun, envelope: Envelope) -> None:
    named = {"niche_id": event.niche_id, "pending_title": event.title}
    await _write(connection, event.channel_id, event.user_id, envelope, **named)


async def _requested(connection: Writing, event: ChannelConnectionRequested, envelope: Envelope) -> None:
    await _write(
        connection,
        event.channel_id,
        event.user_id,
        envelope,
        niche_id=event.niche_id,
        requested_at=envelope.time,
    )


async def _slot_reserved(connection: Writing, event: ChannelSlotReserved, envelope: Envelope) -> None:
    await _write(connection, event.channel_id, event.user_id, envelope, "slot_mark", slot="reserved")


async def _slot_refused(connection: Writing, event: ChannelSlotRefused, envelope: Envelope) -> None:
    await _write(connection, event.channel_id, event.user_id, envelope, "slot_mark", slot="refused")


async def _slot_released(connection: Writing, event: ChannelSlotReleased, envelope: Envelope) -> None:
    await _write(connection, event.channel_id, event.user_id, envelope, "slot_mark", slot="released")


async def _connected(connection: Writing, event: ChannelConnected, envelope: Envelope) -> None:
    await _write(
        connection,
        event.channel_id,
        event.user_id,
        envelope,
        "connected_mark",
        youtube_channel_id=event.youtube_channel_id,
        title=event.title,
        monetised=event.monetised,
        scopes=list(event.scopes),
        connected_at=envelope.time,
    )
    await _write(connection, event.channel_id, event.user_id, envelope, "state_mark", state="connected", reason=None)


async def _rejected(connection: Writing, event: ChannelConnectionRejected, envelope: Envelope) -> None:
    await _write(
        connection,
        event.channel_id,
        event.user_id,
        envelope,
        "state_mark",
        state="rejected",
        reason=event.message,
    )


async def _disconnected(connection: Writing, event: ChannelDisconnected, envelope: Envelope) -> None:
    await _write(
        connection,
        event.channel_id,
        event.user_id,
        envelope,
        "state_mark",
        state="disconnected",
        reason=event.reason,
    )


async def _health(connection: Writing, event: ChannelHealthChanged, envelope: Envelope) -> None:
    await _write(
        connection,
        event.channel_id,
        event.user_id,
        envelope,
        "health_mark",
        healthy=event.healthy,
        health_reason=event.reason,
    )


CHANNELS = Projection(
    "channels",
    TABLES,
    {
        ChannelConsentBegun: _begun,
        ChannelConnectionRequested: _requested,
        ChannelSlotReserved: _slot_reserved,
        ChannelSlotRefused: _slot_refused,
        ChannelSlotReleased: _slot_released,
        ChannelConnected: _connected,
        ChannelConnectionRejected: _rejected,
        ChannelDisconnected: _disconnected,
        ChannelHealthChanged: _health,
    },
    version=2,
)
