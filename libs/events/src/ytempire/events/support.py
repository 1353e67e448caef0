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
    """A customer's question is in the queue, sorted, with an answer time and the job it is about."""

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
    """A ticket was sorted, by rules or by a person."""

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
    """Nobody answered in time, or it turned out worse: the ticket's priority rose."""

    ticket_id: Id
    user_id: Id
    priority: str


class TicketResolved(Event, owner="support"):
    """A ticket is settled."""

    ticket_id: Id
    user_id: Id
    resolution: str


class HealthChanged(Event, owner="support"):
    """Services fell silent or came back."""

    healthy_percent: int
    unhealthy: tuple[str, ...]


class AlertRaised(Event, owner="support"):
    """Something on the platform needs a person's attention."""

    alert_id: Id
    level: str
    message: str


class AlertResolved(Event, owner="support"):
    """What an alert was raised for is over."""

    alert_id: Id


class ScalingAssessed(Event, owner="support"):
    """How well the platform carries its users, and what would give way first."""

    users: int
    phase: str
    bottlenecks: tuple[str, ...]
