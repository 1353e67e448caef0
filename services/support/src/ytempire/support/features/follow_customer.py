"""Keep the plan of each customer: it weighs in a ticket's priority."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.billing import EntitlementsChanged
from ytempire.eventstore import Delivery, EventStore
from ytempire.support.domain import customer


@dataclass(frozen=True)
class FollowCustomer:
    store: EventStore

    async def note_plan(self, event: EntitlementsChanged, delivery: Delivery) -> None:
        command = customer.NotePlan(event.user_id, event.plan, event.active, delivery.envelope.time)
        stream = customer.stream(event.user_id)
        await self.store.execute(customer.CUSTOMER, stream, command, claim=delivery.claim)
