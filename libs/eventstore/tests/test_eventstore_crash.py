"""Crash points: the table names exactly the places there are, and reaching one ends the process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ytempire.eventstore import crash

LIBS = Path(__file__).parents[2]


def test_every_crash_point_is_in_the_table_and_in_the_code() -> None:
    sources = [file.read_text(encoding="utf-8") for file in LIBS.glob("*/src/**/*.py")]
    used = {name for source in sources for name in re.findall(r"crash\.point\(\"([a-z_.]+)\"\)", source)}
    assert used == set(crash.POINTS)
    assert crash.__doc__ is not None
    assert all(f"| {name} |" in crash.__doc__ for name in crash.POINTS)


def test_the_process_ends_at_the_nth_time_it_comes_there() -> None:
    code = "from ytempire.eventstore import crash\nfor i in range(5): crash.point('here'); print(i)"
    done = subprocess.run(
        [sys.executable, "-u", "-c", code],
        env={**os.environ, crash.VARIABLE: "here:3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == crash.EXIT_CODE
    assert done.stdout.split() == ["0", "1"]
