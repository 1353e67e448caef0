"""Publisher on PostgreSQL against the real Google stand-in: consent, upload with interruptions, read-back."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from ytempire.chassis import AssetStore
from ytempire.chassis.testing import Bench
from ytempire.events import Event
from ytempire.events.analytics import MonetizationRecommended
from ytempire.events.billing import ChannelSlotRefused, ChannelSlotReserved
from ytempire.events.gateway import ApprovalGiven, ChannelConnectionRequested, PublishRequested
from ytempire.events.media import VideoRendered
from ytempire.events.money import Money
from ytempire.events.onboarding import ChannelPreferencesSaved, PreferencesSaved
from ytempire.events.preferences import ChannelPreferences
from ytempire.events.publisher import (
    ChannelConnected,
    ChannelConnectionRejected,
    ChannelDisconnected,
    MonetizationApplied,
    PublicationVerified,
    PublishRejected,
    QuotaReserved,
    VideoPublished,
    VideoPublishFailed,
    VideoScheduled,
)
from ytempire.events.values import AffiliateLink, AssetRef, Chapter
from ytempire.eventstore import Delivery, MessageContext, TransientError, handling, new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.publisher.adapters.google_youtube import NEEDED_SCOPES, GoogleYouTube
from ytempire.publisher.bootstrap import DEFINITION
from ytempire.publisher.domain import connection, publication, quota
from ytempire.publisher.domain.events import UploadTaken
from ytempire.publisher.features.grants import Grants
from ytempire.publisher.features.upload import Upload
from ytempire.publisher.projections.publications import PROJECTION, PUBLICATIONS
from ytempire.sandbox.google import testkit

SRT = "1\n00:00:00,000 --> 00:00:02,500\nHello there.\n\n2\n00:00:02,500 --> 00:00:04,000\nGood-bye.\n"
LINK = AffiliateLink(
    network="awin",
    programme="Ledgerleaf",
    url="https://shop.example/?clickref=1",
    text="Ledgerleaf - budgets",
    disclosure="Affiliate link: the channel earns a commission.",
    sub_id="1",
)
PUT_CHUNK = {"method": "PUT", "path": "/upload/"}


@pytest.fixture
async def publisher(run_service: Any) -> AsyncIterator[Bench]:
    async with run_service(DEFINITION) as bench:
        yield bench


def consent(outside: Any, account: str, channel: str, **more: Any) -> tuple[str, str]:
    """A person allows the app; the code and the PKCE verifier that belongs to it."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = testkit.answer_consent(
        testkit.auth_url(outside.url, challenge), outside.addresses.ca, account, channel, **more
    )
    return parse_qs(urlsplit(back).query)["code"][0], verifier


async def ask(bench: Bench, user_id: str, code: str, verifier: str) -> str:
    value = {"code": code, "verifier": verifier, "redirect_uri": testkit.REDIRECT}
    sealed = bench.host.sealer.seal("publisher", value, bench.host.clock.now(), timedelta(days=1))
    event = ChannelConnectionRequested(user_id=user_id, channel_id=new_id(), niche_id="personal_finance", sealed=sealed)
    await bench.deliver(event, tenant=user_id)
    return event.channel_id


async def connect(bench: Bench, outside: Any, user_id: str, account: str, channel: str = "established") -> str:
    channel_id = await ask(bench, user_id, *consent(outside, account, channel))
    await bench.deliver(ChannelSlotReserved(user_id=user_id, channel_id=channel_id), tenant=user_id)
    await bench.settle()
    return channel_id


async def refusal(bench: Bench, channel_id: str, user_id: str) -> ChannelConnectionRejected:
    await bench.deliver(ChannelSlotReserved(user_id=user_id, channel_id=channel_id), tenant=user_id)
    await bench.settle()
    (refused,) = await bench.events(ChannelConnectionRejected)
    assert refused.channel_id == channel_id
    return refused


@pytest.mark.parametrize(("channel", "monetised"), [("established", True), ("fresh", False)])
async def test_a_channel_is_connected_once_consent_and_slot_are_there(
    publisher: Bench, outside: Any, channel: str, monetised: bool
) -> None:
    user_id = new_id()
    channel_id = await ask(publisher, user_id, *consent(outside, f"{channel}@connect.example", channel))
    await publisher.settle()
    assert await publisher.types() == ["ConnectionAsked"]
    await publisher.deliver(ChannelSlotReserved(user_id=user_id, channel_id=channel_id), tenant=user_id)
    await publisher.settle()
    (connected,) = await publisher.events(ChannelConnected)
    assert (connected.channel_id, connected.monetised) == (channel_id, monetised)
    assert set(NEEDED_SCOPES) <= set(connected.scopes)
    assert connected.youtube_channel_id.startswith("UC")
    assert connected.analytics_grant.recipient == "analytics"
    assert "1//0" not in "".join(str(r.data) for r in await publisher.log())
    assert (await verify(publisher.store)).findings == []


async def test_the_slot_may_come_first(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    code, verifier = consent(outside, "slot-first@connect.example", "fresh")
    value = {"code": code, "verifier": verifier, "redirect_uri": testkit.REDIRECT}
    sealed = publisher.host.sealer.seal("publisher", value, publisher.host.clock.now(), timedelta(days=1))
    event = ChannelConnectionRequested(user_id=user_id, channel_id=new_id(), niche_id="crypto", sealed=sealed)
    await publisher.deliver(ChannelSlotReserved(user_id=user_id, channel_id=event.channel_id), tenant=user_id)
    asked = await publisher.deliver(event, tenant=user_id)
    await publisher.deliver(event, tenant=user_id, id=asked.id)
    await publisher.settle()
    assert len(await publisher.events(ChannelConnected)) == 1


async def test_one_youtube_channel_is_connected_once_for_each_account(publisher: Bench, outside: Any) -> None:
    user_id, other = new_id(), new_id()
    await connect(publisher, outside, user_id, "twice@connect.example")
    second = await connect(publisher, outside, user_id, "twice@connect.example")
    (refused,) = await publisher.events(ChannelConnectionRejected)
    assert (refused.channel_id, refused.code) == (second, "already_connected")
    await connect(publisher, outside, other, "twice@connect.example")
    assert {e.user_id for e in await publisher.events(ChannelConnected)} == {user_id, other}


async def test_a_used_or_foreign_code_is_refused(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    code, _ = consent(outside, "code@connect.example", "fresh")
    channel_id = await ask(publisher, user_id, code, "not-the-verifier-of-this-code")
    assert (await refusal(publisher, channel_id, user_id)).code == "consent_not_accepted"


async def test_an_expired_code_is_refused(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    code, verifier = consent(outside, "late@connect.example", "fresh")
    outside.advance(seconds=11 * 60)
    channel_id = await ask(publisher, user_id, code, verifier)
    assert (await refusal(publisher, channel_id, user_id)).code == "consent_not_accepted"


async def test_a_consent_that_leaves_out_uploads_is_refused(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    code, verifier = consent(outside, "part@connect.example", "fresh", scopes=NEEDED_SCOPES[1:])
    refused = await refusal(publisher, await ask(publisher, user_id, code, verifier), user_id)
    assert refused.code == "scopes_missing"
    assert "youtube.upload" in refused.message


async def test_a_consent_that_waited_longer_than_it_is_sealed_for_is_refused(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    channel_id = await ask(publisher, user_id, *consent(outside, "waited@connect.example", "fresh"))
    publisher.host.clock.offset += timedelta(days=2)
    assert (await refusal(publisher, channel_id, user_id)).code == "consent_expired"


async def test_an_account_without_a_channel_is_told_to_make_one(publisher: Bench, outside: Any) -> None:
    user_id = new_id()
    outside.fault("youtube", "status", status=200, path="/channels", body={"items": []})
    channel_id = await ask(publisher, user_id, *consent(outside, "none@connect.example", "fresh"))
    assert (await refusal(publisher, channel_id, user_id)).code == "no_channel"


async def test_without_a_slot_the_consent_is_not_used(publisher: Bench, outside: Any) -> None:
    user_id, since = new_id(), outside.mark()
    channel_id = await ask(publisher, user_id, *consent(outside, "full@connect.example", "fresh"))
    denied = ChannelSlotRefused(
        user_id=user_id, channel_id=channel_id, code="channel_limit", field="channel_id", message="All are connected."
    )
    await publisher.deliver(denied, tenant=user_id)
    await publisher.settle()
    (refused,) = await publisher.events(ChannelConnectionRejected)
    assert (refused.code, refused.message) == ("channel_limit", "All are connected.")
    assert not [line for line in outside.journal("google-oauth", since) if line["path"].endswith("/token")]


def png(width: int = 1280, height: int = 720) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return testkit.write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", 65.4, payload=3_500_000)


@pytest.fixture
def rendered(keys: Path, film: Path, tmp_path: Path) -> VideoRendered:
    """A finished video whose files are in the asset store."""
    store = AssetStore(tmp_path / "assets", base64.b64decode((keys / "assets.sign.key").read_bytes()))
    (tmp_path / "thumbnail.png").write_bytes(png())
    (tmp_path / "captions.srt").write_text(SRT)
    chapters = tuple(Chapter(start_s=s, title=t) for s, t in ((0, "Start"), (20, "Middle"), (50, "End")))
    return VideoRendered(
        video_id=new_id(),
        user_id=new_id(),
        channel_id=new_id(),
        title="How <budgets> work",
        summary="What a budget is & why.",
        chapters=chapters,
        sources=("A book",),
        credits=("Voice: a synthesiser",),
        tags=("budget", "saving money"),
        video=store.put(film, "video/mp4"),
        thumbnail=store.put(tmp_path / "thumbnail.png", "image/png"),
        captions=store.put(tmp_path / "captions.srt", "application/x-subrip"),
        duration_s=65.4,
        width=1920,
        height=1080,
        fps=30,
        lufs=-14,
        true_peak_dbtp=-1,
        words=100,
        templates={},
        cost=Money.zero(),
    )


async def prepare(bench: Bench, outside: Any, rendered: VideoRendered, account: str) -> VideoRendered:
    """A connected channel, a finished video with its links, an approval."""
    user_id = new_id()
    channel_id = await connect(bench, outside, user_id, account)
    video = rendered.model_copy(update={"user_id": user_id, "channel_id": channel_id})
    links = MonetizationRecommended(
        video_id=video.video_id, user_id=user_id, channel_id=channel_id, ads=(), affiliate=(LINK,), sponsorship=""
    )
    for event in (video, links, ApprovalGiven(user_id=user_id, video_id=video.video_id)):
        await bench.deliver(event, tenant=user_id)
    return video


async def publish(bench: Bench, video: VideoRendered, privacy: Any = "unlisted") -> None:
    asked = PublishRequested(user_id=video.user_id, video_id=video.video_id, privacy=privacy)
    await bench.deliver(asked, tenant=video.user_id)


async def published(bench: Bench, outside: Any) -> None:
    await bench.settle()
    outside.advance(seconds=3)
    await bench.settle()


def made(outside: Any, since: int) -> list[str]:
    """Ids of the videos that exist at YouTube now and did not before."""
    lines = outside.journal("youtube", since)
    done = [line["detail"] for line in lines if line["detail"].get("upload_complete") == "videos.insert"]
    return [detail["made"] for detail in done]


async def test_a_video_is_published_with_everything_that_belongs_to_it(
    publisher: Bench, outside: Any, rendered: VideoRendered, film: Path
) -> None:
    video, since = await prepare(publisher, outside, rendered, "all@upload.example"), outside.mark()
    await publish(publisher, video)
    await published(publisher, outside)
    (told,) = await publisher.events(VideoPublished)
    assert [told.platform_video_id] == made(outside, since)
    assert told.url.endswith(told.platform_video_id)
    (verified,) = await publisher.events(PublicationVerified)
    assert (verified.differences, verified.verified, verified.privacy) == ((), True, "unlisted")
    (applied,) = await publisher.events(MonetizationApplied)
    assert applied.links == (LINK,)
    (quota,) = await publisher.events(QuotaReserved)
    assert (quota.bucket, quota.amount) == ("videos.insert", 1)
    upload = uploader(publisher)
    shown = await upload.youtube.read_back(await upload.grants.token(video.channel_id), told.platform_video_id)
    assert shown is not None
    assert (shown.title, shown.synthetic, shown.made_for_kids) == ("How budgets work", True, False)
    assert LINK.disclosure in shown.description
    assert LINK.url in shown.description
    assert (shown.caption_languages, shown.custom_thumbnail) == (("en",), True)
    async with publisher.host.models.reading(PROJECTION) as connection:
        (row,) = (await connection.execute(select(PUBLICATIONS))).mappings().all()
    assert (row["status"], row["verified"]) == ("verified", True)
    await publish(publisher, video)
    await publisher.settle()
    assert made(outside, since) == [told.platform_video_id]


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "provider", "name": "mid_chunk_503", "skip": 1, "count": 9},
        {"action": "drop", **PUT_CHUNK, "skip": 2, "count": 9},
        {"action": "drop_answer", **PUT_CHUNK, "skip": 4, "count": 9},
    ],
    ids=["half a chunk", "dropped chunks", "lost last answer"],
)
async def test_rule_4_6_an_upload_that_broke_off_is_continued_and_never_made_twice(
    run_service: Any, outside: Any, rendered: VideoRendered, fault: dict[str, Any]
) -> None:
    async with run_service(DEFINITION) as publisher:
        account = f"{fault['action'].replace('_', '-')}@resume.example"
        video, since = await prepare(publisher, outside, rendered, account), outside.mark()
    async with run_service(DEFINITION, react=False) as crashed:
        await publish(crashed, video)
        (scheduled,) = await crashed.events(VideoScheduled)
        # what the first process did to the schedule before it ended
        outside.fault("youtube", **fault)
        envelope = (await crashed.store.load(publication.stream(video.video_id)))[-2].envelope()
        upload = uploader(crashed)
        with handling(MessageContext.of(envelope)):
            with pytest.raises(TransientError):
                await upload.upload(scheduled, Delivery(envelope, "publisher-uploads"))
            outside.web.delete("/control/faults")
            for life in range(2):
                await upload.upload(scheduled, Delivery(envelope, "publisher-uploads", life + 1))
    async with run_service(DEFINITION) as restarted:
        await published(restarted, outside)
        (verified,) = await restarted.events(PublicationVerified)
    assert (verified.differences, verified.verified) == ((), True)
    assert set(made(outside, since)) == {verified.platform_video_id}


def uploader(bench: Bench) -> Upload:
    """The feature by itself, without the client's own repetitions of a chunk."""
    settings = bench.host.settings
    vault = Vault(bench.store.pool, kek_file(settings.secrets_dir / "publisher.kek.key"))
    assets = AssetStore(settings.assets_dir, base64.b64decode(settings.secret("assets.sign.key")))
    youtube = GoogleYouTube(settings.google(), retries=0)
    return Upload(bench.store, youtube, Grants(bench.store, vault), vault, assets, bench.host.clock)


async def test_what_youtube_changed_is_found(publisher: Bench, outside: Any, rendered: VideoRendered) -> None:
    video = await prepare(publisher, outside, rendered, "changed@upload.example")
    outside.fault("youtube", "provider", name="locked_private")
    outside.fault("youtube", "provider", name="phone_unverified")
    await publish(publisher, video, "public")
    await published(publisher, outside)
    (verified,) = await publisher.events(PublicationVerified)
    assert not verified.verified
    assert set(verified.differences) == {"privacy", "thumbnail"}


async def test_a_video_that_youtube_cannot_process_is_told(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    video = await prepare(publisher, outside, rendered, "broken@upload.example")
    outside.fault("youtube", "provider", name="processing_failed")
    await publish(publisher, video)
    await published(publisher, outside)
    (verified,) = await publisher.events(PublicationVerified)
    assert "could not process" in verified.differences[0]


@pytest.mark.parametrize(
    ("switch", "code"), [("upload_limit", "uploadLimitExceeded"), ("quota_exceeded", "quotaExceeded")]
)
async def test_a_refused_upload_fails_and_may_be_asked_for_again(
    publisher: Bench, outside: Any, rendered: VideoRendered, switch: str, code: str
) -> None:
    video = await prepare(publisher, outside, rendered, f"{switch.replace('_', '-')}@upload.example")
    outside.fault("youtube", "provider", name=switch)
    await publish(publisher, video)
    await publisher.settle()
    (failed,) = await publisher.events(VideoPublishFailed)
    assert failed.code == code
    outside.web.delete("/control/faults")
    await publish(publisher, video)
    await published(publisher, outside)
    assert len(await publisher.events(VideoPublished)) == 1


async def test_a_reference_that_media_did_not_sign_is_not_read(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    forged = AssetRef(key="../../secrets/x", sha256="0" * 64, bytes=1, media_type="video/mp4", signature="0")
    video = await prepare(publisher, outside, rendered.model_copy(update={"video": forged}), "forged@upload.example")
    await publish(publisher, video)
    await publisher.settle()
    (failed,) = await publisher.events(VideoPublishFailed)
    assert failed.code == "asset_missing"


async def test_a_grant_that_its_owner_took_back_is_told(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    video = await prepare(publisher, outside, rendered, "revoked@upload.example")
    outside.fault("google-oauth", "provider", name="revoke")
    await publish(publisher, video)
    await publisher.settle()
    (failed,) = await publisher.events(VideoPublishFailed)
    assert failed.code == "connection_lost"


async def test_an_upload_that_youtube_kept_no_longer_is_not_made_twice(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    video, since = await prepare(publisher, outside, rendered, "gone@upload.example"), outside.mark()
    outside.fault("youtube", "provider", name="session_expired")
    await publish(publisher, video)
    await publisher.settle()
    (failed,) = await publisher.events(VideoPublishFailed)
    assert failed.code == "session_lost"
    assert made(outside, since) == []


async def test_a_channel_that_was_disconnected_meanwhile_is_told(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    video = await prepare(publisher, outside, rendered, "away@upload.example")
    gone = ChannelDisconnected(channel_id=video.channel_id, user_id=video.user_id, reason="by its owner")
    await publisher.store.append(connection.stream(video.channel_id), gone)
    await publish(publisher, video)
    await publisher.settle()
    (failed,) = await publisher.events(VideoPublishFailed)
    assert failed.code == "not_connected"


async def test_the_uploads_of_a_day_are_shared_by_all_and_the_next_one_is_told_when(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    video = await prepare(publisher, outside, rendered, "late-in-the-day@upload.example")
    day = quota.pacific_day(publisher.host.clock.now())
    taken: list[Event] = []
    for _ in range(quota.UPLOADS_PER_DAY):
        taken += quota.decide(quota.QUOTA.fold(taken), quota.TakeUpload(new_id(), day))
    await publisher.store.append(quota.stream(day), *taken)
    await publish(publisher, video)
    (refused,) = await publisher.events(PublishRejected)
    assert (refused.code, refused.field) == ("quota_exhausted", "video_id")
    assert await publisher.events(VideoScheduled) == []


def preferring(user_id: str, auto_publish: bool, version: int = 1) -> PreferencesSaved:
    return PreferencesSaved(
        user_id=user_id,
        video_style="educational",
        video_length_s=480,
        auto_publish=auto_publish,
        timezone="UTC",
        version=version,
    )


async def finished(bench: Bench, rendered: VideoRendered, user_id: str, channel_id: str) -> VideoRendered:
    """A video with its links, which nobody approved."""
    video = rendered.model_copy(update={"user_id": user_id, "channel_id": channel_id, "video_id": new_id()})
    links = MonetizationRecommended(
        video_id=video.video_id, user_id=user_id, channel_id=channel_id, ads=(), affiliate=(LINK,), sponsorship=""
    )
    for event in (video, links):
        await bench.deliver(event, tenant=user_id)
    await bench.settle()
    return video


async def test_a_finished_video_publishes_itself_where_its_owner_said_so_beforehand(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    user_id = new_id()
    channel_id = await connect(publisher, outside, user_id, "by-itself@upload.example")
    waits = await finished(publisher, rendered, user_id, channel_id)
    await publisher.deliver(preferring(user_id, True), tenant=user_id)
    await publisher.settle()
    assert await publisher.events(VideoScheduled) == []
    goes = await finished(publisher, rendered, user_id, channel_id)
    (scheduled,) = await publisher.events(VideoScheduled)
    assert (scheduled.video_id, scheduled.privacy) == (goes.video_id, "public")
    assert [e.video_id for e in await publisher.events(VideoPublished)] == [goes.video_id]
    own = ChannelPreferencesSaved(
        user_id=user_id, channel_id=channel_id, preferences=ChannelPreferences(auto_publish=False), version=1
    )
    await publisher.deliver(own, tenant=user_id)
    await finished(publisher, rendered, user_id, channel_id)
    assert len(await publisher.events(VideoScheduled)) == 1
    await publish(publisher, waits)
    assert (await publisher.events(PublishRejected))[-1].code == "approval_missing"


async def test_what_publishes_itself_waits_for_the_uploads_of_tomorrow(
    publisher: Bench, outside: Any, rendered: VideoRendered
) -> None:
    user_id = new_id()
    channel_id = await connect(publisher, outside, user_id, "tomorrow@upload.example")
    await publisher.deliver(preferring(user_id, True), tenant=user_id)
    now = publisher.host.clock.now()
    taken = [UploadTaken(video_id=new_id(), day=quota.pacific_day(now)) for _ in range(quota.UPLOADS_PER_DAY)]
    await publisher.store.append(quota.stream(quota.pacific_day(now)), *taken)
    video = await finished(publisher, rendered, user_id, channel_id)
    assert await publisher.events(VideoScheduled) == []
    outside.advance(seconds=(quota.next_day(now) - now).total_seconds() + 1)
    await publisher.settle()
    assert [e.video_id for e in await publisher.events(VideoScheduled)] == [video.video_id]
    assert await publisher.events(PublishRejected) == []
