"""``python -m ytempire.media.studio job.json``: plan, draw and encode a film as a child of the media service."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ytempire.media.domain.narration import Narration
from ytempire.media.domain.script import Script
from ytempire.media.measure.picture import PictureWatch
from ytempire.media.process import replace_atomically
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.kit import KITS, Brand, Kit, branded, kit_for
from ytempire.media.studio.motion import FPS
from ytempire.media.studio.plan import plan
from ytempire.media.studio.render import RenderFacts, render
from ytempire.media.studio.thumbnail import thumbnail
from ytempire.media.worker import Job, Progress, run


class StudioJob(Job):
    """What to draw, and where the film goes."""

    script: Path
    """JSON file of the ``Script``."""
    narration: Path
    """JSON file of the ``Narration``."""
    audio: Path
    """The finished mix, already loudness-normalised; any file that ffmpeg reads."""
    out: Path
    """The MP4 to write."""
    kit: Kit | str | None = None
    """A kit, the name of one, or nothing: then one is chosen by ``seed``."""
    seed: str = ""
    """Who the film is for (a channel id): the same seed always gets the same kit."""
    brand: Brand = Brand()
    """What the channel's owner chose of the kit."""
    thumbnail: Path | None = None
    """The JPEG to write."""
    storyboard: Path | None = None
    """Where to keep the storyboard as JSON."""
    watched: Path | None = None
    """Where to keep what was seen while drawing, for the quality gate."""
    preset: str = "veryfast"
    crf: int = Field(default=18, ge=0, le=51)


class StudioResult(BaseModel):
    """What was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: RenderFacts
    kit: str
    thumbnail: str | None = None


def _kit(job: StudioJob) -> Kit:
    if isinstance(job.kit, Kit):
        return job.kit
    try:
        return branded(kit_for(job.kit, job.seed), job.brand)
    except KeyError:
        raise StudioError(f"there is no kit named {job.kit!r}; choose one of {', '.join(sorted(KITS))}") from None


def work(job: StudioJob, progress: Progress) -> StudioResult:
    """Does the job; raises ``StudioError`` for input that cannot be drawn."""
    script = Script.model_validate_json(job.script.read_bytes())
    narration = Narration.model_validate_json(job.narration.read_bytes())
    kit = _kit(job)
    board = plan(script, narration, kit)
    if job.storyboard:
        replace_atomically(job.storyboard, board.model_dump_json(indent=1).encode())
    if job.thumbnail:
        thumbnail(script, kit, job.thumbnail)
    watch = PictureWatch(FPS) if job.watched else None
    facts = render(board, narration, job.audio, job.out, progress, job.preset, job.crf, watch)
    if job.watched and watch:
        replace_atomically(job.watched, watch.finish().model_dump_json().encode())
    return StudioResult(facts=facts, kit=kit.name, thumbnail=str(job.thumbnail) if job.thumbnail else None)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], StudioJob, work))
