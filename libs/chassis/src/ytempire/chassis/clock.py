"""The only source of business time: events, timers, expiry. Leases, ack waits and token validity use the wall clock."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx
import structlog

_DAILY_AT_H = 3
"""The hour, UTC, of the platform's own daily work."""
_LONG_POLL_S = 30.0
_PAUSE_S = 0.5
"""Many moves in a row are heard of as one: who moves step by step tells each service itself."""
log = structlog.get_logger()


def next_daily(after: datetime) -> datetime:
    """When the platform's own daily work is due next.

    One moment for all services: time that is moved over a day stops once for all of it.
    """
    today = after.astimezone(UTC).replace(hour=_DAILY_AT_H, minute=0, second=0, microsecond=0)
    return today if today > after else today + timedelta(days=1)


class Clock(Protocol):
    """Business time."""

    revision: int
    """Raised each time time was moved by hand; 0 on a system clock."""

    def now(self) -> datetime: ...

    def on_move(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` each time time was moved by hand."""

    def observe(self, at: datetime) -> None:
        """Something arrived that happened at ``at``: it is that late at least."""

    async def run(self) -> None:
        """Follow the source of time, until cancelled."""


class SystemClock:
    """Business time is the wall's time."""

    revision = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def on_move(self, heard: Callable[[], None]) -> None:
        """Nobody moves it."""

    def observe(self, at: datetime) -> None:
        """Clocks of machines differ a little: nobody follows another's."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class VirtualClock:
    """The wall's time plus an offset that somebody moves forward, never back."""

    def __init__(self, url: str, tls: ssl.SSLContext | bool) -> None:
        self._url, self._tls = url, tls
        self._offset = timedelta()
        self._heard: list[Callable[[], None]] = []
        self.revision = 0

    def on_move(self, heard: Callable[[], None]) -> None:
        self._heard.append(heard)

    def observe(self, at: datetime) -> None:
        """A message may be faster than the news that time was moved: nothing is handled before it happened."""
        self._offset = max(self._offset, at - datetime.now(UTC))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    async def synchronise(self) -> None:
        """Read the offset once, before anything is stamped."""
        async with httpx.AsyncClient(verify=self._tls, timeout=10) as client:
            self._read((await client.get(self._url)).raise_for_status().json())

    async def run(self) -> None:
        async with httpx.AsyncClient(verify=self._tls, timeout=_LONG_POLL_S + 5) as client:
            while True:
                try:
                    answer = await client.get(self._url, params={"after": self.revision})
                    self._read(answer.raise_for_status().json())
                    await asyncio.sleep(_PAUSE_S)
                except httpx.HTTPError as error:
                    log.debug("clock not reached", error=str(error))
                    await asyncio.sleep(1)

    def take(self, revision: int, offset_s: float) -> None:
        """Go by this offset, unless a later move was heard of already."""
        if revision <= self.revision:
            return
        self._offset, self.revision = timedelta(seconds=offset_s), revision
        for heard in self._heard:
            heard()

    def _read(self, state: dict[str, float]) -> None:
        self.take(int(state["revision"]), state["offset_seconds"])
