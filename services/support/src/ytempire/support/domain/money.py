"""The alert while the ledger of the payment provider's money differs from the provider's own list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ytempire.events import Event, Money
from ytempire.events.support import AlertRaised, AlertResolved
from ytempire.eventstore import Decider

LEVEL = "critical"
STREAM = "ledger-difference"


@dataclass(frozen=True)
class Books:
    alert_id: str | None = None
    """The alert that is open."""


@dataclass(frozen=True)
class Hear:
    """By how much the books differ now, and of which days.

    :param alert_id: id of the alert this may raise.
    """

    days: Sequence[date]
    differences: Sequence[Money]
    alert_id: str


def decide(state: Books, command: Hear) -> Sequence[Event]:
    if command.alert_id == state.alert_id:
        return []
    resolved = [AlertResolved(alert_id=state.alert_id)] if state.alert_id else []
    if not command.differences:
        return resolved
    amounts = " and ".join(str(money) for money in command.differences)
    days = ", ".join(str(day) for day in command.days)
    message = (
        f"The ledger of Stripe's money differs by {amounts} from Stripe's own list ({days}). "
        "Compare the entries of these days: `ytempire ledger --day` shows them."
    )
    return [*resolved, AlertRaised(alert_id=command.alert_id, level=LEVEL, message=message)]


def evolve(state: Books, event: Event) -> Books:
    match event:
        case AlertRaised(alert_id=alert_id):
            return Books(alert_id)
        case AlertResolved():
            return Books()
        case _:
            return state


BOOKS: Decider[Books, Hear] = Decider(Books, decide, evolve)
