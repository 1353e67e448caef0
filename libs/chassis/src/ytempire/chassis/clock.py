"""The only source of business time: events, timers, expiry. Leases, ack waits and token validity use the wall clock."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx
import structlog

_LONG_POLL_S = 30.0
log = structlog.get_logger()


class Clock(Protocol):
    """Business time."""

    revision: int
    """Raised each time time was moved by hand; 0 on a system clock."""

    def now(self) -> datetime: ...

    async def run(self) -> None:
        """Follow the source of time, until cancelled."""


class SystemClock:
    """Business time is the wall's time."""

    revision = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def run(self) -> None:
        await asyncio.Event().wait()


class VirtualClock:
    """The wall's time plus an offset that somebody moves forward, never back."""

    def __init__(self, url: str, tls: ssl.SSLContext | bool) -> None:
        self._url, self._tls = url, tls
        self._offset = timedelta()
        self.revision = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    async def synchronise(self) -> None:
        """Read the offset once, before anything is stamped."""
        async with httpx.AsyncClient(verify=self._tls, timeout=10) as client:
            self._take((await client.get(self._url)).raise_for_status().json())

    async def run(self) -> None:
        async with httpx.AsyncClient(verify=self._tls, timeout=_LONG_POLL_S + 5) as client:
            while True:
                try:
                    answer = await client.get(self._url, params={"after": self.revision})
                    self._take(answer.raise_for_status().json())
                except httpx.HTTPError as error:
                    log.debug("clock not reached", error=str(error))
                    await asyncio.sleep(1)

    def _take(self, state: dict[str, float]) -> None:
        self._offset = timedelta(seconds=state["offset_seconds"])
        self.revision = int(state["revision"])
