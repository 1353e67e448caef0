"""Which day it is for an account: its slots are of a day where its owner lives.

The first zone holds at once. Another one holds when the day is over where the account was until then, and no day comes
twice: whoever moves, on paper or in fact, gets no slot that they would not have had.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Zone:
    name: str = "UTC"
    following: str | None = None
    """The zone that holds from ``begins`` on."""
    begins: datetime | None = None
    floor: date | None = None
    """The day on which the last change was asked for: there is no way back behind it."""

    @property
    def wanted(self) -> str:
        """The zone that was asked for last."""
        return self.following or self.name

    def at(self, moment: datetime) -> str:
        """The zone that holds at a moment."""
        begun = self.following is not None and self.begins is not None and moment >= self.begins
        return self.following if begun and self.following else self.name

    def day(self, moment: datetime) -> date:
        """The day whose slots are used at a moment."""
        local = moment.astimezone(ZoneInfo(self.at(moment))).date()
        return max(local, self.floor) if self.floor else local

    def ends(self, moment: datetime) -> datetime:
        """When the day of a moment is over."""
        zone = ZoneInfo(self.at(moment))
        tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
