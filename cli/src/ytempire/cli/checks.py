"""Checks before anything is started, and operating-system errors as sentences for people."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from ytempire.cli.problems import PlatformProblem

# PostgreSQL's first data (40 MB) and write-ahead log, one video's files, and room to stop cleanly.
NEEDED_DISK_BYTES = 1_000_000_000


def explain(error: OSError, path: Path) -> PlatformProblem:
    """The sentence for an operating-system error met while working in `path`."""
    where = error.filename or path
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PlatformProblem(f"The disk that holds {where} is full: free some space, or use another disk with --var.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return PlatformProblem(f"{where} may not be written by this user: choose another folder with --var.")
    if error.errno == errno.ENAMETOOLONG:
        return PlatformProblem(f"The path of {path} is too long for this system: choose a shorter one with --var.")
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return PlatformProblem(f"{where} is in the way, as it is no folder: move it, or use another one with --var.")
    return PlatformProblem(f"{where} cannot be used: {error.strerror or error}.")


def prepare_var(var: Path, needed_bytes: int = NEEDED_DISK_BYTES) -> Path:
    """Make `var` and prove that it can be written and has room; returns it absolute, links resolved.

    Raises `PlatformProblem`. Parent folders are never changed.
    """
    try:
        resolved = var.resolve()
        (resolved / "run").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=resolved / "run") as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise explain(error, var) from error
    free = shutil.disk_usage(resolved).free
    if free < needed_bytes:
        raise PlatformProblem(
            f"The disk that holds {resolved} has only {free / 1e6:.0f} MB free and {needed_bytes / 1e6:.0f} MB are "
            "needed: free some space, or use another disk with --var."
        )
    return resolved
