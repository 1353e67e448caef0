"""How figures become rows: in turns, by the median, better is always higher, and nothing is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from bench.harness import Comparison, Row, Run, Scale, Target, compare, percentiles

SCALE = Scale(share=1.0, runs=3)


async def measured(
    unit: str, ours: Iterator[float], theirs: Iterator[float], target: Target, order: list[str] | None = None
) -> Row:
    turns = order if order is not None else []

    @asynccontextmanager
    async def pair(world: None, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        async def our_run() -> dict[str, float]:
            turns.append("ours")
            return {"row": next(ours)}

        async def their_run() -> dict[str, float]:
            turns.append("reference")
            return {"row": next(theirs)}

        yield our_run, their_run

    rows = await compare(Comparison("peer", {"row": unit}, pair), None, SCALE, {"row": target})
    return rows[0]


async def test_the_two_take_turns() -> None:
    order: list[str] = []
    await measured("events/s", iter([1, 2, 3]), iter([1, 2, 3]), Target(ratio=1), order)
    assert order == ["ours", "reference"] * 3


async def test_a_row_is_the_medians_and_their_ratio() -> None:
    row = await measured("events/s", iter([900, 10, 300]), iter([1, 100, 9000]), Target(ratio=3))
    assert (row.ours, row.reference, row.ratio, row.met, row.runs) == (300, 100, 3.0, True, 3)


async def test_of_milliseconds_fewer_are_better() -> None:
    row = await measured("ms", iter([4, 4, 4]), iter([2, 2, 2]), Target(ratio=0.5, at_most=5))
    assert row.ratio == 0.5
    assert row.met


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(ratio=2.0), True),
        (Target(ratio=2.1), False),
        (Target(at_least=200), True),
        (Target(at_least=201), False),
        (Target(at_most=200), True),
        (Target(at_most=199), False),
        (Target(ratio=2.0, at_least=201), False),
    ],
)
async def test_every_limit_of_a_target_must_hold(target: Target, met: bool) -> None:
    row = await measured("events/s", iter([200] * 3), iter([100] * 3), target)
    assert row.met is met


async def test_a_run_that_fails_is_a_row_that_is_not_met() -> None:
    row = await measured("events/s", iter([1]), iter([1]), Target(ratio=0.1))
    assert (row.ours, row.ratio, row.met) == (None, None, False)


def test_percentiles_are_milliseconds() -> None:
    p50, p99 = percentiles([n / 1000 for n in range(1, 101)])
    assert (round(p50, 3), round(p99, 3)) == (50.5, 100.0)
