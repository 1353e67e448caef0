"""One affiliate sale: pending, approved or declined. Known once it is told, final once it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ytempire.events import Event, Money
from ytempire.events.analytics import RevenueAdjusted, RevenueLine, RevenueRecorded
from ytempire.eventstore import Decider, derived_id

AFFILIATE = "affiliate_commissions"
DECIDED = frozenset({"approved", "declined", "deleted"})


@dataclass(frozen=True)
class Sale:
    known: RevenueRecorded | RevenueAdjusted | None = None


@dataclass(frozen=True)
class Observe:
    """A transaction as the network tells it now."""

    network: str
    transaction_id: str
    status: str
    commission: Money
    day: date
    video_id: str
    user_id: str
    channel_id: str
    at: datetime


def decide(state: Sale, command: Observe) -> Sequence[Event]:
    declined = command.status in {"declined", "deleted"}
    amount = Money.zero(command.commission.currency) if declined else command.commission
    final = command.status in DECIDED
    if state.known is not None and (state.known.amount, state.known.final) == (amount, final):
        return []
    if state.known is None and declined:
        return []
    reference = f"{command.network}:{command.transaction_id}"
    facts = {
        "user_id": command.user_id,
        "channel_id": command.channel_id,
        "day": command.day,
        "source": AFFILIATE,
        "amount": amount,
        "lines": (RevenueLine(video_id=command.video_id, amount=amount),),
        "known_at": command.at,
        "final": final,
        "reference": reference,
    }
    revenue_id = derived_id("revenue", reference, command.at.isoformat())
    if state.known is None:
        return [RevenueRecorded(revenue_id=revenue_id, **facts)]
    return [RevenueAdjusted(revenue_id=revenue_id, supersedes=state.known.revenue_id, **facts)]


def evolve(state: Sale, event: Event) -> Sale:
    return Sale(event) if isinstance(event, RevenueRecorded | RevenueAdjusted) else state


SALE: Decider[Sale, Observe] = Decider(Sale, decide, evolve)


def stream(network: str, transaction_id: str) -> str:
    return f"sale-{network}-{transaction_id}"
