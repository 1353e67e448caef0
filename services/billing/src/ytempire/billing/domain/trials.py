"""One trial for each card: who has it is written down before Stripe is asked for the subscription.

A card is known by a digest of the provider's fingerprint, which is the same for the same number whoever enters it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ytempire.billing.domain.events import TrialGranted
from ytempire.events import Event
from ytempire.eventstore import Decider


@dataclass(frozen=True)
class CardTrial:
    user_id: str | None = None
    """The account that has the card's trial."""


@dataclass(frozen=True)
class Grant:
    user_id: str


def decide(state: CardTrial, command: Grant) -> Sequence[Event]:
    """The first account gets it; the same account may ask again, since an order may have failed behind it."""
    return [] if state.user_id else [TrialGranted(user_id=command.user_id)]


def evolve(state: CardTrial, event: Event) -> CardTrial:
    return CardTrial(event.user_id) if isinstance(event, TrialGranted) else state


TRIAL: Decider[CardTrial, Grant] = Decider(CardTrial, decide, evolve)


def stream(fingerprint: str) -> str:
    return f"trial-{hashlib.sha256(fingerprint.encode()).hexdigest()[:32]}"
