"""What a running platform tells the outside: a lock so that it runs once, and `var/run/platform.json`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ytempire.cli.problems import PlatformProblem

PlatformState = dict[str, Any]


def lock_file(var: Path) -> Path:
    """The file that a running platform holds locked; it contains the supervisor's pid."""
    return var / "run" / "platform.lock"


def state_file(var: Path) -> Path:
    """Pids, ports and addresses of the running platform."""
    return var / "run" / "platform.json"


def _locked(descriptor: int) -> bool:
    """Lock, with a second and third try: `ytempire status` holds a shared lock for an instant."""
    for pause in (0.05, 0.1, None):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause is not None:
                time.sleep(pause)
        else:
            return True
    return False


@contextlib.contextmanager
def hold_lock(var: Path) -> Iterator[None]:
    """Hold the platform's lock. Raises `PlatformProblem` when another platform runs on the same `var`."""
    path = lock_file(var)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _locked(descriptor):
            pid = os.read(descriptor, 20).decode("ascii", errors="replace").strip() or "unknown"
            raise PlatformProblem(
                f"YTEMPIRE already runs on {var} (process {pid}): stop it with `ytempire down`, "
                "or give this one another folder with --var."
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def running_pid(var: Path) -> int | None:
    """The supervisor's pid if a platform runs on `var`."""
    try:
        descriptor = os.open(lock_file(var), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 20).decode("ascii", errors="replace").strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(descriptor)


def write_state(var: Path, state: PlatformState) -> None:
    """Replace `platform.json` in one step. It holds no secrets."""
    path = state_file(var)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(state, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    fresh.replace(path)


def read_state(var: Path) -> PlatformState | None:
    """The last state written, or None when there is none that can be read."""
    try:
        loaded = json.loads(state_file(var).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None
