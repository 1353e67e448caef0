"""`python -m tests.containers.main [contract|journey]`: contract tests and one journey on servers in containers.

The servers are PostgreSQL and NATS. Without an argument both parts run; a failure of one does not hide the other.

Exit codes: 0 all passed, or no engine can start here (the reason is printed); 1 something failed. With
`YTEMPIRE_CONTAINERS_REQUIRED=1`, as in a pipeline that must not skip, no engine is a failure too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console
from tests.containers.engine import NoEngineError, engine
from tests.containers.images import obtain
from tests.containers.platform import running_platform
from tests.containers.servers import Servers, running_servers

from ytempire.cli.commands.demo import walk
from ytempire.cli.journey.browser import Refused
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.testing import temporary_var

_ROOT = Path(__file__).resolve().parents[2]
_SUITES = ("tests/contract", "libs/bus/tests")
_LIMIT_SECONDS = 2100
_SUITE_SECONDS = 700.0
_began = time.monotonic()


def say(line: str) -> None:
    """One line of progress with the seconds since the start."""
    sys.stdout.write(f"[{time.monotonic() - _began:6.1f} s] {line}\n")
    sys.stdout.flush()


def contract_tests(servers: Servers, folder: Path) -> None:
    """Run the contract tests, and the bus's own, with their servers in containers.

    Raises `PlatformProblem` when any fails.
    """
    servers.write(folder / "servers.json")
    suites = [suite for suite in _SUITES if (_ROOT / suite).is_dir()]
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-p", "tests.containers.plugin", "-p", "no:cacheprovider", *suites),
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "YTEMPIRE_TEST_SERVERS": str(folder / "servers.json")},
        check=False,
        timeout=_SUITE_SECONDS,
    )
    if done.returncode != 0:
        raise PlatformProblem(f"The contract tests failed on the servers in containers (code {done.returncode}).")


def journey(servers: Servers, var: Path) -> None:
    """Walk the demo's journey. Raises `PlatformProblem` unless audit, rebuild and publication are in order."""
    with running_platform(var, servers):
        say("sandbox and seven services run on them")
        summary = walk(var, None, Console(force_terminal=False, width=110))
    verdicts = {
        "audit": summary["audit"]["ok"],
        "rebuild": summary["rebuild"]["ok"],
        "publication": summary["publication"]["verified"],
    }
    if not all(verdicts.values()):
        raise PlatformProblem(f"The journey ended with {verdicts}.")


def run(parts: Sequence[str]) -> int:
    """The parts, in order; what was started is stopped whatever happens."""
    failures: list[str] = []
    try:
        with engine(say) as address, temporary_var() as var:
            images = obtain(address, say)
            with running_servers(address, images, var) as servers:
                say(f"{images.postgres} serves on port {servers.postgres_port}, {images.nats} on {servers.nats_port}")
                failures = [part for part in parts if not _passes(part, servers, var)]
    except NoEngineError as reason:
        say(f"SKIPPED: {reason}")
        return 1 if os.environ.get("YTEMPIRE_CONTAINERS_REQUIRED") == "1" else 0
    except (PlatformProblem, TimeoutError) as problem:
        say(f"FAILED: {problem}")
        return 1
    verdict = f"failed: {', '.join(failures)}" if failures else "all passed"
    say(f"stopped what was started; {verdict}")
    return 1 if failures else 0


def _passes(part: str, servers: Servers, var: Path) -> bool:
    try:
        PARTS[part](servers, var)
    except (PlatformProblem, subprocess.TimeoutExpired, Refused) as problem:
        say(f"{part} FAILED: {problem}")
        for note in getattr(problem, "__notes__", ()):
            sys.stdout.write(f"{note}\n")
        return False
    say(f"{part} passed")
    return True


PARTS: Mapping[str, Callable[[Servers, Path], None]] = {"contract": contract_tests, "journey": journey}


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"not done after {_LIMIT_SECONDS} s")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _chosen(arguments: Sequence[str]) -> Sequence[str]:
    unknown = [argument for argument in arguments if argument not in PARTS]
    if unknown:
        sys.exit(f"There is no part {unknown[0]!r}: name {' or '.join(PARTS)}, or nothing for both.")
    return arguments or tuple(PARTS)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _stop)
    signal.alarm(_LIMIT_SECONDS)
    sys.exit(run(_chosen(sys.argv[1:])))
