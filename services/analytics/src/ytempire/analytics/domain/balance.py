"""For the audit: the profit that was told is the sum of the entries that were posted, after each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ytempire.analytics.domain.events import EntryPosted
from ytempire.analytics.domain.ledger import Day, by_source, components, evolve
from ytempire.events.analytics import ProfitCalculated
from ytempire.eventstore import Check, LedgerCheck, Recorded


def wrong(records: Sequence[Recorded]) -> Iterable[tuple[int, str]]:
    """What does not balance in one day's ledger."""
    day, told = Day(), True
    for record in records:
        event = record.event
        if isinstance(event, EntryPosted):
            day, told = evolve(day, event), False
        elif isinstance(event, ProfitCalculated):
            told = True
            if (event.components, dict(event.revenue_by_source)) != (components(day), by_source(day)):
                yield record.position, "the profit that was told is not the sum of the day's entries"
    if not told:
        yield records[-1].position, "the profit was not told after the day's last entry"


DAY_LEDGERS = LedgerCheck(
    Check(
        "balance",
        "The profit told for each day and channel is the sum of that day's entries, to the micro-unit.",
        "A statement shows money that no entry stands for, or lacks some that one does.",
    ),
    "ledger-",
    wrong,
)
