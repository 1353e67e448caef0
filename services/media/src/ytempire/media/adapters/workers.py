"""Stages as child processes: a job file in, progress lines out, a result file at the end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson

from ytempire.media.compute import Usage
from ytempire.media.ports import Progress, StageFailedError
from ytempire.media.process import die_with_parent

_EXIT_JOB_WRONG = 2
_TAIL = 800


class ChildWorkers:
    """Runs ``python -m <module> job.json``; the child dies with this process."""

    async def run(self, stage: str, module: str, job: dict[str, Any], folder: Path, progress: Progress) -> Usage:
        job_file = folder / f"{stage}.job.json"
        job_file.write_bytes(orjson.dumps(job, default=str))
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            str(job_file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        try:
            last, errors = await asyncio.gather(_follow(child, progress), _drain(child))
            await child.wait()
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        if child.returncode != 0 or "result" not in last:
            raise StageFailedError(
                stage,
                str(last.get("error", "stage_failed")),
                str(last.get("message") or f"{stage} ended with exit code {child.returncode}: {errors[-_TAIL:]}"),
                final=child.returncode == _EXIT_JOB_WRONG,
            )
        return Usage.model_validate(last.get("compute", {}))


async def _follow(child: asyncio.subprocess.Process, progress: Progress) -> dict[str, Any]:
    assert child.stdout is not None
    last: dict[str, Any] = {}
    async for line in child.stdout:
        if not line.startswith(b"{"):
            continue
        said: dict[str, Any] = orjson.loads(line)
        if "progress" in said:
            progress(float(said["progress"]))
        else:
            last = said
    return last


async def _drain(child: asyncio.subprocess.Process) -> str:
    assert child.stderr is not None
    return (await child.stderr.read()).decode("utf-8", "replace").strip()
