"""Operations: every intent and what its owner decided, joined by the intent's id."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import JSON, Column, MetaData, Table, Text

from ytempire.events import Envelope, Event, gateway, public_events
from ytempire.eventstore import Projection, Writing
from ytempire.eventstore.projection import Apply
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

operations = Table(
    "operations",
    TABLES,
    Column("operation_id", Text, primary_key=True),
    tenant_column(),
    # the person who asked
    Column("asked_by", Text, nullable=False),
    Column("intent", Text, nullable=False),
    time_column("requested_at"),
)

outcomes = Table(
    "outcomes",
    TABLES,
    Column("operation_id", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    tenant_column(),
    Column("data", JSON, nullable=False),
    time_column("decided_at"),
    mark_column("mark"),
)

INTENTS: tuple[type[Event], ...] = tuple(
    event for event in public_events() if event.owner == "gateway" and event.success is not None
)
"""Everything a person can ask for that an owner decides."""

_UNSHOWN = {"analytics_grant"}


@cache
def outcome_types(intent: str) -> tuple[str, str]:
    """Names of an intent's success and rejection, for the intent's class name."""
    model: type[Event] = getattr(gateway, intent)
    return _versioned(model.success), _versioned(model.rejected)


def _versioned(name: str | None) -> str:
    return next(event.type_name() for event in public_events() if event.__name__ == name)


def shown(event: Event) -> dict[str, Any]:
    """The fields of an outcome that concern the person who asked; what is sealed to others is none of them.

    What is sealed to the gateway stays sealed: the route that asked opens it in its answer, and nobody else.
    """
    fields = event.model_dump(mode="json", exclude=_UNSHOWN)
    if fields.get("sealed", {}).get("recipient") != "gateway":
        fields.pop("sealed", None)
    return fields


async def _asked(connection: Writing, event: Event, envelope: Envelope) -> None:
    row = {
        "operation_id": envelope.id,
        "tenant_id": envelope.tenantid,
        "asked_by": envelope.actorid or envelope.tenantid,
        "intent": type(event).__name__,
        "requested_at": envelope.time,
    }
    await upsert(connection, operations, row)


async def _decided(connection: Writing, event: Event, envelope: Envelope) -> None:
    row = {
        "operation_id": envelope.correlationid,
        "type": event.type_name(),
        "tenant_id": envelope.tenantid,
        "data": shown(event),
        "decided_at": envelope.time,
        "mark": envelope.position,
    }
    await upsert(connection, outcomes, row, "mark")
    await announce(connection, envelope.tenantid, "operation", envelope.correlationid, envelope)


def _handlers() -> dict[type[Event], Apply]:
    decided = {name for intent in INTENTS for name in (intent.success, intent.rejected)}
    handlers: dict[type[Event], Apply] = dict.fromkeys(INTENTS, _asked)
    handlers.update(dict.fromkeys((e for e in public_events() if e.__name__ in decided), _decided))
    return handlers


OPERATIONS = Projection("operations", TABLES, _handlers(), version=2)
