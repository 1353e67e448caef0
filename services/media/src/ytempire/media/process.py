"""Child processes of the media service: they end with their parent, and their last words go into the error text."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

_PR_SET_PDEATHSIG = 1
_TAIL_CHARS = 600


class ToolFailed(RuntimeError):
    """A tool the media service runs ended with an error; the text names the tool and holds its last lines."""


@functools.cache
def ffmpeg() -> str:
    """Return the path of the ffmpeg binary that imageio-ffmpeg carries."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (Linux; elsewhere it does nothing).

    Used as ``preexec_fn`` and at the start of the workers, so that a killed service leaves no voice or encoder behind.
    """
    libc = _libc()
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def popen(
    args: Sequence[str | Path], *, stdin: int | None = None, stdout: int | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a child that dies with this process; the streams are those of ``subprocess.Popen``."""
    _libc()  # load it before the fork: the child may only make the call
    return subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
        [str(a) for a in args], stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=die_with_parent
    )


def run_ffmpeg(args: Sequence[str | Path], *, stdin: bytes | None = None, timeout_s: float = 1800.0) -> str:
    """Run ffmpeg to its end and return what it wrote to standard error, where its measurements appear.

    Raises ``ToolFailed`` with ffmpeg's last lines, also when it exceeds ``timeout_s``.
    """
    command: list[str | Path] = [ffmpeg(), "-hide_banner", "-nostdin", "-y", *args]
    if stdin is not None:
        command.remove("-nostdin")
    child = popen(
        command,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, errors = child.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise ToolFailed(f"ffmpeg did not finish within {timeout_s:.0f} s and was stopped") from None
    text = errors.decode("utf-8", "replace")
    if child.returncode != 0:
        raise ToolFailed(f"ffmpeg ended with {child.returncode}: {text[-_TAIL_CHARS:].strip()}")
    return text


def replace_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path`` and rename it there, so that a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(path)
