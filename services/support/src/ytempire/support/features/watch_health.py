"""Watch the services' heartbeats and record each change of who is silent.

Silence is measured on the monotonic clock: business time may be moved, a heartbeat may not.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ytempire.events import SERVICES
from ytempire.eventstore import EventStore, new_id
from ytempire.support.domain import health
from ytempire.support.ports import Beats

SILENT_AFTER_S = 45.0
"""Four missed beats of ten seconds, and some."""
GRACE_S = 60.0
"""After a start, or after we could not listen ourselves, silence means nothing yet."""
_TICK_S = 2.0
_LATE_TICK_S = 15.0
"""A tick this late says that our own process stood still."""
_PAUSE_S = 5.0

log = structlog.get_logger()


@dataclass
class WatchHealth:
    store: EventStore
    beats: Beats
    clock: Callable[[], float] = time.monotonic
    _deaf_until: float = field(default=0.0, init=False)
    _last_tick: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._last_tick = self.clock()
        self._deaf_until = self._last_tick + GRACE_S

    async def run(self) -> None:
        """Look every other second, until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception as error:
                # a database that is away for a moment must not end the process: look again
                log.warning("health was not recorded", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(_PAUSE_S)
            await asyncio.sleep(_TICK_S)

    async def tick(self) -> None:
        """Look once and record a change, if there is one."""
        now = self.clock()
        if now - self._last_tick > _LATE_TICK_S or not self.beats.listening:
            self._deaf_until = now + GRACE_S
        self._last_tick = now
        if now < self._deaf_until:
            return
        heard = self.beats.last
        silent = frozenset(s for s in SERVICES if now - heard.get(s, -math.inf) > SILENT_AFTER_S)
        await self.store.execute(health.HEALTH, health.STREAM, health.Observe(silent, new_id()))
