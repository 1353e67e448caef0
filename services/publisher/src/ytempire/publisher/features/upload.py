"""Upload a scheduled video: each step is recorded before the next, so that a crash never uploads twice."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from ytempire.chassis import AssetError, AssetReader, Clock
from ytempire.events import Event
from ytempire.events.publisher import PublicationVerified, UploadStarted, VideoPublished, VideoScheduled
from ytempire.eventstore import Delivery, EventStore, PermanentError, Timer, TransientError, Unit
from ytempire.eventstore.vault import Vault
from ytempire.publisher.domain import publication as domain
from ytempire.publisher.domain.description import Metadata, metadata_of
from ytempire.publisher.domain.events import ReadBackDue, UploadSessionOpened, VideoNoted, VideoUploaded
from ytempire.publisher.features.grants import Grants
from ytempire.publisher.ports import Published, RefusedByYouTubeError, SessionGoneError, UploadRequest, YouTube

_LANGUAGE = "en"
_PROCESSING_PATIENCE = 8
"""Quick looks, a few seconds in all; a video that takes longer is looked at by a timer."""
_LOOK_AGAIN = timedelta(minutes=5)
_PROCESSING_LIMIT = timedelta(hours=24)
_SESSION = "upload_session"
_NO_FILE = "The video's files are no longer in the asset store. Make the video again."
_NO_GRANT = "The channel is not connected any more. Connect it again, then publish the video again."
_WATCH_URL = "https://www.youtube.com/watch?v={}"

log = structlog.get_logger()


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
            await self._dress(token, video_id, state.video)
        except RefusedByYouTubeError as error:
            await self._execute(event.video_id, domain.GiveUp(error.code, str(error)), delivery, "give-up")
            return
        except (PermanentError, AssetError) as error:
            code, text = ("asset_missing", _NO_FILE) if isinstance(error, AssetError) else ("not_connected", _NO_GRANT)
            await self._execute(event.video_id, domain.GiveUp(code, text), delivery, "give-up")
            return
        url = _WATCH_URL.format(video_id)
        await self._execute(event.video_id, domain.Publish(url, self.clock.now()), delivery, "publish")

    async def _dress(self, token: str, video_id: str, video: VideoNoted) -> None:
        """Thumbnail and captions. The video is at YouTube already, so a refusal here is left to the read-back."""
        thumbnail, captions = self.assets.path(video.thumbnail), self.assets.path(video.captions)
        await self._tolerated("thumbnail", video_id, self.youtube.set_thumbnail(token, video_id, thumbnail))
        await self._tolerated("captions", video_id, self.youtube.add_captions(token, video_id, captions, _LANGUAGE))

    async def _tolerated(self, part: str, video_id: str, step: Awaitable[None]) -> None:
        try:
            await step
        except RefusedByYouTubeError as error:
            log.warning("YouTube refused part of a publication", part=part, video=video_id, code=error.code)

    async def verify(self, event: VideoPublished | ReadBackDue, delivery: Delivery) -> None:
        """Ask YouTube what it has and compare it with what was sent; later again while it is processing."""
        state = await self._state(event.video_id)
        if state.video is None or state.scheduled is None or state.published is None:
            raise TransientError("the publication is not in the log yet")
        try:
            token = await self.grants.token(event.channel_id)
            found = await self.youtube.read_back(token, event.platform_video_id)
        except (RefusedByYouTubeError, PermanentError) as error:
            await self._verified(state.published, "unknown", (f"It could not be read back: {error}",), delivery)
            return
        if found is not None and not found.processed:
            if delivery.attempt < _PROCESSING_PATIENCE:
                raise TransientError("YouTube is still processing the video")
            if self.clock.now() < state.published.published_at + _PROCESSING_LIMIT:
                await self._look_again(state.published, delivery)
                return
        differences = _differences(found, _metadata(state, state.video), state.scheduled.privacy, state.video)
        await self._verified(state.published, found.privacy if found else "missing", differences, delivery)

    async def _verified(
        self, published: VideoPublished, privacy: str, differences: tuple[str, ...], delivery: Delivery
    ) -> None:
        fact = PublicationVerified(
            video_id=published.video_id,
            user_id=published.user_id,
            channel_id=published.channel_id,
            platform_video_id=published.platform_video_id,
            verified=not differences,
            privacy=privacy,
            differences=differences,
        )
        await self._record(published.video_id, fact, delivery, "verify")

    async def _look_again(self, published: VideoPublished, delivery: Delivery) -> None:
        due = ReadBackDue(**published.model_dump(include=set(ReadBackDue.model_fields)))
        stream = domain.stream(published.video_id)
        timer = Timer(f"read-back-{published.video_id}", self.clock.now() + _LOOK_AGAIN, stream, due)
        await self.store.submit(Unit((), delivery.step("again"), timers=(timer,)))

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
    if not found.processed:
        return ("YouTube is still processing the video",)
    if found.failure:
        return (f"YouTube could not process the video: {found.failure}",)
    checks = {
        "title": found.title == sent.title,
        "description": found.description.strip() == sent.description.strip(),
        "privacy": found.privacy == privacy,
        "synthetic media flag": found.synthetic == video.synthetic_voice,
        "made for kids": not found.made_for_kids,
        "captions": _LANGUAGE in found.caption_languages,
        "thumbnail": found.custom_thumbnail,
    }
    return tuple(name for name, same in checks.items() if not same)
