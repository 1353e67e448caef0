"""Score the packaged niches against what a customer told us."""

from __future__ import annotations

from ytempire.events.gateway import NichesRequested
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.decisions import RecommendNiches as Command
from ytempire.onboarding.domain.niche import Catalogue, Wish


class RecommendNiches:
    """Handles ``NichesRequested``."""

    def __init__(self, store: EventStore, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue

    async def __call__(self, event: NichesRequested, delivery: Delivery) -> None:
        wish = Wish(event.interests, event.experience, event.budget_usd)
        command = Command(event.user_id, wish, self._catalogue)
        await self._store.execute(ACCOUNT, stream_of(event.user_id), command, claim=delivery.claim)
