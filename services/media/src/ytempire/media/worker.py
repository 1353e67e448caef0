"""The frame of a stage that runs as a child process: job file in, progress lines out, result file at the end.

``python -m ytempire.media.voice job.json`` prints one JSON object a line on standard output:
``{"progress": 0.42}`` while it works, and at the end ``{"result": "path", "compute": {...}}``, where
``compute`` is the ``Usage`` to price, or ``{"error": "code", "message": "..."}``.
Exit codes: 0 done, 2 the job is wrong (asking again will not help), 1 anything else (a retry may help).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ytempire.media.compute import ComputeMeter
from ytempire.media.process import ToolFailed, die_with_parent, replace_atomically

Progress = Callable[[float], None]
_MIN_INTERVAL_S = 0.1


class Job(BaseModel):
    """What every job file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Path
    """Where the result JSON is written."""


JobT = TypeVar("JobT", bound=Job)


def silent(_fraction: float) -> None:
    """Take progress and tell nobody."""


def _say(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _reporter() -> Progress:
    last = -1.0

    def report(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if fraction >= 1.0 or now - last >= _MIN_INTERVAL_S:
            last = now
            _say(progress=round(min(1.0, max(0.0, fraction)), 4))

    return report


def _fail(code: str, message: str, exit_code: int) -> int:
    _say(error=code, message=message)
    return exit_code


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{field}: {first['msg']}"


def run(argv: list[str], job_type: type[JobT], work: Callable[[JobT, Progress], BaseModel]) -> int:
    """Run one job file through ``work`` and return the process' exit code."""
    die_with_parent()
    if len(argv) != 1:
        return _fail("usage", "give exactly one argument: the path of the job file", 2)
    path = Path(argv[0])
    try:
        job = job_type.model_validate_json(path.read_bytes())
    except OSError as error:
        return _fail("job_unreadable", f"cannot read the job file {path}: {error.strerror}", 2)
    except ValidationError as error:
        return _fail("job_invalid", f"the job file {path} is wrong at {_first_error(error)}", 2)
    meter = ComputeMeter()
    try:
        with meter:
            result = work(job, _reporter())
            replace_atomically(job.result, result.model_dump_json(indent=1).encode())
    except (ValueError, FileNotFoundError) as error:
        return _fail("input_invalid", str(error), 2)
    except (ToolFailed, OSError) as error:
        return _fail("stage_failed", str(error), 1)
    _say(progress=1.0)
    _say(result=str(job.result), compute=meter.usage.model_dump())
    return 0
