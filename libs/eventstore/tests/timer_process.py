"""A process that fires what is due and ends: `timer_process.py <dsn> <now>`."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import test_eventstore_timers  # noqa: F401 - the events in the log

from ytempire.eventstore import EventStore
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner


async def main(dsn: str, now: datetime) -> None:
    store = EventStore("billing", dsn, lambda: now)
    await store.open()
    runner = TimerRunner(store, ())
    task = asyncio.create_task(runner.run())
    while True:
        await runner.refresh()
        if not runner.firing and not runner.due(now):
            break
        await asyncio.sleep(0.01)
    await end([task])
    await store.close()


asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
