"""Take the niches a customer decided for."""

from __future__ import annotations

from ytempire.events.gateway import NicheChoiceRequested
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.decisions import ChooseNiches as Command
from ytempire.onboarding.domain.niche import Catalogue


class ChooseNiches:
    """Handles ``NicheChoiceRequested``."""

    def __init__(self, store: EventStore, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue

    async def __call__(self, event: NicheChoiceRequested, delivery: Delivery) -> None:
        command = Command(event.user_id, event.niche_ids, self._catalogue)
        await self._store.execute(ACCOUNT, stream_of(event.user_id), command, claim=delivery.claim)
