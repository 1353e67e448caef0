"""`ytempire logs`: what the processes said."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.logs import Console, tail
from ytempire.cli.problems import PlatformProblem

_POLL_SECONDS = 0.3


class _Follower:
    """Reads what is appended to a log file, also across its rotation."""

    def __init__(self, file: Path) -> None:
        self.name = file.stem
        self._file = file
        self._offset = file.stat().st_size
        self._inode = file.stat().st_ino

    def new_lines(self) -> list[str]:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return []
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._inode, self._offset = status.st_ino, 0
        with self._file.open("rb") as handle:
            handle.seek(self._offset)
            data = handle.read()
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        return data[:whole].decode("utf-8", errors="replace").splitlines()


def _files(log_dir: Path, service: str | None) -> list[Path]:
    files = sorted(log_dir.glob("*.log"))
    if service is None:
        return files
    chosen = [file for file in files if file.stem == service]
    if not chosen:
        known = ", ".join(file.stem for file in files) or "none yet"
        raise PlatformProblem(f"There is no log of {service!r} in {log_dir}; there are: {known}.")
    return chosen


def logs(
    service: Annotated[str | None, typer.Argument(help="Only this process.")] = None,
    var: VarOption = DEFAULT_VAR,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each file.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what comes.")] = False,
) -> None:
    """Show the last lines of the processes' logs."""
    console = Console()
    files = _files(var.resolve() / "log", service)
    followers = [_Follower(file) for file in files] if follow else []
    for file in files:
        for line in tail(file, lines):
            console.line(file.stem, line)
    while followers:
        for follower in followers:
            for line in follower.new_lines():
                console.line(follower.name, line)
        time.sleep(_POLL_SECONDS)
