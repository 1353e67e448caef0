"""Recommend how a finished video should earn, and build its affiliate link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ytempire.analytics.domain import affiliate, collection, video
from ytempire.analytics.domain.affiliate import NicheProfile
from ytempire.analytics.domain.events import VideoNoted
from ytempire.analytics.ports import AffiliateNetwork
from ytempire.events.analytics import MonetizationRecommended
from ytempire.events.media import VideoRendered
from ytempire.events.values import AffiliateLink
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError

_AD_ACTIONS = ("enable all ad formats", "mid-roll ads every 8 minutes", "end screen")
_DISCLOSURE = "This description contains an affiliate link: if you buy through it, the channel earns a commission."
_CHANNEL_PATIENCE = 6


@dataclass(frozen=True)
class Monetize:
    store: EventStore
    network: AffiliateNetwork
    niche: Callable[[str], NicheProfile]

    async def note_video(self, event: VideoRendered, delivery: Delivery) -> None:
        fact = VideoNoted(**event.model_dump(include=set(VideoNoted.model_fields)))
        await self.store.execute(video.VIDEO, video.stream(event.video_id), video.Record(fact), claim=delivery.claim)

    async def recommend(self, event: VideoNoted, delivery: Delivery) -> None:
        channel, _ = await self.store.state(collection.CHANNEL, collection.stream(event.channel_id))
        if channel.noted is None and delivery.attempt < _CHANNEL_PATIENCE:
            raise TransientError("the video's channel has not arrived yet")
        links = await self._links(event, channel.noted.niche_id) if channel.noted else ()
        monetised = channel.noted is not None and channel.noted.monetised
        recommended = MonetizationRecommended(
            video_id=event.video_id,
            user_id=event.user_id,
            channel_id=event.channel_id,
            ads=_AD_ACTIONS if monetised else (),
            affiliate=links,
            sponsorship="not before 1,000 views a video on average",
        )
        await self.store.execute(
            video.VIDEO, video.stream(event.video_id), video.Record(recommended), claim=delivery.claim
        )

    async def _links(self, event: VideoNoted, niche_id: str) -> tuple[AffiliateLink, ...]:
        try:
            chosen = affiliate.choose(self.niche(niche_id), await self.network.programmes())
            if chosen is None:
                return ()
            url = await self.network.link(chosen.programme_id, event.video_id)
        except PermanentError:
            # a network that refuses us costs the link, not the video
            return ()
        return (
            AffiliateLink(
                network=chosen.network,
                programme=chosen.name,
                url=url,
                text=f"{chosen.name} - {chosen.description}",
                disclosure=_DISCLOSURE,
                sub_id=event.video_id,
            ),
        )
