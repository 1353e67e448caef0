"""Keep how a customer wants videos to be made: for the account, and for single channels."""

from __future__ import annotations

from ytempire.events.gateway import ChannelPreferencesSubmitted, PreferencesSubmitted
from ytempire.events.preferences import VideoPreferences
from ytempire.eventstore import Delivery, EventStore
from ytempire.onboarding.domain.account import stream_of
from ytempire.onboarding.domain.decisions import ACCOUNT, Preferring, SaveChannelPreferences
from ytempire.onboarding.domain.decisions import SavePreferences as Command
from ytempire.onboarding.domain.preferences import Preferences


class SavePreferences:
    """Handles ``PreferencesSubmitted`` and ``ChannelPreferencesSubmitted``."""

    def __init__(self, store: EventStore, zones: frozenset[str]) -> None:
        self._store, self._zones = store, zones

    async def for_account(self, event: PreferencesSubmitted, delivery: Delivery) -> None:
        videos = VideoPreferences(**event.model_dump(include=set(VideoPreferences.model_fields)))
        wanted = Preferences(videos, event.timezone, event.dashboard_layout)
        await self._decide(Command(event.user_id, wanted, self._zones, event.expected_version), delivery)

    async def for_channel(self, event: ChannelPreferencesSubmitted, delivery: Delivery) -> None:
        wanted = SaveChannelPreferences(event.user_id, event.channel_id, event.preferences, event.expected_version)
        await self._decide(wanted, delivery)

    async def _decide(self, command: Preferring, delivery: Delivery) -> None:
        await self._store.execute(ACCOUNT, stream_of(command.user_id), command, claim=delivery.claim)
