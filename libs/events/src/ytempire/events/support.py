"""Tickets, health, alerts."""

from __future__ import annotations

from datetime import datetime

from ytempire.events.base import Event, Rejected, Value
from ytempire.events.values import Id


class TicketJob(Value):
    """What the platform knows about the video a ticket is about."""

    video_id: Id
    status: str
    stage: str | None
    platform_video_id: str | None
    lufs: float | None
    findings: tuple[str, ...] = ()


class TicketOpened(Event, owner="support"):
    ticket_id: Id
    user_id: Id
    category: str
    priority: str
    status: str
    estimated_response_at: datetime
    auto_response: str | None
    """Key of the answer that was sent at once, if one fitted."""
    job: TicketJob | None


class TicketRejected(Rejected, owner="support"):
    ticket_id: Id
    user_id: Id


class TicketCategorised(Event, owner="support"):
    ticket_id: Id
    user_id: Id
    category: str
    confidence: float


class TicketReplied(Event, owner="support"):
    """An answer for the customer; onboarding mails it. Automatic answers are named, never quoted."""

    ticket_id: Id
    user_id: Id
    template: str
    automatic: bool


class TicketEscalated(Event, owner="support"):
    ticket_id: Id
    user_id: Id
    priority: str


class TicketResolved(Event, owner="support"):
    ticket_id: Id
    user_id: Id
    resolution: str


class HealthChanged(Event, owner="support"):
    healthy_percent: int
    unhealthy: tuple[str, ...]


class AlertRaised(Event, owner="support"):
    alert_id: Id
    level: str
    message: str


class AlertResolved(Event, owner="support"):
    alert_id: Id


class ScalingAssessed(Event, owner="support"):
    users: int
    phase: str
    bottlenecks: tuple[str, ...]
