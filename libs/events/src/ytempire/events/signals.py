"""Signals: the one kind of message that is no event. Never stored, projected or audited; minutes of age, in memory."""

from __future__ import annotations

from datetime import datetime

from ytempire.events.base import Value


class ServiceHeartbeat(Value):
    service: str
    at: datetime
    position: int


class StageProgress(Value):
    """How far a stage of a video is."""

    video_id: str
    user_id: str
    stage: str
    percent: int
    """Of the whole job."""
    detail: str = ""
    at: datetime
