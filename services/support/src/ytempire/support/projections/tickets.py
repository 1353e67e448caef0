"""Tickets as the person at the desk sees them; the texts stay encrypted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Double, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.support import (
    TicketCategorised,
    TicketEscalated,
    TicketOpened,
    TicketReplied,
    TicketResolved,
)
from ytempire.eventstore import Projection, Writing, put
from ytempire.support.domain.events import ResponseDue, TicketAssessed, TicketTextKept

TABLES = MetaData()
tickets = Table(
    "tickets",
    TABLES,
    Column("ticket_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("subject_encrypted", Text),
    Column("message_encrypted", Text),
    Column("category", Text),
    Column("confidence", Double),
    Column("topic", Text),
    Column("scores", JSON),
    Column("reasons", JSON),
    Column("priority", Text),
    Column("status", Text),
    Column("video_id", Text),
    Column("job", JSON),
    Column("opened_at", DateTime(timezone=True)),
    Column("estimated_response_at", DateTime(timezone=True)),
    Column("overdue", Boolean),
    Column("escalated_at", DateTime(timezone=True)),
    Column("auto_response", Text),
    Column("answered_at", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
    Column("resolution", Text),
)


async def _write(connection: Writing, event: Any, **values: Any) -> None:
    await put(connection, tickets, {"ticket_id": event.ticket_id, "user_id": event.user_id, **values})


async def _kept(connection: Writing, event: TicketTextKept, _: Envelope) -> None:
    await _write(connection, event, subject_encrypted=event.subject, message_encrypted=event.message)


async def _assessed(connection: Writing, event: TicketAssessed, _: Envelope) -> None:
    await _write(connection, event, topic=event.topic, scores=event.scores, reasons=list(event.reasons))


async def _categorised(connection: Writing, event: TicketCategorised, _: Envelope) -> None:
    await _write(connection, event, category=event.category, confidence=event.confidence)


async def _opened(connection: Writing, event: TicketOpened, envelope: Envelope) -> None:
    await _write(
        connection,
        event,
        priority=event.priority,
        status=event.status,
        video_id=event.job.video_id if event.job else None,
        job=event.job.model_dump(mode="json") if event.job else None,
        opened_at=envelope.time,
        estimated_response_at=event.estimated_response_at,
        overdue=False,
        auto_response=event.auto_response,
    )


async def _replied(connection: Writing, event: TicketReplied, envelope: Envelope) -> None:
    if not event.automatic:
        await _write(connection, event, answered_at=envelope.time)


async def _due(connection: Writing, event: ResponseDue, _: Envelope) -> None:
    await _write(connection, event, overdue=True)


async def _escalated(connection: Writing, event: TicketEscalated, envelope: Envelope) -> None:
    await _write(connection, event, priority=event.priority, escalated_at=envelope.time)


async def _resolved(connection: Writing, event: TicketResolved, envelope: Envelope) -> None:
    await _write(connection, event, status="resolved", resolved_at=envelope.time, resolution=event.resolution)


TICKETS = Projection(
    "tickets",
    TABLES,
    {
        TicketTextKept: _kept,
        TicketAssessed: _assessed,
        TicketCategorised: _categorised,
        TicketOpened: _opened,
        TicketReplied: _replied,
        ResponseDue: _due,
        TicketEscalated: _escalated,
        TicketResolved: _resolved,
    },
)
