"""The shape of every business rule: pure functions from state and command to events, and from events to state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ytempire.events import Event
from ytempire.eventstore.records import Timer

S = TypeVar("S")
C = TypeVar("C")


def no_timers(state: object, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
    """For deciders that wait for nothing."""
    return (), ()


@dataclass(frozen=True, slots=True)
class Decider(Generic[S, C]):
    """No aggregate base class: three functions and, where something must happen later, a fourth."""

    initial: Callable[[], S]
    decide: Callable[[S, C], Sequence[Event]]
    """What happens when a command meets a state; raises to refuse without a trace."""
    evolve: Callable[[S, Event], S]
    """The state after an event; ignores events it does not know."""
    timers: Callable[[S, Sequence[Event]], tuple[Sequence[Timer], Sequence[str]]] = no_timers
    """Timers to set and keys to cancel, given the state before and the new events; commits with them."""

    def fold(self, events: Iterable[Event]) -> S:
        state = self.initial()
        for event in events:
            state = self.evolve(state, event)
        return state
