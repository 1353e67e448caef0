"""Health of the platform now, and every alert there was."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.support import AlertRaised, AlertResolved, HealthChanged
from ytempire.eventstore import Projection, Writing, put

TABLES = MetaData()
health = Table(
    "health",
    TABLES,
    Column("scope", Text, primary_key=True),
    Column("healthy_percent", Integer, nullable=False),
    Column("unhealthy", JSON, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)
"""One row; none as long as nothing was ever wrong."""
alerts = Table(
    "alerts",
    TABLES,
    Column("alert_id", Text, primary_key=True),
    Column("level", Text),
    Column("message", Text),
    Column("raised_at", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
)

_PLATFORM = "platform"


async def _changed(connection: Writing, event: HealthChanged, envelope: Envelope) -> None:
    row = {
        "scope": _PLATFORM,
        "healthy_percent": event.healthy_percent,
        "unhealthy": list(event.unhealthy),
        "since": envelope.time,
    }
    await put(connection, health, row)


async def _raised(connection: Writing, event: AlertRaised, envelope: Envelope) -> None:
    row = {**event.model_dump(), "raised_at": envelope.time}
    await put(connection, alerts, row)


async def _resolved(connection: Writing, event: AlertResolved, envelope: Envelope) -> None:
    row = {"alert_id": event.alert_id, "resolved_at": envelope.time}
    await put(connection, alerts, row)


HEALTH = Projection("health", TABLES, {HealthChanged: _changed, AlertRaised: _raised, AlertResolved: _resolved})
