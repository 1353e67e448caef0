"""What the processes say: to a file each (rotated by size), and to the terminal with a coloured name in front."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

MAX_FILE_BYTES = 5_000_000
KEPT_FILES = 3
_REMEMBERED_LINES = 40
_COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94", "91")
_NAME_WIDTH = 10
_LONGEST_LINE_BYTES = 64_000


def wants_colour(stream: TextIO) -> bool:
    """Whether colours help: a terminal, and nobody set NO_COLOR (no-color.org)."""
    return stream.isatty() and "NO_COLOR" not in os.environ


class Console:
    """The terminal: one line at a time, each with the name of the process it came from."""

    def __init__(self, stream: TextIO | None = None, colour: bool | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._colour = wants_colour(self._stream) if colour is None else colour
        self._names: list[str] = []

    def line(self, name: str, text: str) -> None:
        """Write one line. A terminal that is gone is no reason to stop the platform."""
        if name not in self._names:
            self._names.append(name)
        prefix = f"{name:<{_NAME_WIDTH}} │"
        if self._colour:
            colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()


class _PatientFile(RotatingFileHandler):
    """A rotating file that drops what it cannot write."""

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk must not take the supervisor down with it; the terminal still shows the line."""


class ProcessLog:
    """Takes the raw output of one process apart into lines, for its file and for the terminal."""

    def __init__(
        self,
        name: str,
        log_dir: Path,
        console: Console | None,
        worth_showing: Callable[[str], bool] = lambda line: True,
    ) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._console = console
        self._worth_showing = worth_showing
        self._partial = b""
        self._handler = _PatientFile(
            log_dir / f"{name}.log", maxBytes=MAX_FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
        )
        self.recent: deque[str] = deque(maxlen=_REMEMBERED_LINES)

    def feed(self, chunk: bytes) -> None:
        """Take bytes as they come; whole lines are written at once."""
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        for line in lines:
            self.write(line.decode("utf-8", errors="replace").rstrip("\r"))
        if len(self._partial) > _LONGEST_LINE_BYTES:
            self.write(self._partial.decode("utf-8", errors="replace"))
            self._partial = b""

    def write(self, text: str) -> None:
        """Write one line."""
        self.recent.append(text)
        self._handler.emit(logging.LogRecord(self._name, logging.INFO, "", 0, "%s", (text,), None))
        if self._console is not None and self._worth_showing(text):
            self._console.line(self._name, text)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._partial:
            self.write(self._partial.decode("utf-8", errors="replace"))
            self._partial = b""
        with contextlib.suppress(OSError):
            self._handler.close()


def tail(file: Path, lines: int) -> list[str]:
    """The last `lines` lines of a log file; nothing when there is none."""
    try:
        with file.open("r", encoding="utf-8", errors="replace") as handle:
            return [line.rstrip("\n") for line in deque(handle, maxlen=lines)]
    except FileNotFoundError:
        return []
