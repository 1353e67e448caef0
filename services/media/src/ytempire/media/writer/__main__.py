"""``python -m ytempire.media.writer job.json``: one job of the writer (see :mod:`ytempire.media.writer.job`)."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from pydantic import Field, RootModel

from ytempire.media.worker import Job, Progress, run
from ytempire.media.writer.job import HookJob, WriteJob, run_hook, run_write


class WriterJob(Job):
    """The job itself is one of two kinds, told by its ``task``."""

    job: Annotated[WriteJob | HookJob, Field(discriminator="task")]


class Outcome(RootModel[dict[str, Any]]):
    """What the job gave."""


def work(job: WriterJob, progress: Progress) -> Outcome:
    """Write a script or judge a rewritten hook."""
    return Outcome(run_hook(job.job) if isinstance(job.job, HookJob) else run_write(job.job))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], WriterJob, work))
