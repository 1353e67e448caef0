"""Stripe's list of what moved against the ledger, a day at a time, until each day agrees to the cent.

The others are told of a difference, not of every day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ytempire.billing.domain.events import LedgerReconciled
from ytempire.billing.domain.ledger import Totals
from ytempire.events import Event, Money
from ytempire.events.billing import LedgerDifferenceChanged
from ytempire.eventstore import Decider

STREAM = "reconciliation"
_DAY = timedelta(days=1)
_CURRENCY = "USD"
"""Of a day on which nothing moved."""


@dataclass(frozen=True)
class Reconciliation:
    last: date | None = None
    """The newest day that was compared."""
    differing: Mapping[tuple[date, str], int] = field(default_factory=dict)
    """Micro-units by which a day does not agree, by currency."""

    @property
    def differences(self) -> Sequence[Money]:
        """By how much all days together do not agree, for each currency that does not."""
        sums: Counter[str] = Counter()
        for (_, currency), micros in self.differing.items():
            sums[currency] += micros
        return [Money(micros=micros, currency=currency) for currency, micros in sorted(sums.items())]

    def open(self, until: date) -> Sequence[date]:
        """Days before ``until`` that are not known to agree, oldest first."""
        first = self.last + _DAY if self.last else until - _DAY
        news = [first + timedelta(days=n) for n in range((until - first).days)]
        return sorted({day for day, _ in self.differing} | set(news))


@dataclass(frozen=True)
class Compare:
    day: date
    stripe: Totals
    ledger: Totals
    missed: int
    """How many movements no notice had told."""


def decide(state: Reconciliation, command: Compare) -> Sequence[Event]:
    """Differences of one category never make up for those of another."""
    kinds = {*command.stripe, *command.ledger}
    currencies = sorted({currency for currency, _ in kinds} | {c for day, c in state.differing if day == command.day})
    compared = [_compared(command, currency, kinds) for currency in currencies or [_CURRENCY]]
    after = state
    for event in compared:
        after = evolve(after, event)
    if after.differences == state.differences:
        return compared
    days = sorted({day for day, _ in after.differing})
    return [*compared, LedgerDifferenceChanged(days=tuple(days), differences=tuple(after.differences))]


def _compared(command: Compare, currency: str, kinds: set[tuple[str, str]]) -> LedgerReconciled:
    pairs = [(command.stripe.get(key, 0), command.ledger.get(key, 0)) for key in kinds if key[0] == currency]
    return LedgerReconciled(
        day=command.day,
        stripe_net=Money(micros=sum(stripe for stripe, _ in pairs), currency=currency),
        ledger_net=Money(micros=sum(ledger for _, ledger in pairs), currency=currency),
        difference=Money(micros=sum(abs(stripe - ledger) for stripe, ledger in pairs), currency=currency),
        missed=command.missed,
    )


def evolve(state: Reconciliation, event: Event) -> Reconciliation:
    if not isinstance(event, LedgerReconciled):
        return state
    key = event.day, event.difference.currency
    differing = {k: micros for k, micros in state.differing.items() if k != key}
    if event.difference.micros:
        differing[key] = event.difference.micros
    return Reconciliation(max(state.last or event.day, event.day), differing)


RECONCILIATION: Decider[Reconciliation, Compare] = Decider(Reconciliation, decide, evolve)
