"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 5.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    Asked again after a while: up to Python 3.11 ``asyncio.wait_for`` (in the connection pool's waiting, for one)
    swallows a cancellation that comes together with what it waits for, and a loop would then run on for ever.
    """
    every = list(tasks)
    pending = set(every)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
    await asyncio.gather(*every, return_exceptions=True)
