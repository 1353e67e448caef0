"""What a supervised process is, and how one is started and stopped."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ytempire.cli.problems import PlatformProblem

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

ReadyCheck = Callable[[], str | None]


def _always(line: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class RunAs:
    """The account a process runs under when the platform was started by root."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: how to start it, when it is ready, how to stop it.

    `ready` returns None when the process serves, otherwise a short reason why it does not yet; it must return within
    about a second. `ready_seconds` bounds the wait for it, `stop_seconds` the wait after `stop_signal` before SIGKILL.
    `before_start` runs before each start, `after_restart` each time it serves again after it had died; both block.
    `worth_showing` says which lines of its log a person at the terminal wants; the file gets all.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: ReadyCheck
    cwd: Path = Path("/")
    run_as: RunAs | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    ready_seconds: float = 60.0
    before_start: Callable[[], None] | None = None
    after_restart: Callable[[], None] | None = None
    worth_showing: Callable[[str], bool] = _always


def _die_with_parent(wanted: int) -> Callable[[], None]:
    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, wanted, 0, 0, 0)

    return arrange


def popen_arguments(spec: ProcessSpec) -> dict[str, Any]:
    """Keyword arguments for `subprocess.Popen` or asyncio's equivalent.

    The child gets its own session, so that Ctrl-C reaches only the supervisor, and the kernel sends it the stop signal
    should its parent be killed outright: no orphan keeps a port or a data folder. The parent is the *thread* that
    starts it, so start children from the main thread.
    """
    arguments: dict[str, Any] = {
        "env": dict(spec.env),
        "cwd": str(spec.cwd),
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
        "preexec_fn": _die_with_parent(spec.stop_signal),
    }
    if spec.run_as is not None:
        arguments |= {"user": spec.run_as.uid, "group": spec.run_as.gid, "extra_groups": []}
    return arguments


def start(spec: ProcessSpec, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start `spec` with both outputs into `output`. Raises `PlatformProblem` when it cannot be executed."""
    if spec.before_start is not None:
        spec.before_start()
    try:
        return subprocess.Popen(spec.argv, stdout=output, stderr=subprocess.STDOUT, **popen_arguments(spec))  # noqa: S603 - a list of arguments, no shell
    except OSError as error:
        raise PlatformProblem(f"{spec.name} could not be started ({spec.argv[0]}: {error.strerror}).") from error


def wait_until_ready(spec: ProcessSpec, process: subprocess.Popen[bytes]) -> None:
    """Block until `spec.ready` says so. Raises `PlatformProblem` when the process ends or the time is over."""
    deadline = time.monotonic() + spec.ready_seconds
    while (reason := spec.ready()) is not None:
        if process.poll() is not None:
            raise PlatformProblem(f"{spec.name} ended with code {process.returncode} before it was ready ({reason}).")
        if time.monotonic() > deadline:
            raise PlatformProblem(f"{spec.name} was not ready after {spec.ready_seconds:.0f} s: {reason}.")
        time.sleep(0.02)


def stop(spec: ProcessSpec, process: subprocess.Popen[bytes]) -> int:
    """Send the stop signal, wait, kill if needed; returns the exit code."""
    if process.poll() is None:
        process.send_signal(spec.stop_signal)
        try:
            process.wait(spec.stop_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
