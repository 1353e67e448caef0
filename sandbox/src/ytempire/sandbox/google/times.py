"""Times as Google writes and counts them: RFC 3339 in UTC, and days of the US Pacific zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def stamp(moment: datetime) -> str:
    """``2026-11-22T11:00:00Z``, whole seconds, as YouTube writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(moment: datetime) -> str:
    """RFC 3339 with microseconds, for the sandbox's own records."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse(text: str) -> datetime:
    """An aware time from RFC 3339 text; raises ValueError if it has no zone or is no time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; write Z or an offset such as -08:00")
    return moment.astimezone(UTC)


def pacific_day(moment: datetime) -> date:
    """The day YouTube counts this moment to."""
    return moment.astimezone(PACIFIC).date()


def next_pacific_midnight(moment: datetime) -> datetime:
    """When the daily quota starts anew, UTC."""
    tomorrow = pacific_day(moment) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PACIFIC).astimezone(UTC)
