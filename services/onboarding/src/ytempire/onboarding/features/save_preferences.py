"""Keep how a customer wants videos to be made."""

from __future__ import annotations

from ytempire.events.gateway import PreferencesSubmitted
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.decisions import SavePreferences as Command
from ytempire.onboarding.domain.preferences import Preferences


class SavePreferences:
    """Handles ``PreferencesSubmitted``."""

    def __init__(self, store: EventStore, zones: frozenset[str]) -> None:
        self._store, self._zones = store, zones

    async def __call__(self, event: PreferencesSubmitted, delivery: Delivery) -> None:
        wanted = Preferences(
            event.video_style, event.video_length_s, event.auto_publish, event.timezone, event.dashboard_layout
        )
        command = Command(event.user_id, wanted, self._zones)
        await self._store.execute(ACCOUNT, stream_of(event.user_id), command, claim=delivery.claim)
