"""Commit a decision that spans several streams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ytempire.eventstore import Committed, EventStore, MessageContext, Unit, VersionConflictError, current

_ATTEMPTS = 5


async def commit(store: EventStore, decide: Callable[[], Awaitable[Unit]]) -> Committed:
    """Decide from what is stored and commit; decided again if somebody was faster.

    :raises VersionConflictError: if it lost five times in a row.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        unit = await decide()
        try:
            return await store.submit(unit)
        except VersionConflictError:
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(0.01 * attempt)
    raise AssertionError("unreachable: the loop returns or raises")


def on_behalf_of(user_id: str) -> MessageContext:
    """The context in hand, for messages that could not yet say whom they concern."""
    return replace(current(), tenant=user_id)
