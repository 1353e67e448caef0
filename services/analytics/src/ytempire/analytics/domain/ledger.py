"""One day's ledger of a channel (or of an account, for what belongs to no channel). Entries replace by key.

Each entry changes the day's profit, so each is followed by ``ProfitCalculated`` with the day's components. Revenue and
cost stand on the day they belong to; a video made last month still earns this month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ytempire.analytics.domain.events import EntryPosted
from ytempire.events import Event, PnlComponents, spread
from ytempire.events.analytics import ProfitCalculated
from ytempire.eventstore import Decider


@dataclass(frozen=True)
class Day:
    entries: Mapping[str, EntryPosted] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    user_id: str
    channel_id: str | None
    day: date
    entry: EntryPosted
    at: datetime


def decide(state: Day, command: Post) -> Sequence[Event]:
    if state.entries.get(command.entry.key) == command.entry:
        return []
    after = evolve(state, command.entry)
    return [
        command.entry,
        ProfitCalculated(
            user_id=command.user_id,
            channel_id=command.channel_id,
            day=command.day,
            currency="USD",
            components=components(after),
            revenue_by_source=by_source(after),
            known_at=command.at,
        ),
    ]


def evolve(state: Day, event: Event) -> Day:
    return Day({**state.entries, event.key: event}) if isinstance(event, EntryPosted) else state


def components(state: Day) -> PnlComponents:
    """The day's sums, in micro-units."""
    entries = state.entries.values()
    sums = {kind: sum(e.micros for e in entries if e.kind == kind) for kind in ("revenue", "cost", "platform_cost")}
    return PnlComponents(
        revenue=sums["revenue"],
        costs=sums["cost"],
        platform_costs=sums["platform_cost"],
        subscription=sum(e.micros for e in entries if e.kind == "subscription"),
        videos_published=sum(1 for e in entries if e.kind == "publication"),
        videos_earning=len({v for e in entries if e.kind == "revenue" and e.micros > 0 for v in e.videos}),
    )


def by_source(state: Day) -> dict[str, int]:
    totals: dict[str, int] = {}
    for entry in state.entries.values():
        if entry.kind == "revenue":
            totals[entry.source] = totals.get(entry.source, 0) + entry.micros
    return totals


def subscription_days(micros: int, start: datetime, end: datetime) -> list[tuple[date, int]]:
    """What an invoice costs each day it pays for, from ``start`` up to, not including, ``end``; sums to it exactly."""
    first = start.date()
    days = max((end.date() - first).days, 1)
    return [(first + timedelta(days=number), share) for number, share in enumerate(spread(micros, days))]


LEDGER: Decider[Day, Post] = Decider(Day, decide, evolve)


def stream(user_id: str, channel_id: str | None, day: date) -> str:
    owner = f"channel-{channel_id}" if channel_id else f"account-{user_id}"
    return f"ledger-{owner}-{day.isoformat()}"
