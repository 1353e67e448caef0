"""Choose a plan, or another one as long as nothing is paid."""

from __future__ import annotations

from ytempire.events.gateway import PlanSelectionRequested
from ytempire.events.plans import on_offer
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.decisions import SelectPlan as Command


class SelectPlan:
    """Handles ``PlanSelectionRequested``."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def __call__(self, event: PlanSelectionRequested, delivery: Delivery) -> None:
        command = Command(event.user_id, event.plan, event.interval, on_offer(delivery.envelope.time))
        await self._store.execute(ACCOUNT, stream_of(event.user_id), command, claim=delivery.claim)
