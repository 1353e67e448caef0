"""Description, publication and quota: limits that hold for every input, and what a command leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.events import Event
from ytempire.events.publisher import (
    ChannelConnectionRejected,
    MonetizationApplied,
    PublishRejected,
    VideoPublished,
    VideoPublishFailed,
    VideoScheduled,
)
from ytempire.events.values import AffiliateLink, AssetRef, Chapter, Sealed
from ytempire.eventstore import derived_id
from ytempire.publisher.domain import connection, publication, quota, wishes
from ytempire.publisher.domain.description import DESCRIPTION_BYTES, TITLE_CHARS, metadata_of
from ytempire.publisher.domain.events import (
    ApprovalNoted,
    AutoPublishNoted,
    ConnectionAsked,
    ConnectionSlotHeld,
    MonetizationNoted,
    VideoNoted,
    VideoUploaded,
)

USER, STRANGER, VIDEO, CHANNEL = (derived_id(name) for name in ("user", "stranger", "video", "channel"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
REF = AssetRef(key="a", sha256="0" * 64, bytes=1, media_type="video/mp4")
DISCLOSURE = "This description contains an affiliate link: if you buy through it, the channel earns a commission."


def noted(**changes: object) -> VideoNoted:
    fields: dict[str, object] = {
        "video_id": VIDEO,
        "user_id": USER,
        "channel_id": CHANNEL,
        "title": "Budgets",
        "summary": "How a budget works.",
        "chapters": (),
        "sources": (),
        "credits": (),
        "tags": (),
        "video": REF,
        "thumbnail": REF,
        "captions": REF,
        "synthetic_voice": True,
    }
    return VideoNoted(**{**fields, **changes})


def link(number: int, text: str = "An app", url: str = "https://shop.example/?c=") -> AffiliateLink:
    return AffiliateLink(
        network="awin", programme="App", url=f"{url}{number}", text=text, disclosure=DISCLOSURE, sub_id=VIDEO
    )


words = st.text(max_size=400)
long_words = st.one_of(words, words.map(lambda t: t * 20), st.integers(0, 6000).map(lambda n: "é" * n))
links = st.lists(st.builds(link, st.integers(0, 9), words), max_size=4)
videos = st.builds(
    noted,
    title=words,
    summary=long_words,
    chapters=st.lists(st.builds(Chapter, start_s=st.floats(0, 9000), title=words), max_size=8).map(tuple),
    sources=st.lists(words, max_size=5).map(tuple),
    credits=st.lists(words, max_size=5).map(tuple),
    tags=st.lists(words, max_size=20).map(tuple),
)


@given(videos, links)
def test_every_text_keeps_youtube_s_limits(video: VideoNoted, offers: list[AffiliateLink]) -> None:
    made = metadata_of(video, offers)
    assert 0 < len(made.title) <= TITLE_CHARS
    assert len(made.description.encode()) <= DESCRIPTION_BYTES
    assert sum(len(tag) + 2 for tag in made.tags) <= 500
    assert not set("<>") & set(made.title + made.description + "".join(made.tags))


@given(videos, links)
def test_a_link_is_never_without_its_disclosure_and_the_voice_is_always_named(
    video: VideoNoted, offers: list[AffiliateLink]
) -> None:
    text = metadata_of(video, offers).description
    assert all(offer.url in text for offer in offers)
    assert text.count(DISCLOSURE) >= len(offers)
    assert "The voice of this video is synthetic." in text


def test_links_that_cannot_fit_are_left_out_with_their_disclosures() -> None:
    text = metadata_of(noted(), [link(1, "x" * 4900), link(2)]).description
    assert "https://shop.example/?c=1" not in text
    assert "https://shop.example/?c=2" in text
    assert text.count(DISCLOSURE) == 1


def test_chapters_begin_at_the_start_and_come_in_threes() -> None:
    three = tuple(Chapter(start_s=s, title=f"Part {s:g}") for s in (1.5, 65, 3700))
    assert "0:00 Part 1.5\n1:05 Part 65\n1:01:40 Part 3700" in metadata_of(noted(chapters=three), ()).description
    assert "Part" not in metadata_of(noted(chapters=three[:2]), ()).description


LINKS = MonetizationNoted(video_id=VIDEO, user_id=USER, affiliate=(link(1),))
APPROVED = ApprovalNoted(video_id=VIDEO, user_id=USER)
SCHEDULE = publication.Schedule(USER, VIDEO, "public", NOW)
READY: list[Event] = [noted(), LINKS, APPROVED]


def decided(given_: Sequence[Event], command: publication.Command) -> Sequence[Event]:
    return publication.decide(publication.PUBLICATION.fold(given_), command)


@pytest.mark.parametrize(
    ("history", "code"),
    [
        ([], "video_not_found"),
        ([noted(user_id=STRANGER), LINKS, APPROVED], "video_not_found"),
        ([noted(), LINKS], "approval_missing"),
        ([noted(), LINKS, ApprovalNoted(video_id=VIDEO, user_id=STRANGER)], "approval_missing"),
        ([noted(), APPROVED], "monetization_missing"),
    ],
)
def test_what_stands_against_publishing_is_said(history: list[Event], code: str) -> None:
    (refused,) = decided(history, SCHEDULE)
    assert isinstance(refused, PublishRejected)
    assert refused.code == code
    assert refused.message.endswith(".")


def test_a_finished_approved_video_is_scheduled_once() -> None:
    (scheduled,) = decided(READY, SCHEDULE)
    assert isinstance(scheduled, VideoScheduled)
    assert scheduled.channel_id == CHANNEL
    (again,) = decided([*READY, scheduled], SCHEDULE)
    assert isinstance(again, PublishRejected)
    assert again.code == "already_scheduled"


def test_a_publication_is_told_once_and_names_its_links() -> None:
    history = [*READY, *decided(READY, SCHEDULE)]
    assert decided(history, publication.Publish("https://y.example", NOW)) == []
    history.append(VideoUploaded(video_id=VIDEO, user_id=USER, platform_video_id="yt1"))
    published, applied = decided(history, publication.Publish("https://y.example", NOW))
    assert isinstance(published, VideoPublished)
    assert isinstance(applied, MonetizationApplied)
    assert applied.links == LINKS.affiliate
    done = [*history, published, applied]
    assert decided(done, publication.Publish("https://y.example", NOW)) == []
    assert decided(done, publication.GiveUp("x", "No.")) == []


def test_after_a_failure_it_can_be_asked_for_again_without_a_second_upload() -> None:
    history = [*READY, *decided(READY, SCHEDULE)]
    history.append(VideoUploaded(video_id=VIDEO, user_id=USER, platform_video_id="yt1"))
    (failed,) = decided(history, publication.GiveUp("forbidden", "No."))
    assert isinstance(failed, VideoPublishFailed)
    history.append(failed)
    assert decided(history, publication.GiveUp("forbidden", "No.")) == []
    assert isinstance(decided(history, SCHEDULE)[0], VideoScheduled)
    assert publication.PUBLICATION.fold(history).platform_video_id == "yt1"


def test_facts_are_recorded_once() -> None:
    for fact in READY:
        assert decided([], publication.Record(fact)) == [fact]
        assert decided(READY, publication.Record(fact)) == []


def test_the_day_s_uploads_are_shared_and_end() -> None:
    day = date(2026, 11, 20)
    history: list[Event] = []
    for number in range(quota.UPLOADS_PER_DAY):
        video = derived_id("video", str(number))
        history += quota.decide(quota.QUOTA.fold(history), quota.TakeUpload(video, day))
    state = quota.QUOTA.fold(history)
    assert len(state.uploads) == quota.UPLOADS_PER_DAY
    assert quota.decide(state, quota.TakeUpload(derived_id("video", "0"), day)) == []
    with pytest.raises(quota.QuotaExhaustedError):
        quota.decide(state, quota.TakeUpload(VIDEO, day))


def test_google_s_day_begins_at_midnight_in_los_angeles() -> None:
    assert quota.pacific_day(datetime(2026, 11, 20, 7, 59, tzinfo=UTC)) == date(2026, 11, 19)
    assert quota.pacific_day(datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) == date(2026, 11, 20)


def test_a_connection_is_ready_when_both_halves_are_there_in_any_order() -> None:
    sealed = Sealed(recipient="publisher", key_id="k", ciphertext="c", expires_at=NOW)
    asked = ConnectionAsked(channel_id=CHANNEL, user_id=USER, niche_id="crypto", sealed=sealed)
    held = ConnectionSlotHeld(channel_id=CHANNEL, user_id=USER)
    for order in ([asked, held], [held, asked]):
        state = connection.CONNECTION.fold(order)
        assert state.ready
        (refused,) = connection.decide(state, connection.Refuse("x", "consent", "No."))
        assert isinstance(refused, ChannelConnectionRejected)
        over = connection.CONNECTION.fold([*order, refused])
        assert connection.decide(over, connection.Refuse("x", "consent", "No.")) == []
        assert connection.decide(over, connection.Record(asked)) == []
    assert not connection.CONNECTION.fold([asked]).ready


def said(wanted: bool | None, version: int, channel_id: str | None = None) -> AutoPublishNoted:
    return AutoPublishNoted(user_id=USER, channel_id=channel_id, wanted=wanted, version=version)


@pytest.mark.parametrize(
    ("history", "auto"),
    [
        ([], False),
        ([said(True, 1)], True),
        ([said(True, 2), said(False, 1)], True),
        ([said(True, 1), said(False, 2)], False),
        ([said(True, 1), said(False, 1, CHANNEL)], False),
        ([said(False, 1), said(True, 1, CHANNEL)], True),
        ([said(True, 1), said(False, 1, CHANNEL), said(None, 2, CHANNEL)], True),
        ([said(True, 1, STRANGER)], False),
    ],
)
def test_the_newest_word_counts_and_a_channel_s_own_before_its_account_s(
    history: list[AutoPublishNoted], auto: bool
) -> None:
    events: list[Event] = []
    for word in history:
        events += wishes.decide(wishes.WISHES.fold(events), word)
    assert wishes.WISHES.fold(events).auto_publish(CHANNEL) is auto


def test_an_approval_beforehand_replaces_the_approval_and_nothing_else() -> None:
    beforehand = replace(SCHEDULE, beforehand=True)
    assert isinstance(decided([noted(), LINKS], beforehand)[0], VideoScheduled)
    for history, code in (([], "video_not_found"), ([noted()], "monetization_missing")):
        (refused,) = decided(history, beforehand)
        assert isinstance(refused, PublishRejected)
        assert refused.code == code
