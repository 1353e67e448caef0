"""The encoder process: I420 frames in, an H.264/AAC file out, written beside its place and moved there when whole."""

from __future__ import annotations

import contextlib
import fcntl
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from ytempire.media.process import ToolFailed, ffmpeg, popen
from ytempire.media.sound.master import AAC
from ytempire.media.studio.motion import FPS
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Plane

_BT709 = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
_QUEUE = 4


def command(audio: Path, out: Path, duration_s: float, preset: str, crf: int) -> list[str]:
    """The encoder's command line. The input is tagged too: with only the output tagged ffmpeg converts the matrix."""
    return [
        ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS),
        "-color_range", "tv", "-colorspace", "bt709", "-i", "pipe:0",
        "-i", str(audio), "-map", "0:v:0", "-map", "1:a:0", "-vf", _BT709,
        "-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-maxrate", "12M", "-bufsize", "24M",
        "-profile:v", "high", "-pix_fmt", "yuv420p", "-aq-mode", "3", "-g", "150",
        "-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
        *AAC, "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-t", f"{duration_s:.4f}", "-movflags", "+faststart", "-f", "mp4", str(out),
    ]  # fmt: skip


class Encoder:
    """Takes frames and writes the file; use as a context manager, the file appears only when all went well.

    Raises ``ToolFailed`` when ffmpeg fails, with the end of what it said.
    """

    def __init__(self, audio: Path, out: Path, duration_s: float, preset: str, crf: int) -> None:
        self._out = out
        self._partial = out.with_name(f".{out.stem}.partial{out.suffix}")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the encoder
        out.parent.mkdir(parents=True, exist_ok=True)
        self._process = popen(
            command(audio, self._partial, duration_s, preset, crf), stdin=subprocess.PIPE, stderr=self._log.fileno()
        )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._pipe.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)
        self._frames: queue.Queue[Plane | None] = queue.Queue(_QUEUE)
        self._broken: OSError | None = None
        self._thread = threading.Thread(target=self._write, name="encoder-pipe", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        while (frame := self._frames.get()) is not None:
            if self._broken is None:
                try:
                    self._pipe.write(frame.data)
                except OSError as error:
                    self._broken = error

    def write(self, frame: Plane) -> None:
        """Hands a frame over; the buffer may be used again after four more frames."""
        if self._broken is not None:
            raise self._failure()
        self._frames.put(frame)

    def _failure(self) -> ToolFailed:
        self._log.seek(0)
        said = self._log.read()[-600:].decode("utf-8", "replace").strip()
        return ToolFailed(f"the encoder stopped: {said or self._broken or 'no message'}")

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._frames.put(None)
        self._thread.join()
        with contextlib.suppress(OSError):
            self._pipe.close()
        code = self._process.wait()
        try:
            if kind is None:
                if code or self._broken:
                    raise self._failure()
                self._partial.replace(self._out)
        finally:
            self._partial.unlink(missing_ok=True)
            self._log.close()
