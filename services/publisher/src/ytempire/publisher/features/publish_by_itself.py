"""Publish what is finished without being asked, for those who said so beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.onboarding import ChannelPreferencesSaved, PreferencesSaved
from ytempire.eventstore import Delivery, EventStore, StreamAppend, Timer, Unit
from ytempire.publisher.domain import publication as domain
from ytempire.publisher.domain import quota, wishes
from ytempire.publisher.domain.events import AutoPublishDelayed, AutoPublishDue, AutoPublishNoted
from ytempire.publisher.features.schedule import Schedule

_PRIVACY = "public"


@dataclass(frozen=True)
class PublishByItself:
    store: EventStore
    schedule: Schedule

    async def note_account(self, event: PreferencesSaved, delivery: Delivery) -> None:
        noted = AutoPublishNoted(user_id=event.user_id, wanted=event.auto_publish, version=event.version)
        await self._note(noted, delivery)

    async def note_channel(self, event: ChannelPreferencesSaved, delivery: Delivery) -> None:
        noted = AutoPublishNoted(
            user_id=event.user_id,
            channel_id=event.channel_id,
            wanted=event.preferences.auto_publish,
            version=event.version,
        )
        await self._note(noted, delivery)

    async def consider(self, event: domain.Ready | AutoPublishDue, delivery: Delivery) -> None:
        """After each thing that a publication needs, and when the day's uploads are back."""
        stream = domain.stream(event.video_id)
        state, version = await self.store.state(domain.PUBLICATION, stream)
        video = state.video
        if video is None or state.monetization is None or state.scheduled is not None:
            return
        wanted, _ = await self.store.state(wishes.WISHES, wishes.stream(video.user_id))
        if not wanted.auto_publish(video.channel_id):
            return
        now = self.schedule.clock.now()
        command = domain.Schedule(video.user_id, video.video_id, _PRIVACY, now, beforehand=True)
        try:
            appends = await self.schedule.appends(command, state, version)
        except quota.QuotaExhaustedError:
            due = AutoPublishDue(video_id=video.video_id, user_id=video.user_id)
            again = Timer(f"auto-publish-{video.video_id}", quota.next_day(now), stream, due)
            delayed = AutoPublishDelayed(video_id=video.video_id, user_id=video.user_id, until=again.due)
            await self.store.submit(Unit((StreamAppend(stream, (delayed,), version),), delivery.claim, (again,)))
            return
        await self.store.submit(Unit(appends, delivery.claim))

    async def _note(self, noted: AutoPublishNoted, delivery: Delivery) -> None:
        await self.store.execute(wishes.WISHES, wishes.stream(noted.user_id), noted, claim=delivery.claim)
