"""Upload a scheduled video: each step is recorded before the next, so that a crash never uploads twice."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.chassis import AssetReader, Clock
from ytempire.events import Event
from ytempire.events.publisher import PublicationVerified, UploadStarted, VideoPublished, VideoScheduled
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError
from ytempire.eventstore.vault import Vault
from ytempire.publisher.domain import publication as domain
from ytempire.publisher.domain.description import Metadata, metadata_of
from ytempire.publisher.domain.events import UploadSessionOpened, VideoNoted, VideoUploaded
from ytempire.publisher.features.grants import Grants
from ytempire.publisher.ports import Published, RefusedByYouTubeError, SessionGoneError, UploadRequest, YouTube

_LANGUAGE = "en"
_SESSION = "upload_session"
_WATCH_URL = "https://www.youtube.com/watch?v={}"


@dataclass(frozen=True)
class Upload:
    store: EventStore
    youtube: YouTube
    grants: Grants
    vault: Vault
    assets: AssetReader
    clock: Clock

    async def upload(self, event: VideoScheduled, delivery: Delivery) -> None:
        """The effect of a schedule. Safe to repeat from any point."""
        state = await self._state(event.video_id)
        if state.published is not None or state.failed or state.video is None:
            return
        try:
            token = await self.grants.token(event.channel_id)
            video_id = state.platform_video_id or await self._send(event, state, state.video, token, delivery)
            await self.youtube.set_thumbnail(token, video_id, self.assets.path(state.video.thumbnail))
            await self.youtube.add_captions(token, video_id, self.assets.path(state.video.captions), _LANGUAGE)
        except (RefusedByYouTubeError, PermanentError) as error:
            code = getattr(error, "code", "not_connected")
            await self._execute(event.video_id, domain.GiveUp(code, str(error)), delivery, "give-up")
            return
        url = _WATCH_URL.format(video_id)
        await self._execute(event.video_id, domain.Publish(url, self.clock.now()), delivery, "publish")

    async def verify(self, event: VideoPublished, delivery: Delivery) -> None:
        """Ask YouTube what it has and compare it with what was sent."""
        state = await self._state(event.video_id)
        if state.video is None or state.scheduled is None:
            raise TransientError("the publication is not in the log yet")
        token = await self.grants.token(event.channel_id)
        found = await self.youtube.read_back(token, event.platform_video_id)
        if found is not None and not found.processed:
            raise TransientError("YouTube is still processing the video")
        differences = _differences(found, _metadata(state, state.video), state.scheduled.privacy, state.video)
        verified = PublicationVerified(
            video_id=event.video_id,
            user_id=event.user_id,
            channel_id=event.channel_id,
            platform_video_id=event.platform_video_id,
            verified=not differences,
            privacy=found.privacy if found else "missing",
            differences=differences,
        )
        await self._execute(event.video_id, domain.Record(verified), delivery, "verify")

    async def _send(
        self, event: VideoScheduled, state: domain.Publication, video: VideoNoted, token: str, delivery: Delivery
    ) -> str:
        started = UploadStarted(
            video_id=event.video_id, user_id=event.user_id, channel_id=event.channel_id, bytes=video.video.bytes
        )
        await self._record(event.video_id, started, delivery, "start")
        request = UploadRequest(
            metadata=_metadata(state, video),
            privacy=event.privacy,
            synthetic=video.synthetic_voice,
            paid_placement=False,
            file=self.assets.path(video.video),
            media_type=video.video.media_type,
        )
        session = await self._open(state)

        async def keep(address: str) -> None:
            sealed = await self.vault.encrypt(_subject(event.video_id), _SESSION, address)
            opened = UploadSessionOpened(video_id=event.video_id, user_id=event.user_id, session=sealed)
            await self.store.append(domain.stream(event.video_id), opened)

        try:
            platform_video_id = await self.youtube.upload(token, request, session, keep)
        except SessionGoneError as error:
            # the file may be there or not: nobody can tell from here, so nothing is sent a second time
            raise RefusedByYouTubeError(
                "session_lost",
                "The upload was interrupted for longer than YouTube keeps it. Check the channel, then publish again.",
            ) from error
        uploaded = VideoUploaded(video_id=event.video_id, user_id=event.user_id, platform_video_id=platform_video_id)
        await self._record(event.video_id, uploaded, delivery, "uploaded")
        return platform_video_id

    async def _open(self, state: domain.Publication) -> str | None:
        if state.session is None:
            return None
        return await self.vault.decrypt(_subject(state.session.video_id), _SESSION, state.session.session)

    async def _state(self, video_id: str) -> domain.Publication:
        state, _ = await self.store.state(domain.PUBLICATION, domain.stream(video_id))
        return state

    async def _record(self, video_id: str, fact: Event, delivery: Delivery, step: str) -> None:
        await self._execute(video_id, domain.Record(fact), delivery, step)

    async def _execute(self, video_id: str, command: domain.Command, delivery: Delivery, step: str) -> None:
        await self.store.execute(domain.PUBLICATION, domain.stream(video_id), command, claim=delivery.step(step))


def _subject(video_id: str) -> str:
    return f"upload-{video_id}"


def _metadata(state: domain.Publication, video: VideoNoted) -> Metadata:
    return metadata_of(video, state.monetization.affiliate if state.monetization else ())


def _differences(found: Published | None, sent: Metadata, privacy: str, video: VideoNoted) -> tuple[str, ...]:
    if found is None:
        return ("YouTube does not know the video",)
    if found.failure:
        return (f"YouTube could not process the video: {found.failure}",)
    checks = {
        "title": found.title == sent.title,
        "description": found.description.strip() == sent.description.strip(),
        "privacy": found.privacy == privacy,
        "synthetic media flag": found.synthetic == video.synthetic_voice,
        "made for kids": not found.made_for_kids,
        "captions": _LANGUAGE in found.caption_languages,
    }
    return tuple(name for name, same in checks.items() if not same)
