"""Calls that come at once: done together, answered each, failing together, never waiting for a partner."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ytempire.eventstore.together import Together


class Work:
    """Doubles numbers; refuses a batch with a negative one. Holds a batch until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.go.wait()
        if min(items) < 0:
            raise ValueError("a negative number")
        return [2 * item for item in items]


async def test_what_comes_while_work_is_under_way_is_done_in_the_next_batch() -> None:
    work = Work()
    together = Together(work, "doubling")
    calls = [asyncio.create_task(together.do(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls += [asyncio.create_task(together.do(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    calls[2].cancel()
    work.go.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == [2, 4, 8]
    assert isinstance(answers[2], asyncio.CancelledError)
    assert work.batches == [[1], [2, 4]], "whoever gave up is left out"
    assert await together.do(5) == 10, "it works again after it had nothing to do"


async def test_what_a_batch_raises_is_raised_to_each_of_its_callers_and_the_next_batch_works() -> None:
    work = Work()
    work.go.set()
    together = Together(work, "doubling")
    answers = await asyncio.gather(*(together.do(number) for number in (1, -1)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError]
    assert await together.do(1) == 2


async def test_closing_leaves_nobody_waiting() -> None:
    work = Work()
    together = Together(work, "doubling")
    calls = [asyncio.create_task(together.do(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(together.do(2)))
    await asyncio.sleep(0)
    await together.close()
    for call in calls:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 5)
