"""One pass over a finished file: small grey pictures and quiet mono sound for the gate, and its loudness."""

from __future__ import annotations

import math
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ytempire.media.measure.facts import MediaFacts
from ytempire.media.measure.picture import HEIGHT, WIDTH, PictureEvidence, PictureWatch
from ytempire.media.process import ToolFailed, ffmpeg, popen
from ytempire.media.sound.master import Loudness, read_summary

SOUND_RATE = 8_000


class Heard(NamedTuple):
    """The sound of a file: mono at 8 kHz, 0 to 1, and its loudness."""

    samples: NDArray[np.float32]
    loudness: Loudness


class Seen(NamedTuple):
    """What one pass found; ``heard`` is None for a file without sound."""

    picture: PictureEvidence
    heard: Heard | None
    complaints: str
    """What the decoder had to say about damaged data; empty for a sound file."""


def decode(
    facts: MediaFacts, *, keyframes_only: bool = False, progress: Callable[[float], None] = lambda _: None
) -> Seen:
    """Decode the file once. ``keyframes_only`` is for files whose pictures were watched while they were drawn.

    Raises ``ToolFailed`` if ffmpeg cannot decode it.
    """
    with tempfile.TemporaryDirectory(prefix="ytempire-measure-") as folder:
        sound = Path(folder) / "sound.raw"
        child = popen(
            [ffmpeg(), "-hide_banner", "-nostdin", "-y", "-loglevel", "repeat+level+info", "-nostats",
             *(["-skip_frame", "nokey"] if keyframes_only else []), "-i", facts.path,
             *_picture_output(), *(_sound_output(sound) if facts.audio_codec else [])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        lines: list[str] = []
        reader = threading.Thread(target=_collect, args=(child, lines), daemon=True)
        reader.start()
        picture = _watch(child, facts, keyframes_only, progress)
        child.wait()
        reader.join(timeout=5)
        log = "".join(lines)
        if child.returncode != 0:
            raise ToolFailed(f"ffmpeg could not decode {facts.path}: {log[-600:].strip()}")
        heard = None
        if facts.audio_codec:
            samples = np.fromfile(sound, "<i2").astype(np.float32) / 32768.0
            heard = Heard(samples, read_summary(log))
        complaints = [line for line in lines if "[error]" in line or "[fatal]" in line]
        return Seen(picture, heard, "".join(complaints[:5]))


def _picture_output() -> list[str]:
    chain = f"extractplanes=y,scale={WIDTH}:{HEIGHT}:flags=area"
    return ["-map", "0:v:0", "-vf", chain, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]


def _sound_output(path: Path) -> list[str]:
    graph = f"ebur128=peak=true:framelog=quiet,aresample={SOUND_RATE}"
    return ["-map", "0:a:0", "-af", graph, "-ac", "1", "-f", "s16le", str(path)]


def _collect(child: subprocess.Popen[bytes], lines: list[str]) -> None:
    for raw in child.stderr or ():
        lines.append(raw.decode("utf-8", "replace"))


def _watch(
    child: subprocess.Popen[bytes], facts: MediaFacts, keyframes_only: bool, progress: Callable[[float], None]
) -> PictureEvidence:
    fps = facts.fps or 30.0
    expected = max(1, math.ceil(facts.duration_s * fps))
    watch = PictureWatch(fps)
    size, count = WIDTH * HEIGHT, 0
    while child.stdout is not None and len(frame := child.stdout.read(size)) == size:
        watch.see(np.frombuffer(frame, np.uint8).reshape(HEIGHT, WIDTH))
        count += 1
        if not keyframes_only and count % 30 == 0:
            progress(min(1.0, count / expected))
    return watch.finish()
