"""Preferences: what each channel has of its own, and every version that was saved, of account and channels alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.onboarding import ChannelPreferencesSaved, PreferencesSaved
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()
ACCOUNT = "account"
"""In place of a channel's id, for what is saved for the whole account."""

channel_preferences = Table(
    "channel_preferences",
    TABLES,
    Column("channel_id", Text, primary_key=True),
    tenant_column(),
    mark_column("mark"),
    Column("version", Integer, nullable=False),
    Column("preferences", JSON, nullable=False),
    time_column("saved_at"),
)

preference_versions = Table(
    "preference_versions",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    tenant_column(),
    mark_column("mark"),
    Column("preferences", JSON, nullable=False),
    time_column("saved_at"),
)


async def _version(
    connection: Writing, user_id: str, scope: str, version: int, envelope: Envelope, saved: dict[str, Any]
) -> None:
    row = {
        "user_id": user_id,
        "tenant_id": user_id,
        "scope": scope,
        "version": version,
        "mark": envelope.position,
        "preferences": saved,
        "saved_at": envelope.time,
    }
    await upsert(connection, preference_versions, row, "mark")


async def _for_account(connection: Writing, event: PreferencesSaved, envelope: Envelope) -> None:
    saved = event.model_dump(mode="json", exclude={"user_id", "version"})
    await _version(connection, event.user_id, ACCOUNT, event.version, envelope, saved)


async def _for_channel(connection: Writing, event: ChannelPreferencesSaved, envelope: Envelope) -> None:
    saved = event.preferences.named
    row = {
        "channel_id": event.channel_id,
        "tenant_id": event.user_id,
        "mark": envelope.position,
        "version": event.version,
        "preferences": saved,
        "saved_at": envelope.time,
    }
    await upsert(connection, channel_preferences, row, "mark")
    await _version(connection, event.user_id, event.channel_id, event.version, envelope, saved)
    await announce(connection, event.user_id, "channel", event.channel_id, envelope)


PREFERENCES = Projection("preferences", TABLES, {PreferencesSaved: _for_account, ChannelPreferencesSaved: _for_channel})
