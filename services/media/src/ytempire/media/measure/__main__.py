"""``python -m ytempire.media.measure job.json``: the quality gate as a child process of the media service."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import Field

from ytempire.media.domain.narration import Narration
from ytempire.media.measure.gate import preflight
from ytempire.media.measure.picture import PictureEvidence
from ytempire.media.measure.report import QualityReport
from ytempire.media.worker import Job, Progress, run


class MeasureJob(Job):
    """The video to check, with its narration and captions; the quality report is the result."""

    video: Path
    narration: Path
    captions: Path | None = None
    watched: Path | None = None
    """JSON file of the ``PictureEvidence`` that the renderer's watch gave."""
    portfolio: dict[str, tuple[str, ...]] = Field(default_factory=dict)


def work(job: MeasureJob, progress: Progress) -> QualityReport:
    """Check the video. A video that fails the gate is a result, not an error of this process."""
    narration = Narration.model_validate_json(job.narration.read_bytes())
    watched = PictureEvidence.model_validate_json(job.watched.read_bytes()) if job.watched else None
    return preflight(
        job.video, narration, captions=job.captions, watched=watched, portfolio=job.portfolio, progress=progress
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], MeasureJob, work))
