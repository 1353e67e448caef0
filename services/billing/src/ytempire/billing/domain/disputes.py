"""A payment that the holder's bank takes back.

Nothing new is begun while the bank decides. If it decides for us everything goes on as before; if it decides for the
holder, the subscription ends at once, because a card that takes its payments back is not charged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from ytempire.billing.domain.changes import CANCEL_NOW
from ytempire.billing.domain.events import ChangeOrdered
from ytempire.billing.domain.state import Subscription, entitlements, evolve
from ytempire.events import Event, Money
from ytempire.events.billing import DisputeClosed, DisputeOpened

Outcome = Literal["open", "won", "lost"]


@dataclass(frozen=True)
class TakeDispute:
    """What Stripe says of a dispute now."""

    user_id: str
    dispute_id: str
    invoice_id: str
    amount: Money
    outcome: Outcome


def take(state: Subscription, command: TakeDispute) -> Sequence[Event]:
    events = _told(state, command)
    if not events or state.subscribed is None or state.status is None:
        return events
    after = reduce(evolve, events, state)
    active = after.entitles(state.status) and not after.paused
    if active != state.active:
        events.append(entitlements(command.user_id, state.subscribed, active))
    if command.outcome == "lost" and state.running and not state.busy:
        events.append(ChangeOrdered(user_id=command.user_id, change=CANCEL_NOW))
    return events


def _told(state: Subscription, command: TakeDispute) -> list[Event]:
    """What is new of it: a dispute that is heard of after its end was opened, too."""
    facts = {
        "user_id": command.user_id,
        "dispute_id": command.dispute_id,
        "invoice_id": command.invoice_id,
        "amount": command.amount,
    }
    events: list[Event] = []
    if command.dispute_id not in state.disputes:
        events.append(DisputeOpened(**facts))
    if command.outcome != "open" and state.disputes.get(command.dispute_id, True):
        events.append(DisputeClosed(**facts, won=command.outcome == "won"))
    return events
