"""`make bench`: every suite, or `SUITE=backbone`. Ends with 1 if a row misses its target."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from bench import harness
from tests.prove.rows import FRAMES, calibration, tree_hash

SUITES = ("backbone",)
"""A suite is a package here; its module ``suite`` has ``measure(scale, only)``."""

Measure = Callable[[harness.Scale, str], Coroutine[Any, Any, list[harness.Row]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--short", action="store_true", help="tiny counts: does everything run?")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name holds TEXT; writes no result")
    parser.add_argument("--results", type=Path, default=harness.RESULTS, metavar="FOLDER")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite is called {', '.join(sorted(unknown))}: choose from {', '.join(SUITES)}")
    scale = harness.SHORT if options.short else harness.FULL
    met = [_suite(name, scale, options.only, options.results) for name in options.suites or SUITES]
    sys.exit(0 if all(met) or options.short else 1)


def _suite(name: str, scale: harness.Scale, only: str, results: Path) -> bool:
    measure: Measure = importlib.import_module(f"bench.{name}.suite").measure
    tree, calibrated = tree_hash(), calibration(scale.of(FRAMES, least=30))
    rows = uvloop.run(measure(scale, only))
    harness.show(name, rows)
    print("calibration:", ", ".join(f"{what} {value}" for what, value in calibrated.items()))
    if not only:
        harness.write(results / f"{name}.json", tree, calibrated, rows)
    return all(row.met for row in rows)


if __name__ == "__main__":
    main()
