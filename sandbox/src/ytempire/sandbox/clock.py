"""The virtual clock: wall clock plus an offset that only grows."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ytempire.sandbox.store import Store

KIND, ID = "sandbox.clock", "clock"


class ClockError(ValueError):
    """Somebody asked the clock to go backwards."""


def utc_now() -> datetime:
    """Wall clock, aware, UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """``2026-11-22T11:00:00.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class VirtualClock:
    """Business time of the outside world; it runs at wall speed and can be moved forward.

    ``revision`` grows with every move, so that others can wait for the next one.
    """

    def __init__(self, store: Store, wall: Callable[[], datetime] = utc_now) -> None:
        self._store, self._wall = store, wall
        self._moved = asyncio.Event()
        kept = store.get(KIND, ID) or {}
        self._offset = timedelta(seconds=float(kept.get("offset_seconds", 0.0)))
        self.revision: int = int(kept.get("revision", 1))

    @property
    def offset_seconds(self) -> float:
        """Seconds by which virtual time is ahead of the wall clock."""
        return self._offset.total_seconds()

    def now(self) -> datetime:
        """Virtual time, aware, UTC."""
        return self._wall() + self._offset

    def wall(self) -> datetime:
        """Wall time, for what stays real: signatures, token expiry, leases."""
        return self._wall()

    def set_offset(self, seconds: float) -> None:
        """Set the offset; raises :class:`ClockError` if that would go back in time."""
        wanted = timedelta(seconds=seconds)
        if wanted < self._offset:
            raise ClockError(f"the clock never goes backwards: the offset is {self.offset_seconds} s already")
        if wanted != self._offset:
            self._change(wanted)

    def advance(self, seconds: float) -> None:
        """Move forward by a number of seconds."""
        self.set_offset(self.offset_seconds + seconds)

    def move_to(self, moment: datetime) -> None:
        """Move forward to a moment; a moment already passed leaves the clock as it is."""
        ahead = moment - self.now()
        if ahead > timedelta(0):
            self._change(self._offset + ahead)

    def reset(self) -> None:
        """Return to the wall clock; the one move back there is, for a world that starts anew."""
        self._change(timedelta(0))

    async def changed(self, after: int, timeout: float) -> None:
        """Wait until ``revision`` differs from ``after``, at most ``timeout`` seconds."""
        if self.revision != after:
            return
        try:
            await asyncio.wait_for(self._moved.wait(), timeout)
        except TimeoutError:
            return

    def _change(self, offset: timedelta) -> None:
        self._offset = offset
        self.revision += 1
        self._store.put(KIND, ID, {"offset_seconds": self.offset_seconds, "revision": self.revision})
        self._moved.set()
        self._moved = asyncio.Event()
