"""Connect a channel: consent and slot come together, the code becomes a grant, the grant names a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ytempire.chassis import Clock, Opener, Sealer
from ytempire.events import Event
from ytempire.events.billing import ChannelSlotRefused, ChannelSlotReserved
from ytempire.events.gateway import ChannelConnectionRequested
from ytempire.events.publisher import ChannelConnected
from ytempire.eventstore import (
    NO_STREAM,
    Delivery,
    EventStore,
    PermanentError,
    StreamAppend,
    Unit,
    VersionConflictError,
)
from ytempire.publisher.domain import connection as domain
from ytempire.publisher.domain.events import (
    ConnectionAsked,
    ConnectionSlotDenied,
    ConnectionSlotHeld,
    GrantKept,
    YouTubeChannelClaimed,
)
from ytempire.publisher.features.grants import Grants
from ytempire.publisher.ports import ConsentError, RefusedByYouTubeError, YouTube

_GRANT_TTL = timedelta(days=1)


@dataclass(frozen=True)
class Connect:
    store: EventStore
    youtube: YouTube
    grants: Grants
    opener: Opener
    sealer: Sealer
    clock: Clock

    async def ask(self, event: ChannelConnectionRequested, delivery: Delivery) -> None:
        await self._record(
            event.channel_id, ConnectionAsked(**event.model_dump(include=set(ConnectionAsked.model_fields))), delivery
        )

    async def hold_slot(self, event: ChannelSlotReserved, delivery: Delivery) -> None:
        await self._record(
            event.channel_id,
            ConnectionSlotHeld(**event.model_dump(include=set(ConnectionSlotHeld.model_fields))),
            delivery,
        )

    async def deny_slot(self, event: ChannelSlotRefused, delivery: Delivery) -> None:
        await self._record(
            event.channel_id,
            ConnectionSlotDenied(**event.model_dump(include=set(ConnectionSlotDenied.model_fields))),
            delivery,
        )

    async def proceed(
        self, event: ConnectionAsked | ConnectionSlotHeld | ConnectionSlotDenied | GrantKept, delivery: Delivery
    ) -> None:
        """After each piece of news: exchange once both halves are there, then name the channel."""
        state, version = await self.store.state(domain.CONNECTION, domain.stream(event.channel_id))
        if not state.ready or state.over or state.connected or state.asked is None:
            return
        if state.denied is not None:
            refusal = domain.Refuse(state.denied.code, state.denied.field, state.denied.message)
            await self._execute(event.channel_id, refusal, delivery)
            return
        try:
            if state.grant is None:
                await self._exchange(state.asked, delivery)
            else:
                await self._name(state.asked, state.grant, version, delivery)
        except ConsentError as error:
            await self._execute(event.channel_id, domain.Refuse(error.code, "consent", str(error)), delivery)
        except RefusedByYouTubeError as error:
            await self._execute(event.channel_id, domain.Refuse("connection_failed", "consent", str(error)), delivery)
        except PermanentError:
            text = "Google's consent took too long to arrive. Connect the channel again."
            await self._execute(event.channel_id, domain.Refuse("consent_expired", "consent", text), delivery)

    async def _exchange(self, asked: ConnectionAsked, delivery: Delivery) -> None:
        secret = self.opener.open(asked.sealed, delivery.envelope.time)
        grant = await self.youtube.exchange(secret["code"], secret["verifier"], secret["redirect_uri"])
        kept = GrantKept(
            channel_id=asked.channel_id,
            user_id=asked.user_id,
            refresh_token=await self.grants.seal(asked.channel_id, grant.refresh_token),
            scopes=grant.scopes,
        )
        await self._record(asked.channel_id, kept, delivery)

    async def _name(self, asked: ConnectionAsked, grant: GrantKept, version: int, delivery: Delivery) -> None:
        token = await self.grants.token(asked.channel_id)
        facts = await self.youtube.channel(token)
        connected = ChannelConnected(
            channel_id=asked.channel_id,
            user_id=asked.user_id,
            niche_id=asked.niche_id,
            youtube_channel_id=facts.youtube_channel_id,
            title=facts.title,
            monetised=facts.monetised,
            scopes=grant.scopes,
            analytics_grant=self.sealer.seal("analytics", {"refresh_token": token}, self.clock.now(), _GRANT_TTL),
        )
        taken = YouTubeChannelClaimed(youtube_channel_id=facts.youtube_channel_id, channel_id=asked.channel_id)
        claims = domain.claim_stream(asked.user_id, facts.youtube_channel_id)
        unit = Unit(
            (
                StreamAppend(domain.stream(asked.channel_id), (connected,), version),
                StreamAppend(claims, (taken,), NO_STREAM),
            ),
            delivery.claim,
        )
        try:
            await self.store.submit(unit)
        except VersionConflictError as error:
            if error.stream != claims:
                raise
            text = f'The channel "{facts.title}" is connected to this account already. Choose another one.'
            await self._execute(asked.channel_id, domain.Refuse("already_connected", "channel", text), delivery)

    async def _record(self, channel_id: str, fact: Event, delivery: Delivery) -> None:
        await self._execute(channel_id, domain.Record(fact), delivery)

    async def _execute(self, channel_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.CONNECTION, domain.stream(channel_id), command, claim=delivery.claim)
