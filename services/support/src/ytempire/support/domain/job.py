"""What support knows of the job behind a video, put together from other services' facts in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ytempire.events import Event
from ytempire.events.support import TicketJob
from ytempire.eventstore import Decider
from ytempire.support.domain.events import (
    VideoJobAccepted,
    VideoJobFailed,
    VideoJobMeasured,
    VideoJobPublished,
    VideoJobPublishFailed,
    VideoJobRefused,
    VideoJobRendered,
    VideoJobRequested,
    VideoJobScheduled,
    VideoJobStageReached,
    VideoJobVerified,
)

Fact = (
    VideoJobRequested
    | VideoJobAccepted
    | VideoJobRefused
    | VideoJobStageReached
    | VideoJobMeasured
    | VideoJobRendered
    | VideoJobFailed
    | VideoJobScheduled
    | VideoJobPublishFailed
    | VideoJobPublished
    | VideoJobVerified
)
FACTS: tuple[type[Fact], ...] = Fact.__args__
"""In the order of a job's life."""

_REPEATED = (VideoJobMeasured, VideoJobScheduled, VideoJobPublishFailed, VideoJobVerified)
"""What may be said again and then replaces what was said before."""

TROUBLED = frozenset({"failed", "refused", "publish_failed"})
"""Statuses in which the customer did not get what was ordered."""


@dataclass(frozen=True)
class Job:
    facts: Mapping[type[Event], Fact] = field(default_factory=dict)
    """The latest fact of each kind; of stages, the farthest."""

    @property
    def user_id(self) -> str | None:
        """Whose video it is; None as long as nothing is known of it."""
        return next((fact.user_id for fact in self.facts.values()), None)

    @property
    def status(self) -> str:
        """The farthest the job came: publishing outweighs rendering, which outweighs asking."""
        if VideoJobPublished in self.facts:
            return "published"
        scheduled, failed = self.facts.get(VideoJobScheduled), self.facts.get(VideoJobPublishFailed)
        if isinstance(failed, VideoJobPublishFailed):
            # a later schedule is a new try
            again = isinstance(scheduled, VideoJobScheduled) and scheduled.at > failed.at
            return "scheduled" if again else "publish_failed"
        ranked = (
            (VideoJobScheduled, "scheduled"),
            (VideoJobFailed, "failed"),
            (VideoJobRendered, "rendered"),
            (VideoJobRefused, "refused"),
            (VideoJobStageReached, "rendering"),
            (VideoJobAccepted, "accepted"),
        )
        return next((status for kind, status in ranked if kind in self.facts), "requested")

    @property
    def troubled(self) -> bool:
        """Whether the job itself shows that something went wrong."""
        verified = self.facts.get(VideoJobVerified)
        differs = isinstance(verified, VideoJobVerified) and not verified.verified
        return differs or self.status in TROUBLED


@dataclass(frozen=True)
class Note:
    """Something another service said about the video."""

    fact: Fact


def decide(state: Job, command: Note) -> Sequence[Event]:
    return [command.fact] if _newer(state.facts.get(type(command.fact)), command.fact) else []


def _newer(known: Fact | None, fact: Fact) -> bool:
    if known is None:
        return True
    if isinstance(known, VideoJobStageReached) and isinstance(fact, VideoJobStageReached):
        return fact.percent > known.percent
    return isinstance(fact, _REPEATED) and fact.at > known.at


def evolve(state: Job, event: Event) -> Job:
    if not isinstance(event, Fact):
        return state
    return replace(state, facts={**state.facts, type(event): event})


JOB: Decider[Job, Note] = Decider(Job, decide, evolve)


def stream(video_id: str) -> str:
    return f"job-{video_id}"


def snapshot(state: Job, video_id: str) -> TicketJob:
    """The job as a ticket carries it: status, place, and the measured evidence in words."""
    stage, failed = state.facts.get(VideoJobStageReached), state.facts.get(VideoJobFailed)
    measured, published = state.facts.get(VideoJobMeasured), state.facts.get(VideoJobPublished)
    reached = stage.stage if isinstance(stage, VideoJobStageReached) else None
    return TicketJob(
        video_id=video_id,
        status=state.status,
        stage=failed.stage if isinstance(failed, VideoJobFailed) else reached,
        platform_video_id=published.platform_video_id if isinstance(published, VideoJobPublished) else None,
        lufs=measured.lufs if isinstance(measured, VideoJobMeasured) else None,
        findings=tuple(_evidence(state)),
    )


def _evidence(state: Job) -> Sequence[str]:
    lines: list[str] = []
    for fact in (state.facts.get(kind) for kind in FACTS):
        match fact:
            case VideoJobMeasured():
                gate = "passed" if fact.passed else "failed"
                lines.append(f"quality gate: {gate}")
                lines.append(f"sound: {fact.lufs:.1f} LUFS integrated, {fact.true_peak_dbtp:.1f} dBTP true peak")
                lines.extend(fact.findings)
            case VideoJobRefused() | VideoJobFailed() | VideoJobPublishFailed():
                lines.append(f"{fact.code}: {fact.message}")
            case VideoJobVerified() if fact.verified:
                lines.append("YouTube: read back and as sent")
            case VideoJobVerified():
                lines.extend(f"YouTube differs: {difference}" for difference in fact.differences)
    return lines
