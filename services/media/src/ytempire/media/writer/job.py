"""One job of the writer, for a child process: the parser's memory goes when the process ends.

A job is a JSON file::

    {"task": "write", "brief": "path.md" or null, "topic": "", "niche_id": "", "style": "beginner_friendly",
     "target_seconds": 60, "words_per_minute": 150, "result": "out.json"}
    {"task": "accept_hook", "script": {...}, "brief_json": {...}, "text": "...", "result": "out.json"}

The result holds ``{"ok": true, "script", "brief", "description", "hook_request", "seconds", "peak_mb"}`` or
``{"ok": false, "code", "field", "message"}``.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ytempire.media.domain.script import Script
from ytempire.media.writer.brief import Brief, read_brief
from ytempire.media.writer.describe import describe
from ytempire.media.writer.errors import BriefError, WriterError
from ytempire.media.writer.hook import accept_hook, hook_request
from ytempire.media.writer.topic import BEGINNER, brief_for


class WriteJob(BaseModel):
    """A script to write, from a brief or from the packaged facts about a topic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["write"] = "write"
    brief: str | None = None
    """Path of the brief; without it, ``topic`` and ``niche_id`` choose a fact sheet."""
    topic: str = ""
    niche_id: str = ""
    style: str = BEGINNER
    target_seconds: int = 60
    words_per_minute: int = 150
    result: str = ""


class HookJob(BaseModel):
    """A rewritten hook to judge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["accept_hook"]
    script: Script
    brief_json: Brief
    text: str
    result: str = ""


def run_write(job: WriteJob) -> dict[str, Any]:
    """Write the script of a job.

    Raises:
        WriterError: the brief cannot be read or there are no facts.
    """
    from ytempire.media.writer.write import write

    if job.brief is not None:
        try:
            data = Path(job.brief).read_bytes()
        except OSError as error:
            message = f"The brief {job.brief} cannot be read: {error.strerror}."
            raise BriefError("unreadable", "brief", message) from None
        brief = read_brief(data)
    else:
        brief = brief_for(job.topic, job.niche_id, job.style)
    script = write(brief, job.target_seconds, job.words_per_minute)
    return {
        "script": script.model_dump(mode="json"),
        "brief": brief.model_dump(mode="json"),
        "description": describe(script, brief).model_dump(mode="json"),
        "hook_request": hook_request(script, brief),
    }


def run_hook(job: HookJob) -> dict[str, Any]:
    """Judge a rewritten hook."""
    answer = accept_hook(job.script, job.brief_json, job.text)
    description = describe(answer.script, job.brief_json)
    return {
        "script": answer.script.model_dump(mode="json"),
        "accepted": answer.accepted,
        "reason": answer.reason,
        "description": description.model_dump(mode="json"),
    }


def run(path: str) -> int:
    """Run the job file at ``path``; returns the exit status: 0 done, 1 refused, 2 the job file is wrong."""
    start = time.perf_counter()
    try:
        raw = json.loads(Path(path).read_bytes())
        hook = isinstance(raw, dict) and raw.get("task") == "accept_hook"
        job = HookJob.model_validate(raw) if hook else WriteJob.model_validate(raw)
    except (OSError, ValueError, ValidationError) as error:
        print(f"The job file {path} cannot be used: {error}")
        return 2
    try:
        done = run_hook(job) if isinstance(job, HookJob) else run_write(job)
        outcome = {"ok": True, **done}
    except WriterError as error:
        outcome = {"ok": False, "code": error.code, "field": error.field, "message": error.message}
    except ValueError as error:
        outcome = {"ok": False, "code": "invalid", "field": "target_seconds", "message": str(error)}
    outcome["seconds"] = round(time.perf_counter() - start, 3)
    outcome["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    target = Path(job.result)
    partial = target.with_name(target.name + ".part")
    partial.write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")
    partial.replace(target)
    return 0 if outcome["ok"] else 1
