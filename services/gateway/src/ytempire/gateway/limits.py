"""How often somebody may do something: token buckets and failure windows on the wall clock, in memory."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from ytempire.gateway.problems import Problem

_MOST_KEYS = 50_000
_FIRST_WAIT_S = 10.0
_DOUBLINGS = 20


class Bucket:
    """A token bucket for each key: ``rate`` a second, ``burst`` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, float(burst)
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """:raises Problem: 429 with ``Retry-After`` if the bucket is empty."""
        now = time.monotonic()
        level, since = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        if level < 1:
            self._levels[key] = (level, now)
            raise _too_many((1 - level) / self._rate)
        self._levels[key] = (level - 1, now)
        while len(self._levels) > _MOST_KEYS:
            self._levels.popitem(last=False)


class Failures:
    """How many attempts failed for a key within a window; enough of them close the door for its rest."""

    def __init__(self, most: int, window_s: float = 900.0) -> None:
        self._most, self._window_s = most, window_s
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """:raises Problem: 429 if too many attempts failed lately."""
        times = self._recent(key)
        if len(times) >= self._most:
            raise _too_many(times[0] + self._window_s - time.monotonic())

    def add(self, key: str) -> None:
        times = self._recent(key)
        times.append(time.monotonic())
        self._times[key] = times
        self._times.move_to_end(key)
        while len(self._times) > _MOST_KEYS:
            self._times.popitem(last=False)

    def _recent(self, key: str) -> deque[float]:
        times = self._times.get(key, deque())
        oldest = time.monotonic() - self._window_s
        while times and times[0] < oldest:
            times.popleft()
        return times


@dataclass(slots=True)
class _Level:
    failures: float
    at: float
    until: float


class Attempts:
    """Attempts that failed, for each key: some are free, then the next must wait, after each further one twice as long.

    An attempt counts as failed from its beginning and is given back when it did not fail. One failure is forgiven every
    ``forgiven_s`` seconds, which is also the longest wait: nobody is shut out, and whoever goes on for ever has some
    attempts more than ``free``, and then one in ``forgiven_s`` seconds.
    """

    def __init__(self, free: int, forgiven_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._free, self._forgiven_s, self._now = free, forgiven_s, now
        self._levels: OrderedDict[str, _Level] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the next attempt; 0 if it may be made now."""
        level = self._levels.get(key)
        return max(0.0, level.until - self._now()) if level else 0.0

    def take(self, key: str) -> None:
        """Count an attempt."""
        now = self._now()
        known = self._levels.pop(key, None)
        left = max(0.0, known.failures - (now - known.at) / self._forgiven_s) if known else 0.0
        # rounded, or the moments between attempts would forgive the part that makes the last one free
        over = round(left) + 1 - self._free
        wait_s = min(_FIRST_WAIT_S * 2 ** min(over, _DOUBLINGS), self._forgiven_s) if over >= 0 else 0.0
        self._levels[key] = _Level(left + 1, now, now + wait_s)
        while len(self._levels) > _MOST_KEYS:
            self._levels.popitem(last=False)

    def give_back(self, key: str) -> None:
        """The attempt did not fail; who made it had to wait already."""
        level = self._levels.get(key)
        if level is not None:
            level.failures, level.until = max(0.0, level.failures - 1), self._now()

    def forget(self, key: str) -> None:
        self._levels.pop(key, None)


def _too_many(wait_s: float) -> Problem:
    seconds = max(1, int(wait_s + 0.999))
    return Problem(
        429,
        "too_many_requests",
        f"That was too often. Try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
