"""How a message reaches a handler, and what happens if the handler fails: shared by own events and foreign ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ytempire.events import Envelope, Event
from ytempire.eventstore.records import Claim

RETRY_DELAYS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds before the next try, by tries so far; when they are used up the message goes to the dead letters."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of one event to one consumer."""

    envelope: Envelope
    consumer: str
    attempt: int = 1

    @property
    def claim(self) -> Claim:
        """The right to have this delivery's effect, once."""
        return Claim(self.consumer, self.envelope.id)

    def step(self, name: str) -> Claim:
        """For a handler with more than one effect: a claim for each."""
        return Claim(self.consumer, f"{self.envelope.id}:{name}")

    @property
    def last(self) -> bool:
        return self.attempt > len(RETRY_DELAYS_S)

    @property
    def delay_s(self) -> float:
        return RETRY_DELAYS_S[min(self.attempt, len(RETRY_DELAYS_S)) - 1]


Handler = Callable[[Any, Delivery], Awaitable[None]]
Handlers = Mapping[type[Event], Handler]
