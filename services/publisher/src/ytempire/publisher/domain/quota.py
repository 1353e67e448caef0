"""The YouTube quota of one Pacific day, shared by all channels of the project.

Since 2026-06-01 uploads have a bucket of their own: 100 ``videos.insert`` a day per project (Google, "determine quota
cost"). A day is one stream, ``quota-<day>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.publisher.domain.events import UploadTaken

PACIFIC = ZoneInfo("America/Los_Angeles")
UPLOAD_BUCKET = "videos.insert"
UPLOADS_PER_DAY = 100


@dataclass(frozen=True)
class Quota:
    uploads: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TakeUpload:
    video_id: str
    day: date


class QuotaExhaustedError(Exception):
    """Today's uploads are used up."""


def decide(state: Quota, command: TakeUpload) -> Sequence[Event]:
    if command.video_id in state.uploads:
        return []
    if len(state.uploads) >= UPLOADS_PER_DAY:
        raise QuotaExhaustedError(f"the {UPLOADS_PER_DAY} uploads of {command.day} are used up")
    return [UploadTaken(video_id=command.video_id, day=command.day)]


def evolve(state: Quota, event: Event) -> Quota:
    return replace(state, uploads=state.uploads | {event.video_id}) if isinstance(event, UploadTaken) else state


QUOTA: Decider[Quota, TakeUpload] = Decider(Quota, decide, evolve)


def pacific_day(at: datetime) -> date:
    """The day Google counts: it begins at midnight in Los Angeles."""
    return at.astimezone(PACIFIC).date()


def next_day(at: datetime) -> datetime:
    """When the day's uploads are back."""
    midnight = datetime.combine(pacific_day(at) + timedelta(days=1), time(), PACIFIC)
    return midnight.astimezone(UTC)


def stream(day: date) -> str:
    return f"quota-{day.isoformat()}"
