"""`make test-containers`: contract tests and one journey on PostgreSQL and NATS in containers."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("tests.containers.main", run_name="__main__")
