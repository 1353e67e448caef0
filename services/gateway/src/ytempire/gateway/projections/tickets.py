"""Tickets: asked here, handled by support."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Double, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.gateway import TicketRequested
from ytempire.events.support import (
    TicketCategorised,
    TicketEscalated,
    TicketOpened,
    TicketReplied,
    TicketResolved,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

tickets = Table(
    "tickets",
    TABLES,
    Column("ticket_id", Text, primary_key=True),
    tenant_column(),
    # gateway
    Column("video_id", Text),
    time_column("requested_at"),
    # support
    time_column("opened_at"),
    time_column("estimated_response_at"),
    Column("auto_response", Text),
    Column("job", JSON),
    mark_column("category_mark"),
    Column("category", Text),
    mark_column("confidence_mark"),
    Column("confidence", Double),
    mark_column("priority_mark"),
    Column("priority", Text),
    mark_column("status_mark"),
    Column("status", Text),
    Column("resolution", Text),
)

replies = Table(
    "replies",
    TABLES,
    Column("event_id", Text, primary_key=True),
    tenant_column(),
    Column("ticket_id", Text, nullable=False),
    Column("template", Text),
    Column("automatic", Boolean),
    time_column("at"),
)


async def _write(
    connection: Writing,
    ticket_id: str,
    user_id: str,
    envelope: Envelope,
    columns: Mapping[str, Any] | None = None,
    **marked: Mapping[str, Any],
) -> None:
    """Write plain columns and, by their mark, groups of columns that others write too; told once."""
    row = {"ticket_id": ticket_id, "tenant_id": user_id, **(columns or {})}
    for mark, group in marked.items():
        row |= {**group, mark: envelope.position}
    await upsert(connection, tickets, row, groups=marked)
    await announce(connection, user_id, "ticket", ticket_id, envelope)


async def _requested(connection: Writing, event: TicketRequested, envelope: Envelope) -> None:
    columns = {"video_id": event.video_id, "requested_at": envelope.time}
    await _write(connection, event.ticket_id, event.user_id, envelope, columns)


async def _opened(connection: Writing, event: TicketOpened, envelope: Envelope) -> None:
    columns = {
        "opened_at": envelope.time,
        "estimated_response_at": event.estimated_response_at,
        "auto_response": event.auto_response,
        "job": event.job.model_dump(mode="json") if event.job else None,
    }
    await _write(
        connection,
        event.ticket_id,
        event.user_id,
        envelope,
        columns,
        category_mark={"category": event.category},
        priority_mark={"priority": event.priority},
        status_mark={"status": event.status, "resolution": None},
    )


async def _categorised(connection: Writing, event: TicketCategorised, envelope: Envelope) -> None:
    await _write(
        connection,
        event.ticket_id,
        event.user_id,
        envelope,
        category_mark={"category": event.category},
        confidence_mark={"confidence": event.confidence},
    )


async def _replied(connection: Writing, event: TicketReplied, envelope: Envelope) -> None:
    row = {
        "event_id": envelope.id,
        "tenant_id": event.user_id,
        "ticket_id": event.ticket_id,
        "template": event.template,
        "automatic": event.automatic,
        "at": envelope.time,
    }
    await upsert(connection, replies, row)
    await announce(connection, event.user_id, "ticket", event.ticket_id, envelope)


async def _escalated(connection: Writing, event: TicketEscalated, envelope: Envelope) -> None:
    priority = {"priority": event.priority}
    await _write(connection, event.ticket_id, event.user_id, envelope, priority_mark=priority)


async def _resolved(connection: Writing, event: TicketResolved, envelope: Envelope) -> None:
    status = {"status": "resolved", "resolution": event.resolution}
    await _write(connection, event.ticket_id, event.user_id, envelope, status_mark=status)


TICKETS = Projection(
    "tickets",
    TABLES,
    {
        TicketRequested: _requested,
        TicketOpened: _opened,
        TicketCategorised: _categorised,
        TicketReplied: _replied,
        TicketEscalated: _escalated,
        TicketResolved: _resolved,
    },
)
