"""When an answer is due and nobody gave one: escalate."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.eventstore import Delivery, EventStore
from ytempire.support.domain import ticket
from ytempire.support.domain.events import ResponseDue


@dataclass(frozen=True)
class CheckResponse:
    store: EventStore

    async def due(self, event: ResponseDue, delivery: Delivery) -> None:
        stream = ticket.stream(event.ticket_id)
        await self.store.execute(ticket.TICKET, stream, ticket.EscalateOverdue(), claim=delivery.claim)
