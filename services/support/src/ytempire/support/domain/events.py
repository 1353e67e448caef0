"""Support's private events."""

from __future__ import annotations

from datetime import datetime

from ytempire.events.base import Event
from ytempire.events.values import Id


class TicketTextKept(Event, owner="support", private=True):
    """What the customer wrote, encrypted with the customer's own key."""

    ticket_id: Id
    user_id: Id
    subject: str
    message: str


class TicketAssessed(Event, owner="support", private=True):
    """Why a ticket was sorted as it was, for the person who answers it."""

    ticket_id: Id
    user_id: Id
    topic: str | None
    """What exactly it is about, if the words say so."""
    scores: dict[str, float]
    """Points by category."""
    reasons: tuple[str, ...]
    """Rules that made the priority."""


class ResponseDue(Event, owner="support", private=True):
    """The time by which a person was to answer has come."""

    ticket_id: Id
    user_id: Id


class CustomerPlanNoted(Event, owner="support", private=True):
    user_id: Id
    plan: str
    active: bool
    at: datetime


class CustomerVideoListed(Event, owner="support", private=True):
    """The customer has this video (or wanted it), since ``at``."""

    user_id: Id
    video_id: Id
    at: datetime


class VideoJobRequested(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    channel_id: Id
    at: datetime


class VideoJobAccepted(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    channel_id: Id
    at: datetime


class VideoJobRefused(Event, owner="support", private=True):
    """The video was never begun."""

    video_id: Id
    user_id: Id
    at: datetime
    code: str
    message: str


class VideoJobStageReached(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime
    stage: str
    percent: int
    """Of the whole job."""


class VideoJobMeasured(Event, owner="support", private=True):
    """What the quality gate measured of the finished file."""

    video_id: Id
    user_id: Id
    at: datetime
    passed: bool
    lufs: float
    """Integrated loudness."""
    true_peak_dbtp: float
    findings: tuple[str, ...]
    """``code: message`` each."""


class VideoJobRendered(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime
    duration_s: float


class VideoJobFailed(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime
    stage: str
    code: str
    message: str


class VideoJobScheduled(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime


class VideoJobPublishFailed(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime
    code: str
    message: str


class VideoJobPublished(Event, owner="support", private=True):
    video_id: Id
    user_id: Id
    at: datetime
    platform_video_id: str
    privacy: str


class VideoJobVerified(Event, owner="support", private=True):
    """What YouTube answered when the publication was read back."""

    video_id: Id
    user_id: Id
    at: datetime
    platform_video_id: str
    verified: bool
    differences: tuple[str, ...]
