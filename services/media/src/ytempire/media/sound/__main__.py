"""``python -m ytempire.media.sound job.json``: mix a narration as a child process of the media service."""

from __future__ import annotations

import sys
from pathlib import Path

from ytempire.media.domain.narration import Narration
from ytempire.media.sound.mixing import MixFacts, mix
from ytempire.media.worker import Job, Progress, run


class SoundJob(Job):
    """The narration to mix; the facts of the mix are the result."""

    narration: Path
    out_wav: Path
    seed: int
    music: bool = True
    accents_s: tuple[float, ...] = ()


def work(job: SoundJob, progress: Progress) -> MixFacts:
    """Mix the narration."""
    narration = Narration.model_validate_json(job.narration.read_bytes())
    return mix(narration, job.out_wav, job.seed, job.music, progress, accents_s=job.accents_s)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], SoundJob, work))
