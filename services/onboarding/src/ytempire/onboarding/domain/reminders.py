"""Reminders of a journey that stands still: stream ``reminders-<user_id>``.

One timer for each account. It is set anew whenever the journey goes on, and there is none once it is complete, nobody
wants reminders, or all were given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ytempire.events import Event
from ytempire.events.journey import EMAIL_VERIFICATION, SUBSCRIPTION_SELECTION
from ytempire.events.onboarding import ReminderChoiceRejected, RemindersChosen
from ytempire.eventstore import Decider, Timer
from ytempire.onboarding.domain.events import (
    JourneyStood,
    ReminderDue,
    ReminderGiven,
    RemindersEnded,
    UnsubscribeLinkIssued,
)

DELAYS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""How long a journey has stood still when each reminder comes."""
BEFORE_VERIFICATION = (timedelta(hours=20),)
"""An address that nobody proved gets a single one, while its link is still good."""


@dataclass(frozen=True, slots=True)
class Reminders:
    step: str | None = None
    """The step the journey waits for."""
    since: datetime | None = None
    email_digest: str | None = None
    given: int = 0
    wanted: bool = True
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """The journey waits for a step, or for none any more."""

    user_id: str
    step: str | None
    at: datetime
    email_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """The person works in somebody else's account from now on."""

    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remind:
    due: ReminderDue


@dataclass(frozen=True, slots=True)
class Choose:
    user_id: str
    wanted: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class End:
    user_id: str


Command = Stand | Join | Remind | Choose | End


def decide(state: Reminders, command: Command) -> Sequence[Event]:
    match command:
        case Stand(user_id, step, at, digest):
            return [] if state.ended else [JourneyStood(user_id=user_id, step=step, since=at, email_digest=digest)]
        case Join(user_id, at):
            # who came for that has not left anything undone, until they choose a plan of their own
            own = state.step != SUBSCRIPTION_SELECTION or state.ended
            return [] if own else [JourneyStood(user_id=user_id, step=None, since=at)]
        case Remind(due):
            return [ReminderGiven(**due.model_dump())] if _holds(state, due) else []
        case Choose():
            return _choose(state, command)
        case End(user_id):
            return [] if state.ended else [RemindersEnded(user_id=user_id)]


def _holds(state: Reminders, due: ReminderDue) -> bool:
    """Whether a reminder that is due is still of the standstill there is."""
    awaited = state.wanted and not state.ended
    return awaited and (state.step, state.since, state.given + 1) == (due.step, due.since, due.number)


def _choose(state: Reminders, command: Choose) -> list[Event]:
    """Who wants them again is not reminded of the time before."""
    chosen = RemindersChosen(user_id=command.user_id, wanted=command.wanted)
    if command.wanted and not state.wanted and state.step is not None and not state.ended:
        again = JourneyStood(
            user_id=command.user_id, step=state.step, since=command.at, email_digest=state.email_digest
        )
        return [chosen, again]
    return [chosen]


def evolve(state: Reminders, event: Event) -> Reminders:
    match event:
        case JourneyStood(step=step, since=since):
            return replace(state, step=step, since=since, given=0, email_digest=event.email_digest)
        case ReminderGiven(number=number):
            return replace(state, given=number)
        case RemindersChosen(wanted=wanted):
            return replace(state, wanted=wanted)
        case RemindersEnded():
            return replace(state, ended=True)
        case _:
            return state


_OURS = JourneyStood | ReminderGiven | RemindersChosen | RemindersEnded


def delays(step: str) -> tuple[timedelta, ...]:
    return BEFORE_VERIFICATION if step == EMAIL_VERIFICATION else DELAYS


def timers(state: Reminders, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
    """The next reminder, or none any more."""
    for event in events:
        state = evolve(state, event)
    user_id = next(event.user_id for event in events if isinstance(event, _OURS))
    key = f"reminder-{user_id}"
    if state.step is None or state.since is None or not state.wanted or state.ended:
        return (), (key,)
    waits = delays(state.step)
    if state.given >= len(waits):
        return (), (key,)
    due = ReminderDue(user_id=user_id, step=state.step, since=state.since, number=state.given + 1)
    return (Timer(key, state.since + waits[state.given], stream_of(user_id), due),), ()


REMINDERS: Decider[Reminders, Command] = Decider(Reminders, decide, evolve, timers)


def stream_of(user_id: str) -> str:
    """Name of an account's stream of reminders."""
    return f"reminders-{user_id}"


def link_stream_of(digest: str) -> str:
    """Name of the stream of a link that stops them."""
    return f"unsubscribe-{digest}"


def whose_link(state: str | None, event: Event) -> str | None:
    return event.user_id if isinstance(event, UnsubscribeLinkIssued) else state


LINK: Decider[str | None, None] = Decider(lambda: None, lambda state, command: (), whose_link)
"""Only folded: whose link it is."""


def unknown_link() -> ReminderChoiceRejected:
    return ReminderChoiceRejected(
        code="unknown_link",
        field="token",
        message="We do not know this link. Use that of the newest reminder, or switch them off in your preferences.",
    )
