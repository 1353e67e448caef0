"""Raise an alert when billing says that the provider's money and the ledger differ, and end it when they agree."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.billing import LedgerDifferenceChanged
from ytempire.eventstore import Delivery, EventStore, derived_id
from ytempire.support.domain import money


@dataclass(frozen=True)
class WatchLedger:
    store: EventStore

    async def hear(self, event: LedgerDifferenceChanged, delivery: Delivery) -> None:
        command = money.Hear(event.days, event.differences, derived_id("ledger-alert", delivery.envelope.id))
        await self.store.execute(money.BOOKS, money.STREAM, command, claim=delivery.claim)
