"""Reminders: given what happened, when something is said, then this; and no history reminds of what is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.events import Event
from ytempire.events.journey import STEPS
from ytempire.events.onboarding import RemindersChosen
from ytempire.eventstore import derived_id
from ytempire.onboarding.domain.events import JourneyStood, ReminderDue, ReminderGiven, RemindersEnded
from ytempire.onboarding.domain.reminders import (
    DELAYS,
    REMINDERS,
    Choose,
    Command,
    End,
    Join,
    Remind,
    Reminders,
    Stand,
    delays,
)

USER = derived_id("user", "1")
T0 = datetime(2026, 1, 10, 12, tzinfo=UTC)
LATER = T0 + timedelta(hours=5)
PLAN, PAY = "subscription_selection", "payment_setup"


def stood(step: str | None = PLAN, since: datetime = T0) -> JourneyStood:
    return JourneyStood(user_id=USER, step=step, since=since)


def due(number: int = 1, step: str = PLAN, since: datetime = T0) -> ReminderDue:
    return ReminderDue(user_id=USER, step=step, since=since, number=number)


def given_out(number: int = 1) -> ReminderGiven:
    return ReminderGiven(user_id=USER, step=PLAN, since=T0, number=number)


OFF, ON = RemindersChosen(user_id=USER, wanted=False), RemindersChosen(user_id=USER, wanted=True)
ENDED = RemindersEnded(user_id=USER)


@pytest.mark.parametrize(
    ("history", "command", "then"),
    [
        ([], Stand(USER, PLAN, T0), [stood()]),
        ([stood()], Stand(USER, PAY, LATER), [stood(PAY, LATER)]),
        ([stood(), ENDED], Stand(USER, PAY, LATER), []),
        ([stood()], Join(USER, LATER), [stood(None, LATER)]),
        ([stood(PAY)], Join(USER, LATER), []),
        ([stood(), ENDED], Join(USER, LATER), []),
        ([stood()], Remind(due()), [given_out()]),
        ([stood(), given_out()], Remind(due()), []),
        ([stood(), given_out()], Remind(due(2)), [given_out(2)]),
        ([stood(), stood(PAY, LATER)], Remind(due()), []),
        ([stood(), stood(None, LATER)], Remind(due()), []),
        ([stood(), OFF], Remind(due()), []),
        ([stood(), ENDED], Remind(due()), []),
        ([stood()], Choose(USER, False, LATER), [OFF]),
        ([stood(), OFF], Choose(USER, True, LATER), [ON, stood(PLAN, LATER)]),
        ([stood(), OFF, stood(None)], Choose(USER, True, LATER), [ON]),
        ([stood()], Choose(USER, True, LATER), [ON]),
        ([stood()], End(USER), [ENDED]),
        ([stood(), ENDED], End(USER), []),
    ],
)
def test_what_is_said_about_reminders(history: Sequence[Event], command: Command, then: list[Event]) -> None:
    assert list(REMINDERS.decide(REMINDERS.fold(history), command)) == then


@pytest.mark.parametrize(
    ("history", "event", "number", "after"),
    [
        ([], stood(), 1, timedelta(days=1)),
        ([stood()], given_out(1), 2, timedelta(days=3)),
        ([stood(), given_out(1)], given_out(2), 3, timedelta(days=7)),
        ([stood(), given_out(1), given_out(2)], given_out(3), None, None),
        ([], stood("email_verification"), 1, timedelta(hours=20)),
        ([stood()], stood(None), None, None),
        ([stood()], OFF, None, None),
        ([stood()], ENDED, None, None),
    ],
)
def test_one_timer_says_when_the_next_one_comes(
    history: Sequence[Event], event: Event, number: int | None, after: timedelta | None
) -> None:
    timers, cancelled = REMINDERS.timers(REMINDERS.fold(history), [event])
    if number is None or after is None:
        assert (list(timers), list(cancelled)) == ([], [f"reminder-{USER}"])
        return
    (timer,) = timers
    assert (timer.key, timer.due) == (f"reminder-{USER}", T0 + after)
    assert isinstance(timer.event, ReminderDue)
    assert timer.event.number == number


def test_an_address_that_nobody_proved_gets_one_reminder() -> None:
    assert [len(delays(step)) for step in STEPS[1:]] == [1] + [len(DELAYS)] * 6


SAID = st.one_of(
    st.sampled_from([*STEPS[1:], None]).map(lambda step: ("stand", step)),
    st.booleans().map(lambda wanted: ("choose", wanted)),
    st.just(("wait", None)),
    st.just(("twice", None)),
)


@given(st.lists(SAID, max_size=40))
def test_nobody_is_reminded_of_what_is_over_nor_more_often_than_promised(said: list[tuple[str, object]]) -> None:
    state, now, timer = Reminders(), T0, None
    given_for: dict[tuple[str, datetime], list[int]] = {}
    fired: ReminderDue | None = None
    for kind, value in said:
        now += timedelta(minutes=1)
        commands: list[Command] = []
        if kind == "stand":
            commands = [Stand(USER, value if isinstance(value, str) else None, now)]
        elif kind == "choose":
            commands = [Choose(USER, bool(value), now)]
        elif kind == "wait" and timer is not None:
            now, fired, timer = max(now, timer.due), timer.event, None
            commands = [Remind(fired)]
        elif kind == "twice" and fired is not None:
            commands = [Remind(fired)]
        for command in commands:
            events = REMINDERS.decide(state, command)
            for event in events:
                if isinstance(event, ReminderGiven):
                    assert state.wanted
                    assert event.step == state.step
                    given_for.setdefault((event.step, event.since), []).append(event.number)
            if events:
                timers, _ = REMINDERS.timers(state, events)
                timer = timers[0] if timers else None
            for event in events:
                state = REMINDERS.evolve(state, event)
    for (step, _), numbers in given_for.items():
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= len(delays(step))
