"""The event backbone against raw drivers, `eventsourcing` and plain FastStream."""

from __future__ import annotations

from bench import harness
from bench.backbone import append, commands, consuming, http, relaying
from bench.backbone.world import World
from bench.harness import Comparison, Row, Scale

COMPARISONS: tuple[Comparison[World], ...] = (
    *append.COMPARISONS,
    *commands.COMPARISONS,
    *relaying.COMPARISONS,
    *consuming.COMPARISONS,
    *http.COMPARISONS,
)


async def measure(scale: Scale, only: str) -> list[Row]:
    """Every row whose name holds ``only``, one comparison after the other."""
    wanted = harness.targets("backbone")
    chosen = [c for c in COMPARISONS if any(only in name for name in c.units)]
    rows: list[Row] = []
    async with World.started() as world:
        for comparison in chosen:
            rows += await harness.compare(comparison, world, scale, wanted)
    return rows
