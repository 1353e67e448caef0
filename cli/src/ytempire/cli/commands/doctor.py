"""`ytempire doctor`: can the platform run on this machine, and if not, what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer

from ytempire.cli import MINIMUM_PYTHON
from ytempire.cli.checks import NEEDED_DISK_BYTES, prepare_var
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.embedded import accounts, binaries, placement
from ytempire.cli.plan import DEFAULT_PORT
from ytempire.cli.ports import is_free
from ytempire.cli.problems import USAGE_EXIT_CODE, PlatformProblem
from ytempire.cli.state import running_pid

# All processes idle stay below 1.2 GB; a render needs about as much again.
NEEDED_MEMORY_BYTES = 2_500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of one check; `text` says what to do when it is not good."""

    name: str
    good: bool
    text: str


def check_python() -> Finding:
    """The interpreter's version."""
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= MINIMUM_PYTHON
    return Finding("python", good, version if good else f"{version} is too old: use Python 3.11 or newer")


def check_folder(var: Path) -> Finding:
    """Whether `var` can be written and has room."""
    try:
        resolved = prepare_var(var)
    except PlatformProblem as problem:
        return Finding("folder", False, str(problem))
    free = shutil.disk_usage(resolved).free
    return Finding("folder", True, f"{resolved}, {free / 1e9:.1f} GB free ({NEEDED_DISK_BYTES / 1e9:.0f} needed)")


def check_memory() -> Finding:
    """Memory that new processes can have."""
    free = psutil.virtual_memory().available
    good = free >= NEEDED_MEMORY_BYTES
    advice = "" if good else f"; {NEEDED_MEMORY_BYTES / 1e9:.1f} GB are needed: stop other programs"
    return Finding("memory", good, f"{free / 1e9:.1f} GB available{advice}")


def check_port(var: Path, port: int) -> Finding:
    """Whether the gateway's port is free, or used by the platform itself."""
    if is_free(port):
        return Finding("port", True, f"{port} is free")
    pid = running_pid(var)
    if pid is not None:
        return Finding("port", True, f"{port} is in use while this platform runs (process {pid})")
    return Finding("port", False, f"{port} is taken by another program: stop it, or use --port")


def _version(program: Callable[[], Path], name: str) -> Finding:
    try:
        path = program()
        done = subprocess.run((str(path), "--version"), capture_output=True, text=True, check=True, timeout=20)  # noqa: S603 - a list of arguments, no shell
    except PlatformProblem as problem:
        return Finding(name, False, str(problem))
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, False, f"its program does not run here ({error}): is this Linux on x86-64 or arm64?")
    return Finding(name, True, done.stdout.strip().splitlines()[0])


def check_account() -> Finding:
    """Under which account PostgreSQL would run."""
    if not accounts.started_by_root():
        return Finding("account", True, "ordinary user")
    try:
        account = accounts.unprivileged_account()
    except PlatformProblem as problem:
        return Finding("account", False, str(problem))
    good = accounts.can_use_folder(account, Path(tempfile.gettempdir()))
    text = f"root; PostgreSQL will run as '{account.name}'"
    return Finding("account", good, text if good else f"root may not become '{account.name}': use an ordinary user")


def check_leftovers() -> Finding:
    """Data of installations that are gone; it harms nothing but fills the disk."""
    folders = placement.abandoned_folders()
    if not folders:
        return Finding("leftovers", True, "none")
    return Finding("leftovers", True, f"of folders that are gone: rm -r {' '.join(map(str, folders))}")


def findings(var: Path, port: int) -> list[Finding]:
    """All checks, in the order a person would make them."""
    return [
        check_python(),
        check_folder(var),
        check_memory(),
        check_port(var.resolve(), port),
        check_account(),
        _version(lambda: binaries.postgres_install() / "bin" / "postgres", "postgres"),
        _version(binaries.nats_server, "nats"),
        check_leftovers(),
    ]


def doctor(
    var: VarOption = DEFAULT_VAR,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port.")] = DEFAULT_PORT,
) -> None:
    """Check this machine. Exit code 2 when something must be put right first."""
    results = findings(var, port)
    for finding in results:
        typer.echo(f"{'ok ' if finding.good else 'BAD'}  {finding.name:<9} {finding.text}")
    if not all(finding.good for finding in results):
        raise typer.Exit(USAGE_EXIT_CODE)
