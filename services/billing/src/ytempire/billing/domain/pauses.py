"""Pauses: whole periods that are neither paid nor worked in, at most three months in twelve; they end by themselves.

A pause begins when what is paid is used up. The provider is told to leave its invoices void until half a day before its
last period ends, so that the invoice after it is collected.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_MONTHS, WITHIN = 3, timedelta(days=365)
BEFORE_THE_END = timedelta(hours=12)
PAUSE, END_PAUSE = "pause", "end_pause"


@dataclass(frozen=True)
class Pause:
    begins: datetime
    ends: datetime
    months: int

    def holds(self, period_start: datetime | None) -> bool:
        """Whether a period that begins then is paused."""
        return period_start is not None and self.begins <= period_start < self.ends


def pause_for(months: int, period_end: datetime) -> Pause:
    """A pause of so many months that begins when the present period is over."""
    return Pause(period_end, later(period_end, months), months)


def taken(pauses: tuple[Pause, ...], at: datetime) -> int:
    """How many months were, or are to be, paused within the twelve before a moment."""
    return sum(pause.months for pause in pauses if pause.ends > at - WITHIN)


def later(moment: datetime, months: int) -> datetime:
    """The same day some months later, or the last one of that month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def still(pause: Pause | None, period_start: datetime, period_end: datetime) -> Pause | None:
    """A pause that was ordered, once it is known in which period the provider was told.

    If that had begun meanwhile, it is paid, and the pause is a period shorter.
    """
    if pause is None or not pause.holds(period_start):
        return pause
    return Pause(period_end, pause.ends, max(pause.months - 1, 0)) if period_end < pause.ends else None


def left(pause: Pause | None, period_start: datetime, at: datetime, *, kept: bool) -> Pause | None:
    """What is left of a pause in a period: nothing after its end, nor if it was ended at the provider before its time.

    :param kept: whether the provider still leaves invoices void.
    """
    if pause is None or period_start >= pause.ends:
        return None
    ended_there = not kept and at < pause.ends - BEFORE_THE_END
    return None if ended_there and period_start >= pause.begins else pause
