"""From a storyboard to a finished MP4."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.narration import Narration
from ytempire.media.measure.picture import PictureWatch
from ytempire.media.studio.encode import Encoder
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.film import Film
from ytempire.media.studio.motion import FPS
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas
from ytempire.media.studio.storyboard import Storyboard

_BUFFERS = 7
"""Frames in flight: the encoder's queue, the one being written, the one being drawn, and one to spare."""


class RenderFacts(BaseModel):
    """What a render made and what it cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    frames: int
    fps: int
    width: int
    height: int
    duration_s: float
    wall_s: float
    cpu_s: float
    """Processor seconds of this process and the encoder."""
    compose_s: float
    """Processor seconds spent drawing."""
    scenes: int
    templates: dict[str, int]
    """Template name to the number of scenes it drew."""
    bytes: int
    bitrate_kbps: float


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def render(
    board: Storyboard,
    narration: Narration,
    audio: Path,
    out: Path,
    progress: Callable[[float], None] = lambda share: None,
    preset: str = "veryfast",
    crf: int = 18,
    watch: PictureWatch | None = None,
) -> RenderFacts:
    """Draws and encodes the film; ``progress`` is called with the share done, 0..1, about once a second of film.

    ``watch`` sees the brightness of every frame as it is drawn, so that the quality gate need not decode them again.

    Raises ``StudioError`` when the audio is missing and ``ToolFailed`` when the encoder fails; no half-written file
    stays behind.
    """
    if not audio.is_file():
        raise StudioError(f"the audio file {audio} does not exist")
    started, cpu = time.monotonic(), _cpu()
    film = Film(board, narration)
    canvases = [Canvas() for _ in range(_BUFFERS)]
    composing = 0.0
    with Encoder(audio, out, board.frames / FPS, preset, crf) as encoder:
        for frame in range(board.frames):
            canvas = canvases[frame % _BUFFERS]
            begin = time.thread_time()
            film.draw(canvas, frame)
            composing += time.thread_time() - begin
            encoder.write(canvas.buffer)
            if watch is not None:
                watch.see(canvas.y)
            if frame % FPS == 0:
                progress(frame / board.frames)
    progress(1.0)
    size = out.stat().st_size
    duration = board.frames / FPS
    return RenderFacts(
        path=str(out), frames=board.frames, fps=FPS, width=WIDTH, height=HEIGHT, duration_s=round(duration, 4),
        wall_s=round(time.monotonic() - started, 3), cpu_s=round(_cpu() - cpu, 3), compose_s=round(composing, 3),
        scenes=len(board.scenes), templates=board.templates(), bytes=size,
        bitrate_kbps=round(size * 8 / 1000 / duration, 1),
    )  # fmt: skip
