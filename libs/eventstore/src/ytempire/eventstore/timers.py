"""Timers: rows that become events when their time has come, in order of due time, each once."""

from __future__ import annotations

import asyncio
from datetime import datetime

from ytempire.events import lookup
from ytempire.eventstore.context import MessageContext
from ytempire.eventstore.records import Claim, StreamAppend, Unit
from ytempire.eventstore.store import EventStore


class TimerRunner:
    """Appends what is due, in order of due time, each once."""

    def __init__(self, store: EventStore, tick_s: float = 0.05) -> None:
        self._store, self._tick_s = store, tick_s
        self.next_due: datetime | None = None
        self.firing = False

    async def run(self) -> None:
        listener = self._store.listen()
        listener.set()
        while True:
            if listener.is_set():
                listener.clear()
                await self.refresh()
            if self.next_due is not None and self.next_due <= self._store.clock():
                await self._fire_due()
                await self.refresh()
            await asyncio.sleep(self._tick_s)

    async def refresh(self) -> None:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute("select min(due) from es.timers")
            row = await cursor.fetchone()
            self.next_due = row[0] if row else None

    async def _fire_due(self) -> None:
        self.firing = True
        try:
            async with self._store.pool.connection() as connection:
                cursor = await connection.execute(
                    "select key, due, stream, type, data, meta from es.timers where due <= %s"
                    " order by due, key limit 100",
                    [self._store.clock()],
                )
                due = await cursor.fetchall()
            for row in due:
                await self._fire(*row)
        finally:
            self.firing = False

    async def _fire(
        self, key: str, due: datetime, stream: str, type_: str, data: dict[str, object], meta: dict[str, str]
    ) -> None:
        model = lookup(type_, self._store.service)
        if model is None:
            raise LookupError(f"timer {key} holds an unknown event {type_}")
        unit = Unit(
            (StreamAppend(stream, (model.read(data),)),),
            Claim("timer", f"{key}@{due.isoformat()}"),
            fired=((key, due),),
            context=MessageContext(meta["tenant"], meta["correlation"], meta["causation"]),
        )
        committed = await self._store.submit(unit)
        if committed.duplicate:
            async with self._store.pool.connection() as connection:
                await connection.execute("delete from es.timers where key = %s and due = %s", [key, due])
