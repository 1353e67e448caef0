"""Calls that come at once, done at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ytempire.eventstore.tasks import end

A = TypeVar("A")
R = TypeVar("R")


class Together(Generic[A, R]):
    """Does what waits in one piece of work. What comes while that is under way waits for the next: nobody waits for a
    partner, and the more there is to do, the less each costs."""

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[R]]], name: str) -> None:
        """``work`` answers for each item in order; what it raises is raised to every caller of its batch."""
        self._work, self._name = work, name
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: A) -> R:
        """Hand in an item and wait for its answer."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self._name)
        return await done

    async def close(self) -> None:
        """Stop at once; whoever still waits is cancelled."""
        if self._task is not None:
            await end([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = [(item, done) for item, done in self._waiting if not done.done()], []
                await self._settle(batch)
        finally:
            for _, done in self._waiting:
                done.cancel()

    async def _settle(self, batch: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except Exception as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        except BaseException:
            for _, done in batch:
                done.cancel()
            raise
        for (_, done), answer in zip(batch, answers, strict=True):
            if not done.done():
                done.set_result(answer)
