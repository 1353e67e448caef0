"""How often somebody may do something: token buckets and failure windows on the wall clock, in memory."""

from __future__ import annotations

import time
from collections import OrderedDict, deque

from ytempire.gateway.problems import Problem

_MOST_KEYS = 50_000


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

    def clear(self, key: str) -> None:
        self._times.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        times = self._times.get(key, deque())
        oldest = time.monotonic() - self._window_s
        while times and times[0] < oldest:
            times.popleft()
        return times


def _too_many(wait_s: float) -> Problem:
    seconds = max(1, int(wait_s + 0.999))
    return Problem(
        429,
        "too_many_requests",
        f"That was too often. Try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
