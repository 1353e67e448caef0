"""What is known of a channel's figures: each day's views and revenue as last told, and when to ask again.

Estimates are revised for days, so a trailing window is asked every day. What changed is recorded: the first figure of
a day as ``RevenueRecorded``, a later one as ``RevenueAdjusted`` that names what it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ytempire.analytics.domain.events import ChannelLeft, ChannelNoted, CollectionDue, PublicationNoted
from ytempire.events import Event, Money
from ytempire.events.analytics import (
    MetricLine,
    MetricsCollected,
    RevenueAdjusted,
    RevenueLine,
    RevenueRecorded,
)
from ytempire.eventstore import Decider, Timer, derived_id

COLLECTION_EVERY = timedelta(days=1)
FINAL_AFTER = timedelta(days=12)
"""YouTube revises a day's estimates for about ten days; after this a figure counts as final."""
WINDOW = timedelta(days=14)
"""How far each collection looks back behind the last day that is known."""
ADS = "youtube_adsense"


@dataclass(frozen=True)
class Figures:
    """One video on one day, as YouTube tells it now."""

    day: date
    views: int
    engaged_views: int
    watch_minutes: int
    likes: int
    comments: int
    revenue_micros: int | None
    """None where YouTube tells no revenue (a channel outside the Partner Programme)."""


@dataclass(frozen=True)
class Channel:
    noted: ChannelNoted | None = None
    left: bool = False
    videos: Mapping[str, PublicationNoted] = field(default_factory=dict)
    """By our video id."""
    metrics: Mapping[date, tuple[MetricLine, ...]] = field(default_factory=dict)
    revenue: Mapping[date, RevenueRecorded | RevenueAdjusted] = field(default_factory=dict)

    def since(self, published: date) -> date:
        """The first day to ask for: no day is left out, however long nobody asked."""
        # the day before: our record of a publication may be a moment later than YouTube's
        first = published - timedelta(days=1)
        return max(first, max(self.metrics) - WINDOW) if self.metrics else first


@dataclass(frozen=True)
class Record:
    fact: Event


@dataclass(frozen=True)
class Collect:
    """A collection's answer: figures by our video id."""

    at: datetime
    figures: Mapping[str, Sequence[Figures]]


Command = Record | Collect


def decide(state: Channel, command: Command) -> Sequence[Event]:
    if isinstance(command, Record):
        fact = command.fact
        if isinstance(fact, ChannelNoted) and state.noted is not None:
            return []
        if isinstance(fact, PublicationNoted) and fact.video_id in state.videos:
            return []
        return [fact]
    return _collect(state, command)


def _collect(state: Channel, command: Collect) -> Sequence[Event]:
    if state.noted is None:
        return []
    days = sorted({f.day for rows in command.figures.values() for f in rows})
    events: list[Event] = []
    for day in days:
        rows = {video: f for video, all_ in command.figures.items() for f in all_ if f.day == day}
        events += _metrics(state, state.noted, day, rows, command.at)
        events += _revenue(state, state.noted, day, rows, command.at)
    return events


def _metrics(
    state: Channel, channel: ChannelNoted, day: date, rows: Mapping[str, Figures], at: datetime
) -> Sequence[Event]:
    lines = tuple(
        MetricLine(
            video_id=video,
            views=f.views,
            engaged_views=f.engaged_views,
            watch_minutes=f.watch_minutes,
            likes=f.likes,
            comments=f.comments,
        )
        for video, f in sorted(rows.items())
    )
    if state.metrics.get(day) == lines:
        return []
    return [MetricsCollected(channel_id=channel.channel_id, user_id=channel.user_id, day=day, lines=lines, known_at=at)]


def _revenue(
    state: Channel, channel: ChannelNoted, day: date, rows: Mapping[str, Figures], at: datetime
) -> Sequence[Event]:
    lines = tuple(
        RevenueLine(video_id=video, amount=Money(micros=f.revenue_micros, currency="USD"))
        for video, f in sorted(rows.items())
        if f.revenue_micros is not None
    )
    if not lines:
        return []
    known = state.revenue.get(day)
    final = at.date() - day >= FINAL_AFTER
    if known is not None and known.lines == lines and known.final == final:
        return []
    reference = f"youtubeAnalytics:{day.isoformat()}"
    facts = {
        "user_id": channel.user_id,
        "channel_id": channel.channel_id,
        "day": day,
        "source": ADS,
        "amount": Money(micros=sum(line.amount.micros for line in lines), currency="USD"),
        "lines": lines,
        "known_at": at,
        "final": final,
        "reference": reference,
    }
    revenue_id = derived_id("revenue", channel.channel_id, reference, at.isoformat())
    if known is None:
        return [RevenueRecorded(revenue_id=revenue_id, **facts)]
    return [RevenueAdjusted(revenue_id=revenue_id, supersedes=known.revenue_id, **facts)]


def evolve(state: Channel, event: Event) -> Channel:
    match event:
        case ChannelNoted():
            return replace(state, noted=event, left=False)
        case ChannelLeft():
            return replace(state, left=True)
        case PublicationNoted(video_id=video_id):
            return replace(state, videos={**state.videos, video_id: event})
        case MetricsCollected(day=day, lines=lines):
            return replace(state, metrics={**state.metrics, day: lines})
        case RevenueRecorded(day=day) | RevenueAdjusted(day=day) if event.source == ADS:
            return replace(state, revenue={**state.revenue, day: event})
        case _:
            return state


CHANNEL: Decider[Channel, Command] = Decider(Channel, decide, evolve)


def stream(channel_id: str) -> str:
    return f"channel-{channel_id}"


def next_collection(channel: ChannelNoted, at: datetime) -> Timer:
    """The timer of the next daily collection."""
    return Timer(
        key=f"collect-{channel.channel_id}",
        due=at + COLLECTION_EVERY,
        stream=stream(channel.channel_id),
        event=CollectionDue(channel_id=channel.channel_id, user_id=channel.user_id),
    )
