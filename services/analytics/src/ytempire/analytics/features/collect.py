"""Collect a channel's figures every day of business time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog

from ytempire.analytics.domain import collection as domain
from ytempire.analytics.domain.collection import Figures
from ytempire.analytics.domain.events import ChannelLeft, ChannelNoted, CollectionDue, PublicationNoted
from ytempire.analytics.ports import ConnectionLostError, Reports
from ytempire.chassis import Clock, Opener
from ytempire.events.publisher import ChannelConnected, ChannelDisconnected, VideoPublished
from ytempire.eventstore import Delivery, EventStore, StreamAppend, TransientError, Unit
from ytempire.eventstore.vault import ERASED, Vault

_PACIFIC = ZoneInfo("America/Los_Angeles")
_FIELD = "refresh_token"
log = structlog.get_logger()


@dataclass(frozen=True)
class Collect:
    store: EventStore
    reports: Reports
    vault: Vault
    opener: Opener
    clock: Clock

    async def note_channel(self, event: ChannelConnected, delivery: Delivery) -> None:
        grant = self.opener.open(event.analytics_grant, delivery.envelope.time)
        subject = _subject(event.channel_id)
        noted = ChannelNoted(
            channel_id=event.channel_id,
            user_id=event.user_id,
            niche_id=event.niche_id,
            monetised=event.monetised,
            refresh_token=await self.vault.encrypt(subject, _FIELD, grant["refresh_token"]),
        )
        timer = domain.next_collection(noted, delivery.envelope.time)
        stream = domain.stream(event.channel_id)
        await self.store.submit(Unit((StreamAppend(stream, (noted,)),), delivery.claim, timers=(timer,)))

    async def leave_channel(self, event: ChannelDisconnected, delivery: Delivery) -> None:
        left = ChannelLeft(channel_id=event.channel_id, user_id=event.user_id)
        unit = Unit(
            (StreamAppend(domain.stream(event.channel_id), (left,)),),
            delivery.claim,
            cancel=(f"collect-{event.channel_id}",),
        )
        await self.store.submit(unit)

    async def note_publication(self, event: VideoPublished, delivery: Delivery) -> None:
        fact = PublicationNoted(
            channel_id=event.channel_id,
            user_id=event.user_id,
            video_id=event.video_id,
            platform_video_id=event.platform_video_id,
            published_at=event.published_at,
        )
        await self.store.execute(
            domain.CHANNEL, domain.stream(event.channel_id), domain.Record(fact), claim=delivery.claim
        )

    async def collect(self, event: CollectionDue, delivery: Delivery) -> None:
        """Ask for the trailing window and record what is new; the next day's timer commits with it."""
        state, version = await self.store.state(domain.CHANNEL, domain.stream(event.channel_id))
        if state.noted is None or state.left:
            return
        now = self.clock.now()
        try:
            figures = await self._figures(state, state.noted, now)
        except ConnectionLostError:
            figures = {}
        except TransientError as error:
            if not delivery.last:
                raise
            # the next day's collection looks back far enough to make up for this one
            log.warning("figures not collected today", channel=event.channel_id, error=str(error))
            figures = {}
        events = tuple(domain.decide(state, domain.Collect(now, figures)))
        appends = (StreamAppend(domain.stream(event.channel_id), events, version),) if events else ()
        # the next due time counts from this one, so that a late collection does not shift the rhythm
        timer = domain.next_collection(state.noted, delivery.envelope.time)
        await self.store.submit(Unit(appends, delivery.claim, timers=(timer,)))

    async def _figures(
        self, state: domain.Channel, channel: ChannelNoted, now: datetime
    ) -> dict[str, Sequence[Figures]]:
        if not state.videos:
            return {}
        token = await self.vault.decrypt(_subject(channel.channel_id), _FIELD, channel.refresh_token)
        if token == ERASED:
            return {}
        last = _pacific(now)
        return {
            video.video_id: await self.reports.figures(
                token,
                video.platform_video_id,
                state.since(_pacific(video.published_at)),
                last,
                monetary=channel.monetised,
            )
            for video in state.videos.values()
        }


def _subject(channel_id: str) -> str:
    return f"channel-{channel_id}"


def _pacific(at: datetime) -> date:
    """YouTube counts Pacific days."""
    return at.astimezone(_PACIFIC).date()
