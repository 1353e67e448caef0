"""The form of every proof: rows with id, figure, target and verdict, stored by the tree they were measured on."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "bench" / "results"
_FSYNCS = 200
FRAMES = 300


@dataclass(frozen=True)
class Row:
    """One promise."""

    id: str
    line: str
    figure: str
    target: str
    met: bool
    seconds: float
    at: float = 0.0


Check = Callable[[], tuple[str, bool]]
"""Measures and returns the figure with the verdict."""


def measured(id_: str, line: str, target: str, check: Check) -> Row:
    """Run a check; a check that breaks is a row that is not met, with the reason."""
    begin = time.monotonic()
    try:
        figure, met = check()
    except Exception as error:
        # the other rows are still worth knowing
        figure, met = f"{type(error).__name__}: {error}"[:200], False
    row = Row(id_, line, figure, target, met, round(time.monotonic() - begin, 1), time.time())
    print(f"{row.id:<4} {'met    ' if row.met else 'NOT MET'} {row.figure} (target {row.target})", flush=True)
    return row


def tree_hash() -> str:
    """Hash of everything committed except stored results; marked when the work tree differs from it."""
    listed = _git("ls-tree", "-r", "HEAD").splitlines()
    kept = [line for line in listed if "\tbench/results/" not in line]
    dirty = "-dirty" if _git("status", "--porcelain", "--", ".", ":!bench/results") else ""
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16] + dirty


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def calibration(frames: int = FRAMES) -> dict[str, float]:
    """What this machine can do now: fsync p50 in ms, and frames a second of a pure encode."""
    return {"fsync_p50_ms": _fsync_ms(), "encode_fps": _encode_fps(frames), "load_1m": round(os.getloadavg()[0], 2)}


def _fsync_ms() -> float:
    times = []
    with tempfile.NamedTemporaryFile(dir=REPOSITORY) as file:
        for _ in range(_FSYNCS):
            file.write(b"x" * 512)
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begin)
    return round(statistics.median(times) * 1000, 3)


def _encode_fps(frames: int) -> float:
    import imageio_ffmpeg

    begin = time.perf_counter()
    source = f"testsrc2=size=1920x1080:rate=30:duration={frames / 30}"
    options = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-f", "null", "-"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, *options], check=True)
    return round(frames / (time.perf_counter() - begin), 1)


def stored(area: str, row_id: str, tree: str) -> Row | None:
    """The newest result of a row for the same tree."""
    try:
        kept: dict[str, Any] = json.loads(_file(area).read_text())
    except (OSError, ValueError):
        return None
    if kept.get("tree") != tree:
        return None
    found = next((r for r in kept["rows"] if r["id"] == row_id), None)
    return Row(**found) if found else None


def finish(area: str, tree: str, calibrated: dict[str, float], rows: list[Row]) -> None:
    """Print the table, write the results and end with 1 if anything is not met."""
    table = Table("id", "line", "figure", "target", "verdict", "age")
    for row in rows:
        age = f"{(time.time() - row.at) / 60:.0f} min" if row.at else "-"
        table.add_row(row.id, row.line, row.figure, row.target, "met" if row.met else "NOT MET", age)
    Console(width=160).print(table)
    print("calibration:", ", ".join(f"{name} {value}" for name, value in calibrated.items()))
    RESULTS.mkdir(parents=True, exist_ok=True)
    document = {"tree": tree, "calibration": calibrated, "rows": [asdict(row) for row in rows]}
    _file(area).write_text(json.dumps(document, indent=2) + "\n")
    sys.exit(0 if all(row.met for row in rows) else 1)


def _file(area: str) -> Path:
    return RESULTS / f"prove-{area}.json"
