"""The refresh token of a connected channel, kept encrypted in its own stream."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.eventstore import EventStore, PermanentError
from ytempire.eventstore.vault import ERASED, Vault
from ytempire.publisher.domain import connection as domain

_FIELD = "refresh_token"


@dataclass(frozen=True)
class Grants:
    store: EventStore
    vault: Vault

    async def seal(self, channel_id: str, refresh_token: str) -> str:
        return await self.vault.encrypt(_subject(channel_id), _FIELD, refresh_token)

    async def token(self, channel_id: str) -> str:
        """The channel's refresh token.

        :raises PermanentError: if the channel is not connected or its key was destroyed.
        """
        state, _ = await self.store.state(domain.CONNECTION, domain.stream(channel_id))
        if state.grant is None or state.over:
            raise PermanentError(f"channel {channel_id} is not connected")
        token = await self.vault.decrypt(_subject(channel_id), _FIELD, state.grant.refresh_token)
        if token == ERASED:
            raise PermanentError(f"the grant of channel {channel_id} was erased")
        return token


def _subject(channel_id: str) -> str:
    return f"channel-{channel_id}"
