"""A process that appends to a store from several callers: `writer_process.py <dsn> <callers> <appends of each>`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import Claim, EventStore, derived_id


async def main(dsn: str, callers: int, appends: int) -> None:
    store = EventStore("billing", dsn, lambda: datetime.now(UTC))
    await store.open()
    event = EmailVerified(user_id=derived_id("user"))

    async def call(caller: int) -> None:
        for turn in range(appends):
            await store.append(f"shared-{caller}", event, claim=Claim("process", f"{caller}-{turn}"))

    await asyncio.gather(*(call(caller) for caller in range(callers)))
    await store.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
