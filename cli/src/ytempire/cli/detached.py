"""A platform in the background: start it and wait, stop it, from commands and tests alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ytempire.cli.checks import explain, prepare_var
from ytempire.cli.logs import tail
from ytempire.cli.plan import UpOptions
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.state import PlatformState, read_state, running_pid

# First start on a slow disk: initdb, seven migrations, seven services.
START_SECONDS = 180.0
# Servers, sandbox and services each get ten seconds before they are killed.
STOP_SECONDS = 60.0


def start(options: UpOptions, timeout_s: float = START_SECONDS) -> PlatformState:
    """Start the platform in the background and wait until it is ready; returns its state.

    Raises `PlatformProblem` with the platform's own sentence when it ends before that, or when the time is over.
    """
    var = prepare_var(options.var)
    output_file = var / "log" / "detached.log"
    try:
        output_file.parent.mkdir(exist_ok=True)
        with output_file.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
                (
                    sys.executable,
                    "-m",
                    "ytempire.cli",
                    "up",
                    "--var",
                    str(var),
                    "--port",
                    str(options.port),
                    "--clock",
                    options.clock,
                    "--log-level",
                    options.log_level,
                    "--quiet",
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise explain(error, var) from error
    return _wait_ready(process, var, output_file, timeout_s)


def _wait_ready(process: subprocess.Popen[bytes], var: Path, output_file: Path, timeout_s: float) -> PlatformState:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        state = read_state(var)
        if state and state.get("pid") == process.pid and state.get("phase") == "ready":
            return state
        if process.poll() is not None:
            words = "\n".join(tail(output_file, 20)).removeprefix("ytempire: ")
            problem = PlatformProblem(words or f"The platform ended with code {process.returncode} while starting.")
            problem.exit_code = process.returncode or 1
            raise problem
        time.sleep(0.05)
    process.terminate()
    raise PlatformProblem(f"The platform was not ready after {timeout_s:.0f} s: see the files in {var / 'log'}.")


def stop(var: Path, timeout_s: float = STOP_SECONDS) -> bool:
    """Stop the platform that runs on `var` and wait for its end; returns False when none runs.

    Raises `PlatformProblem` when it belongs to another user or does not end in time.
    """
    pid = running_pid(var)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    except PermissionError:
        raise PlatformProblem(
            f"The platform on {var} (process {pid}) belongs to another user: stop it as that user."
        ) from None
    deadline = time.monotonic() + timeout_s
    while running_pid(var) == pid:
        if time.monotonic() > deadline:
            raise PlatformProblem(f"The platform (process {pid}) did not end within {timeout_s:.0f} s: kill it by pid.")
        time.sleep(0.05)
    return True
