"""One day of the double-entry ledger of Stripe's money: each movement is posted once, and every entry balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from ytempire.billing.domain.accounts import Movement, lines
from ytempire.billing.domain.events import LedgerEntryPosted
from ytempire.events import Event
from ytempire.eventstore import Check, Decider, LedgerCheck, Recorded

STREAMS = "ledger-"
Totals = Mapping[tuple[str, str], int]
"""Net in micro-units by currency and Stripe's category."""


def totals(moved: Iterable[Movement]) -> Totals:
    """What movements bring into Stripe's balance."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in moved:
        sums[one.amount.currency, one.kind] += one.net
    return sums


@dataclass(frozen=True)
class Day:
    entries: Mapping[str, LedgerEntryPosted] = field(default_factory=dict)
    """By the id of what moved."""

    @property
    def totals(self) -> Totals:
        """What came into Stripe's balance."""
        sums: Counter[tuple[str, str]] = Counter()
        for entry in self.entries.values():
            sums[entry.currency, entry.what] += on_balance(entry)
        return sums


@dataclass(frozen=True)
class Post:
    moved: Movement


def decide(state: Day, command: Post) -> Sequence[Event]:
    moved = command.moved
    posted = lines(moved)
    if moved.id in state.entries or not posted:
        return []
    return [
        LedgerEntryPosted(
            entry_id=moved.id,
            at=moved.at,
            what=moved.kind,
            source_id=moved.source_id,
            user_id=moved.sale.user_id if moved.sale else None,
            invoice_id=moved.sale.invoice_id if moved.sale else None,
            currency=moved.amount.currency,
            lines=tuple(posted),
        )
    ]


def evolve(state: Day, event: Event) -> Day:
    return Day({**state.entries, event.entry_id: event}) if isinstance(event, LedgerEntryPosted) else state


LEDGER: Decider[Day, Post] = Decider(Day, decide, evolve)


def on_balance(entry: LedgerEntryPosted) -> int:
    """What an entry moved on Stripe's balance."""
    return sum(line.micros for line in entry.lines if line.account == "stripe_balance")


def day_of(at: datetime) -> date:
    """A movement belongs to its day in UTC."""
    return at.astimezone(UTC).date()


def stream(day: date) -> str:
    return f"{STREAMS}{day}"


def wrong(records: Sequence[Recorded]) -> Iterable[tuple[int, str]]:
    """For the audit: entries that do not balance, or stand twice."""
    seen: set[str] = set()
    for record in records:
        entry = record.event
        if not isinstance(entry, LedgerEntryPosted):
            continue
        if sum(line.micros for line in entry.lines):
            yield record.position, f"the debits of {entry.entry_id} are not its credits"
        if entry.entry_id in seen:
            yield record.position, f"{entry.entry_id} was posted before"
        seen.add(entry.entry_id)


DOUBLE_ENTRY = LedgerCheck(
    Check(
        "double-entry",
        "Each movement of Stripe's balance is posted once, and its debits are its credits.",
        "The trial balance shows money that did not move, or is not the sum of what did.",
    ),
    STREAMS,
    wrong,
)
