"""One job of the writer, for a child process: the parser's memory goes when the process ends.

A job file holds ``result`` (see :mod:`ytempire.media.worker`) and one of two kinds of ``job``::

    {"task": "write", "brief": "path.md" or null, "topic": "", "niche_id": "", "style": "beginner_friendly",
     "target_seconds": 60, "words_per_minute": 150}
    {"task": "accept_hook", "script": {...}, "brief_json": {...}, "text": "..."}

The result of the first holds ``script``, ``brief``, ``description`` and ``hook_request``, that of the second
``script``, ``accepted``, ``reason`` and ``description``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.script import Script
from ytempire.media.writer.brief import Brief, read_brief
from ytempire.media.writer.describe import describe
from ytempire.media.writer.errors import BriefError
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


class HookJob(BaseModel):
    """A rewritten hook to judge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["accept_hook"]
    script: Script
    brief_json: Brief
    text: str


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
