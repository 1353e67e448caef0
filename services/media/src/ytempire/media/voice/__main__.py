"""``python -m ytempire.media.voice job.json``: record a script as a child process of the media service."""

from __future__ import annotations

import sys
from pathlib import Path

from ytempire.media.domain.narration import Narration
from ytempire.media.domain.script import Script
from ytempire.media.process import replace_atomically
from ytempire.media.voice.captions import to_srt, to_vtt
from ytempire.media.voice.model import VoiceSettings
from ytempire.media.voice.narrate import narrate
from ytempire.media.worker import Job, Progress, run


class VoiceJob(Job):
    """The script to record; the narration is the result, the captions lie beside the recording."""

    script: Path
    out_dir: Path
    cache_dir: Path | None = None
    settings: VoiceSettings = VoiceSettings()


def work(job: VoiceJob, progress: Progress) -> Narration:
    """Record the script and write ``captions.srt`` and ``captions.vtt``."""
    script = Script.model_validate_json(job.script.read_bytes())
    narration = narrate(script, job.out_dir, progress, cache_dir=job.cache_dir, settings=job.settings)
    replace_atomically(job.out_dir / "captions.srt", to_srt(narration, script).encode())
    replace_atomically(job.out_dir / "captions.vtt", to_vtt(narration, script).encode())
    return narration


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], VoiceJob, work))
