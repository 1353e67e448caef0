"""A video's publication: known, approved, scheduled, uploaded, published, verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ytempire.events import Event
from ytempire.events.publisher import (
    MonetizationApplied,
    PublicationVerified,
    PublishRejected,
    UploadStarted,
    VideoPublished,
    VideoPublishFailed,
    VideoScheduled,
)
from ytempire.eventstore import Decider
from ytempire.publisher.domain.events import (
    ApprovalNoted,
    MonetizationNoted,
    UploadSessionOpened,
    VideoNoted,
    VideoUploaded,
)


@dataclass(frozen=True)
class Publication:
    video: VideoNoted | None = None
    monetization: MonetizationNoted | None = None
    approvers: frozenset[str] = frozenset()
    scheduled: VideoScheduled | None = None
    upload_started: bool = False
    session: UploadSessionOpened | None = None
    platform_video_id: str | None = None
    published: VideoPublished | None = None
    verified: bool = False
    failed: bool = False

    @property
    def approved(self) -> bool:
        """Whether the video's owner approved it; anybody else's approval is void."""
        return self.video is not None and self.video.user_id in self.approvers

    @property
    def complete(self) -> bool:
        """Whether everything that must be known before publishing is known."""
        return self.video is not None and self.monetization is not None and self.approved


@dataclass(frozen=True)
class Record:
    """A fact, recorded once (a session may be replaced by a newer one)."""

    fact: Event


@dataclass(frozen=True)
class Schedule:
    user_id: str
    video_id: str
    privacy: str
    at: datetime
    beforehand: bool = False
    """Whether the owner approved it by the preferences, before it was made."""


@dataclass(frozen=True)
class Publish:
    """The upload is complete with everything that belongs to it."""

    url: str
    at: datetime


@dataclass(frozen=True)
class GiveUp:
    code: str
    message: str


Ready = VideoNoted | MonetizationNoted
"""What a publication needs beside an approval."""
Command = Record | Schedule | Publish | GiveUp


def decide(state: Publication, command: Command) -> Sequence[Event]:
    match command:
        case Record(fact):
            return [] if _known(state, fact) else [fact]
        case Schedule():
            return _schedule(state, command)
        case Publish():
            return _publish(state, command)
        case GiveUp(code, message):
            return _give_up(state, code, message)


def _known(state: Publication, fact: Event) -> bool:
    known = {
        VideoNoted: state.video is not None,
        MonetizationNoted: state.monetization is not None,
        ApprovalNoted: isinstance(fact, ApprovalNoted) and fact.user_id in state.approvers,
        UploadStarted: state.upload_started,
        VideoUploaded: state.platform_video_id is not None,
        PublicationVerified: state.verified,
    }
    return known.get(type(fact), False)


def _schedule(state: Publication, command: Schedule) -> Sequence[Event]:
    refusal = refusal_of(state, command.user_id, beforehand=command.beforehand)
    if refusal is not None:
        code, message = refusal
        return [
            PublishRejected(
                video_id=command.video_id, user_id=command.user_id, code=code, field="video_id", message=message
            )
        ]
    assert state.video is not None
    return [
        VideoScheduled(
            video_id=command.video_id,
            user_id=command.user_id,
            channel_id=state.video.channel_id,
            publish_at=command.at,
            privacy=command.privacy,
        )
    ]


def refusal_of(state: Publication, user_id: str, *, beforehand: bool = False) -> tuple[str, str] | None:
    """Code and sentence of what stands against publishing, or None."""
    if state.video is None or state.video.user_id != user_id:
        return "video_not_found", "There is no finished video with this id in this account. Wait until it is rendered."
    if state.scheduled is not None and not state.failed:
        return (
            "already_scheduled",
            "This video is published or about to be, and never uploaded twice. Make another one.",
        )
    if not state.approved and not beforehand:
        return "approval_missing", "Watch the video and approve it before it is published."
    if state.monetization is None:
        return "monetization_missing", "The video's links are still being prepared. Try again in a minute."
    return None


def _publish(state: Publication, command: Publish) -> Sequence[Event]:
    if state.published is not None or state.scheduled is None or state.platform_video_id is None:
        return []
    who = {
        "video_id": state.scheduled.video_id,
        "user_id": state.scheduled.user_id,
        "channel_id": state.scheduled.channel_id,
    }
    links = state.monetization.affiliate if state.monetization else ()
    return [
        VideoPublished(
            **who,
            platform_video_id=state.platform_video_id,
            url=command.url,
            privacy=state.scheduled.privacy,
            published_at=command.at,
        ),
        MonetizationApplied(**who, links=links),
    ]


def _give_up(state: Publication, code: str, message: str) -> Sequence[Event]:
    if state.scheduled is None or state.published is not None or state.failed:
        return []
    return [
        VideoPublishFailed(
            video_id=state.scheduled.video_id,
            user_id=state.scheduled.user_id,
            channel_id=state.scheduled.channel_id,
            code=code,
            message=message,
        )
    ]


def evolve(state: Publication, event: Event) -> Publication:
    match event:
        case VideoNoted():
            return replace(state, video=event)
        case MonetizationNoted():
            return replace(state, monetization=event)
        case ApprovalNoted(user_id=user_id):
            return replace(state, approvers=state.approvers | {user_id})
        case VideoScheduled():
            return replace(state, scheduled=event, failed=False)
        case UploadStarted():
            return replace(state, upload_started=True)
        case UploadSessionOpened():
            return replace(state, session=event)
        case VideoUploaded(platform_video_id=platform_video_id):
            return replace(state, platform_video_id=platform_video_id)
        case VideoPublished():
            return replace(state, published=event)
        case PublicationVerified():
            return replace(state, verified=True)
        case VideoPublishFailed():
            return replace(state, failed=True, session=None, upload_started=False)
        case _:
            return state


PUBLICATION: Decider[Publication, Command] = Decider(Publication, decide, evolve)


def stream(video_id: str) -> str:
    return f"publication-{video_id}"
