"""Two ways to do the same work, measured in turns: ours, the reference, ours, the reference; the median of each.

What else the machine does then hits both alike, so ratios can be compared over machines and days; absolute figures
cannot, and are read with the calibration beside them.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import psutil
from rich.console import Console
from rich.table import Table

from ytempire.chassis.collector import start_up_is_over

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
TARGETS = FOLDER / "targets.toml"

Figures = Mapping[str, float]
"""What one run found, by row."""

Run = Callable[[], Awaitable[Figures]]
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much each run does, and how often."""

    share: float = 1.0
    runs: int = 3

    def of(self, count: int, least: int = 1) -> int:
        return max(least, round(count * self.share))


FULL = Scale()
SHORT = Scale(share=0.01, runs=1)
"""To see that everything runs; its figures mean nothing."""


@dataclass(frozen=True)
class Comparison(Generic[W]):
    """Ours against a reference. ``open`` prepares both; the runs it yields do the work once each."""

    reference: str
    units: Mapping[str, str]
    """Unit by row. Of milliseconds fewer are better, of anything a second more."""
    open: Callable[[W, Scale], AbstractAsyncContextManager[tuple[Run, Run]]]


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach. ``ratio`` is always better-is-higher; the others bound our own figure."""

    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def met(self, ours: float, ratio: float) -> bool:
        return (
            (self.ratio is None or ratio >= self.ratio)
            and (self.at_least is None or ours >= self.at_least)
            and (self.at_most is None or ours <= self.at_most)
        )

    def __str__(self) -> str:
        parts = (("ratio >= {:g}", self.ratio), (">= {:g}", self.at_least), ("<= {:g}", self.at_most))
        return ", ".join(text.format(limit) for text, limit in parts if limit is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a suite's result."""

    name: str
    ours: float | None
    """Median of our runs; None if a run failed."""
    unit: str
    reference: float | None
    reference_name: str
    ratio: float | None
    target: str
    met: bool
    runs: int
    cpu_seconds: float
    """Of the median run of ours, over this process and everything it started, servers included."""


def targets(suite: str) -> dict[str, Target]:
    """The targets of a suite by row."""
    table = tomllib.loads(TARGETS.read_text(encoding="utf-8"))[suite]
    return {name: Target(**limits) for name, limits in table.items()}


async def compare(comparison: Comparison[W], world: W, scale: Scale, wanted: Mapping[str, Target]) -> list[Row]:
    """Measure one comparison. A run that fails makes its rows not met and says why."""
    ours: list[Figures] = []
    theirs: list[Figures] = []
    cpu: list[float] = []
    try:
        async with comparison.open(world, scale) as (our_run, their_run):
            start_up_is_over()
            for _ in range(scale.runs):
                before = _cpu_seconds()
                ours.append(await our_run())
                cpu.append(_cpu_seconds() - before)
                theirs.append(await their_run())
    except Exception as error:
        # the other rows are still worth knowing
        print(f"{', '.join(comparison.units)}: {type(error).__name__}: {error}", file=sys.stderr)
        return [
            Row(name, None, unit, None, comparison.reference, None, str(wanted[name]), False, len(theirs), 0.0)
            for name, unit in comparison.units.items()
        ]
    return [
        _row(name, unit, comparison.reference, ours, theirs, cpu, wanted[name])
        for name, unit in comparison.units.items()
    ]


def _row(
    name: str,
    unit: str,
    reference: str,
    ours: Sequence[Figures],
    theirs: Sequence[Figures],
    cpu: Sequence[float],
    target: Target,
) -> Row:
    mine = statistics.median(figures[name] for figures in ours)
    other = statistics.median(figures[name] for figures in theirs)
    ratio = other / mine if unit == "ms" else mine / other
    return Row(
        name,
        round(mine, 3),
        unit,
        round(other, 3),
        reference,
        round(ratio, 3),
        str(target),
        target.met(mine, ratio),
        len(ours),
        round(statistics.median(cpu), 3),
    )


def _cpu_seconds() -> float:
    """CPU time of this process and of everything below it; of ended children too, once they were waited for."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def rate(count: int, since: float) -> float:
    """How many a second since a moment of ``time.perf_counter``."""
    return count / (time.perf_counter() - since)


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return statistics.median(ordered) * 1000, ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cpus": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1024**2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def show(suite: str, rows: Sequence[Row]) -> None:
    table = Table("row", "ours", "reference", "unit", "against", "ratio", "target", "verdict", "cpu s", title=suite)
    for row in rows:
        table.add_row(
            row.name,
            _text(row.ours),
            _text(row.reference),
            row.unit,
            row.reference_name,
            _text(row.ratio),
            row.target,
            "met" if row.met else "NOT MET",
            f"{row.cpu_seconds:.2f}",
        )
    Console(width=180).print(table)


def write(file: Path, tree: str, calibrated: Mapping[str, float], rows: Sequence[Row]) -> None:
    """Write a suite's result."""
    document = {
        "tree": tree,
        "machine": machine(),
        "calibration": dict(calibrated),
        "rows": [asdict(row) for row in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _text(figure: float | None) -> str:
    if figure is None:
        return "failed"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"
