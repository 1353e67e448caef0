"""A ticket: refused, or opened with its category, priority, job and first answer; escalated when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ytempire.events import Event
from ytempire.events.support import (
    TicketCategorised,
    TicketEscalated,
    TicketJob,
    TicketOpened,
    TicketRejected,
    TicketReplied,
    TicketResolved,
)
from ytempire.eventstore import Decider, Timer
from ytempire.support.domain.answers import answer_for, closes
from ytempire.support.domain.categories import Categorised
from ytempire.support.domain.events import ResponseDue, TicketAssessed, TicketTextKept
from ytempire.support.domain.priority import Circumstances, prioritise, raised, respond_by

MAX_SUBJECT_CHARS = 200
MAX_MESSAGE_CHARS = 10_000


@dataclass(frozen=True)
class Ticket:
    opened: TicketOpened | None = None
    rejected: bool = False
    priority: str = ""
    answered: bool = False
    """Whether a person answered; automatic answers do not count."""
    resolved: bool = False
    due: bool = False
    """Whether the time for a person's answer has come."""
    escalated_late: bool = False


@dataclass(frozen=True)
class Refusal:
    code: str
    field: str
    message: str


@dataclass(frozen=True)
class KnownJob:
    job: TicketJob
    troubled: bool


@dataclass(frozen=True)
class Open:
    """A ticket with readable texts, both already encrypted."""

    ticket_id: str
    user_id: str
    subject: str
    message: str
    sorted_as: Categorised
    signals: frozenset[str]
    plan: str | None
    known: KnownJob | None
    at: datetime


@dataclass(frozen=True)
class Reject:
    ticket_id: str
    user_id: str
    refusal: Refusal


@dataclass(frozen=True)
class EscalateOverdue:
    """The time for a first answer is over."""


Command = Open | Reject | EscalateOverdue

VIDEO_NOT_FOUND = Refusal(
    "video_not_found",
    "video_id",
    "There is no video with this id in your account. Leave the field empty or choose one of your videos.",
)
TEXT_UNREADABLE = Refusal(
    "text_expired", "message", "The text of this ticket could not be read any more. Please send the ticket again."
)


def refusal_of(subject: str, message: str) -> Refusal | None:
    """What is wrong with the texts, if anything."""
    if not subject.strip():
        return Refusal("subject_empty", "subject", "The subject is empty. Say in a few words what this is about.")
    if len(subject) > MAX_SUBJECT_CHARS:
        return Refusal(
            "subject_too_long",
            "subject",
            f"The subject has {len(subject)} characters; at most {MAX_SUBJECT_CHARS} fit. Put the rest in the message.",
        )
    if not message.strip():
        return Refusal("message_empty", "message", "The message is empty. Tell us what happened and what you expected.")
    if len(message) > MAX_MESSAGE_CHARS:
        return Refusal(
            "message_too_long",
            "message",
            f"The message has {len(message)} characters; at most {MAX_MESSAGE_CHARS} fit. Shorten it or send two.",
        )
    return None


def decide(state: Ticket, command: Command) -> Sequence[Event]:
    match command:
        case Open() | Reject() if state.opened is not None or state.rejected:
            return []
        case Open():
            return _open(command)
        case Reject(ticket_id, user_id, refusal):
            told = {"code": refusal.code, "field": refusal.field, "message": refusal.message}
            return [TicketRejected(ticket_id=ticket_id, user_id=user_id, **told)]
        case EscalateOverdue():
            return _escalate(state)


def _open(command: Open) -> Sequence[Event]:
    who = {"ticket_id": command.ticket_id, "user_id": command.user_id}
    sorted_as, known = command.sorted_as, command.known
    troubled = known is not None and known.troubled
    priority = prioritise(
        Circumstances(
            category=sorted_as.category,
            topic=sorted_as.topic,
            signals=command.signals,
            plan=command.plan,
            job_status=known.job.status if known else None,
            job_troubled=troubled,
        )
    )
    answer = answer_for(sorted_as)
    resolved = closes(answer, sorted_as, priority.name, job_troubled=troubled)
    events: list[Event] = [
        TicketTextKept(**who, subject=command.subject, message=command.message),
        TicketAssessed(**who, topic=sorted_as.topic, scores=dict(sorted_as.scores), reasons=priority.reasons),
        TicketCategorised(**who, category=sorted_as.category, confidence=sorted_as.confidence),
        TicketOpened(
            **who,
            category=sorted_as.category,
            priority=priority.name,
            status="resolved" if resolved else "open",
            estimated_response_at=respond_by(priority.name, command.at),
            auto_response=answer.template,
            job=known.job if known else None,
        ),
        TicketReplied(**who, template=answer.template, automatic=True),
    ]
    if priority.name == "urgent":
        events.append(TicketEscalated(**who, priority=priority.name))
    if resolved:
        events.append(TicketResolved(**who, resolution="auto_response"))
    return events


def _escalate(state: Ticket) -> Sequence[Event]:
    opened = state.opened
    if opened is None or not state.due or state.answered or state.resolved or state.escalated_late:
        return []
    return [TicketEscalated(ticket_id=opened.ticket_id, user_id=opened.user_id, priority=raised(state.priority))]


def evolve(state: Ticket, event: Event) -> Ticket:
    match event:
        case TicketRejected():
            return replace(state, rejected=True)
        case TicketOpened(priority=priority):
            return replace(state, opened=event, priority=priority)
        case TicketReplied(automatic=False):
            return replace(state, answered=True)
        case TicketEscalated(priority=priority):
            return replace(state, priority=priority, escalated_late=state.due)
        case ResponseDue():
            return replace(state, due=True)
        case TicketResolved():
            return replace(state, resolved=True)
        case _:
            return state


def timers(state: Ticket, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
    """A ticket that stays open waits for a person until its answer is due."""
    opened = next((event for event in events if isinstance(event, TicketOpened)), None)
    settled = any(
        isinstance(event, TicketResolved) or (isinstance(event, TicketReplied) and not event.automatic)
        for event in events
    )
    known = opened or state.opened
    if settled and known is not None:
        return (), (_key(known.ticket_id),)
    if opened is None:
        return (), ()
    due = ResponseDue(ticket_id=opened.ticket_id, user_id=opened.user_id)
    return (Timer(_key(opened.ticket_id), opened.estimated_response_at, stream(opened.ticket_id), due),), ()


def _key(ticket_id: str) -> str:
    return f"response-{ticket_id}"


TICKET: Decider[Ticket, Command] = Decider(Ticket, decide, evolve, timers)


def stream(ticket_id: str) -> str:
    return f"ticket-{ticket_id}"
