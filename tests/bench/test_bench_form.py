"""Every suite in its short form: it runs, and what it writes has the form that is read elsewhere. No figure matters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.harness import targets

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(900)
"""A run has many parts, and a busy machine must not make it fail."""

KEYS = ("name", "ours", "unit", "reference", "reference_name", "ratio", "target", "met", "runs", "cpu_seconds")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "bench", "backbone", "--short", "--results", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written: dict[str, Any] = json.loads((folder / "backbone.json").read_text())
    return written | {"said": done.stderr}


def test_the_document_says_what_was_measured_where(result: dict[str, Any]) -> None:
    assert set(result) - {"said"} == {"tree", "machine", "calibration", "rows"}
    assert result["calibration"]["fsync_p50_ms"] > 0
    assert result["calibration"]["encode_fps"] > 0
    assert result["machine"]["cpus"] > 0


def test_every_row_ran_and_has_a_reference_and_a_target(result: dict[str, Any]) -> None:
    for row in result["rows"]:
        assert tuple(row) == KEYS
        assert row["reference_name"]
        assert row["target"]
        assert row["ours"], f"{row['name']} failed: {result['said']}"
        assert row["reference"]
        assert row["ratio"] > 0


def test_rows_and_targets_are_the_same(result: dict[str, Any]) -> None:
    names = [row["name"] for row in result["rows"]]
    assert len(names) == len(set(names))
    assert set(names) == set(targets("backbone"))
