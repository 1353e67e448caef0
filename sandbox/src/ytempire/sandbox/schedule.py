"""What the outside world does by itself later: trials that end, videos that finish processing, webhooks, sales."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ytempire.sandbox.clock import VirtualClock
from ytempire.sandbox.store import Database, Store

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS schedule (
    id TEXT PRIMARY KEY, due INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS schedule_due ON schedule (due, seq);
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ATTEMPTS = 5

Handler = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Entry:
    """One thing to do: ``due`` in virtual time, ``name`` of its handler, ``payload`` for it."""

    id: str
    due: datetime
    name: str
    payload: dict[str, Any]
    attempts: int


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Schedule:
    """Persisted timers in virtual time; handlers run one after the other, in order of due."""

    def __init__(self, database: Database, store: Store, clock: VirtualClock) -> None:
        self._db, self._store, self._clock = database, store, clock
        self._handlers: dict[str, Handler] = {}
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self.done = 0
        """How many entries ran since the process began."""
        database.script(SCHEMA)

    def on(self, name: str, handler: Handler) -> None:
        """Register the handler of a name; it must tolerate a second call with the same payload (crash, retry)."""
        self._handlers[name] = handler

    def at(self, due: datetime, name: str, payload: dict[str, Any]) -> str:
        """Plan something for a moment (due now or in the past: at once) and return its id."""
        id = self._store.next_id("sched_")
        self._db.execute(
            "INSERT INTO schedule (id, due, seq, name, payload) VALUES (?, ?, ?, ?, ?)",
            id, _micros(due), int(id.removeprefix("sched_")), name, json.dumps(payload),
        )  # fmt: skip
        self._wake.set()
        return id

    def cancel(self, id: str) -> bool:
        """Take an entry away; False if it is gone already."""
        return bool(self._db.execute("DELETE FROM schedule WHERE id = ? RETURNING id", id))

    def entries(self, limit: int = 200) -> list[Entry]:
        """What is planned, next first."""
        rows = self._db.execute("SELECT * FROM schedule ORDER BY due, seq LIMIT ?", limit)
        return [
            Entry(
                row["id"],
                EPOCH + timedelta(microseconds=row["due"]),
                row["name"],
                json.loads(row["payload"]),
                row["attempts"],
            )
            for row in rows
        ]

    def next_due(self) -> datetime | None:
        """Virtual time of the next entry."""
        entries = self.entries(1)
        return entries[0].due if entries else None

    async def move_to(self, moment: datetime) -> int:
        """Move the clock to a moment, stopping at each entry on the way to run it; returns how many ran.

        Must not be called by a handler (it would wait for itself).
        """
        async with self._lock:
            fired = await self._fire_until(moment)
            self._clock.move_to(moment)
        return fired

    async def fire_due(self) -> int:
        """Run what is due now; returns how many ran."""
        async with self._lock:
            return await self._fire_until(self._clock.now())

    async def run(self) -> None:
        """Fire what becomes due as time passes, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.fire_due()
            except Exception:
                log.exception("the schedule stumbled; it goes on in a second")
            try:
                await asyncio.wait_for(self._wake.wait(), 1.0)
            except TimeoutError:
                continue

    def clear(self) -> None:
        """Forget everything planned."""
        self._db.execute("DELETE FROM schedule")

    async def _fire_until(self, moment: datetime) -> int:
        fired = 0
        while (entries := self.entries(1)) and entries[0].due <= moment:
            self._clock.move_to(entries[0].due)
            await self._fire(entries[0])
            self.done += 1
            fired += 1
            await asyncio.sleep(0)
        return fired

    async def _fire(self, entry: Entry) -> None:
        handler = self._handlers.get(entry.name)
        if handler is None:
            log.error("nothing handles %r; the entry %s is dropped", entry.name, entry.id)
            self.cancel(entry.id)
            return
        try:
            await handler(entry.payload)
        except Exception:
            self._postpone(entry)
        else:
            self.cancel(entry.id)

    def _postpone(self, entry: Entry) -> None:
        attempts = entry.attempts + 1
        if attempts >= ATTEMPTS:
            log.exception("%s (%s) failed %d times and is dropped", entry.name, entry.id, attempts)
            self.cancel(entry.id)
            return
        log.exception("%s (%s) failed, attempt %d of %d", entry.name, entry.id, attempts, ATTEMPTS)
        due = self._clock.now() + timedelta(seconds=2**attempts)
        self._db.execute("UPDATE schedule SET due = ?, attempts = ? WHERE id = ?", _micros(due), attempts, entry.id)
