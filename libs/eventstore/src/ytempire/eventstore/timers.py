"""Timers: rows that become events when their time has come, in order of due time, each once.

A firing appends the event and deletes the row in one statement, so that neither a crash nor a second runner can make it
happen twice or not at all. The event's business time is the time it was due, also when the runner was late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ytempire.events import private_events, registry, type_names
from ytempire.eventstore import crash
from ytempire.eventstore.context import MessageContext
from ytempire.eventstore.records import StreamAppend, Unit
from ytempire.eventstore.store import EventStore

_BATCH = 200
_POLL_S = 1.0
"""Now and then it looks for what another copy of the service set."""
_NEXT = """
select (select min(due) from es.timers where type <> all(%(quiet)s)),
    (select min(due) from es.timers where type = any(%(quiet)s))"""
_DUE = """
select key, due, stream, type, data, meta from es.timers where due <= %s order by due, key limit %s"""


class TimerRunner:
    """Appends what is due.

    :param reacted: names of the event types that something in this service reacts to. A timer whose event is private
        and not among them is *quiet*: nothing follows from its firing but its own row in the log.
    """

    def __init__(self, store: EventStore, reacted: Collection[str], tick_s: float = 0.05) -> None:
        self._store, self._tick_s = store, tick_s
        self._quiet = [
            name
            for event in private_events()
            if event.owner == store.service
            for name in type_names(event)
            if name not in reacted
        ]
        self.next_due: datetime | None = None
        """When the next timer is due that something may follow from."""
        self.next_quiet: datetime | None = None
        """When the next quiet timer is due."""
        self.firing = False
        self.moved = asyncio.Event()
        """Set by whoever moves the clock, so that the runner looks at once."""

    def due(self, now: datetime) -> bool:
        """Whether a timer waits to fire, as of the last look."""
        return any(due is not None and due <= now for due in (self.next_due, self.next_quiet))

    async def catch_up(self) -> None:
        """Append what fell due while nobody ran: before anything else is appended, or it would come after that.

        Needs no lease: a firing is fenced by its rows, whoever else fires them.
        """
        await self.refresh()
        while self.due(self._store.clock()):
            await self._fire_due()

    async def run(self) -> None:
        look_at = 0.0
        while True:
            self.moved.clear()
            now = asyncio.get_running_loop().time()
            if self._store.timers_changed.is_set() or now >= look_at:
                self._store.timers_changed.clear()
                look_at = now + _POLL_S
                await self.refresh()
            if self.due(self._store.clock()):
                await self._fire_due()
            # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
            try:
                async with asyncio.timeout(self._tick_s):
                    await self.moved.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(_NEXT, {"quiet": self._quiet})
            row = await cursor.fetchone()
            self.next_due, self.next_quiet = row if row else (None, None)

    async def _fire_due(self) -> None:
        self.firing = True
        try:
            while rows := await self._due_rows():
                await self._fire(rows)
                if len(rows) < _BATCH:
                    break
            await self.refresh()
        finally:
            self.firing = False

    async def _due_rows(self) -> Sequence[Any]:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(_DUE, [self._store.clock(), _BATCH])
            return await cursor.fetchall()

    async def _fire(self, rows: Sequence[Any]) -> None:
        """All in one unit. If one was cancelled or set anew meanwhile, nothing is written and the next look knows."""
        unit = Unit(tuple(self._append(*row) for row in rows), fired=tuple((key, due) for key, due, *_ in rows))
        crash.point("timer.before_append")
        await self._store.submit(unit)
        crash.point("timer.after_append")

    def _append(
        self, key: str, due: datetime, stream: str, type_: str, data: dict[str, object], meta: dict[str, str]
    ) -> StreamAppend:
        event = registry.read(type_, self._store.service, data)
        context = MessageContext(meta["tenant"], meta["correlation"], meta["causation"])
        return StreamAppend(stream, (event,), at=due, context=context)
