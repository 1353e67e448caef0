"""A Docker engine for the tests: the one that runs, or one of our own with everything in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
from docker.errors import DockerException
from tests.containers.netfilter import network_put_back

_APT_SECONDS = 300.0
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
Say = Callable[[str], None]

_PACKAGES = ("docker.io", "iptables", "debootstrap")


class NoEngineError(Exception):
    """No engine runs and none can be started; the text says why."""


def answers(address: str) -> bool:
    """Whether an engine answers at `address`."""
    try:
        with contextlib.closing(docker.DockerClient(base_url=address, timeout=5)) as client:
            return bool(client.ping())
    except (DockerException, OSError):
        return False


def running_engine() -> str | None:
    """The address of an engine that runs already."""
    candidates = [os.environ.get("DOCKER_HOST", ""), "unix:///var/run/docker.sock"]
    return next((address for address in candidates if address and answers(address)), None)


@contextlib.contextmanager
def engine(say: Say) -> Iterator[str]:
    """The address of an engine; one that was started here is stopped and its folder removed.

    Raises `NoEngineError` with the reason when none can be had.
    """
    address = running_engine()
    if address is not None:
        say(f"uses the Docker engine at {address}")
        yield address
        return
    _install(say)
    folder = Path(tempfile.mkdtemp(prefix="ytempire-docker-"))
    try:
        with _own_engine(folder) as address:
            say(f"started a Docker engine of its own in {folder}")
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install_programs(say: Say, *programs: str) -> None:
    """Install the Debian packages that bring `programs`, unless all are there. Raises `NoEngineError`."""
    if all(shutil.which(program) for program in programs):
        return
    if os.geteuid() != 0:
        raise NoEngineError("no Docker engine answers, and only root can install and start one")
    if shutil.which("apt-get") is None:
        raise NoEngineError("no Docker engine answers, and this machine has no apt-get to install one with")
    say(f"installs {', '.join(_PACKAGES)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "install", "-y", "--no-install-recommends", *_PACKAGES)
    for attempt in (command, ("apt-get", "update"), command):
        done = subprocess.run(
            attempt, env=environment, capture_output=True, text=True, check=False, timeout=_APT_SECONDS
        )
        if all(shutil.which(program) for program in programs):
            return
    raise NoEngineError(
        f"apt-get could not install them: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}"
    )


def _install(say: Say) -> None:
    if not sys.platform.startswith("linux"):
        raise NoEngineError("no Docker engine answers, and one can be started here on Linux alone")
    if os.geteuid() != 0:
        raise NoEngineError("no Docker engine answers, and only root can start one")
    install_programs(say, "dockerd", "iptables")


@contextlib.contextmanager
def _own_engine(folder: Path) -> Iterator[str]:
    address = f"unix://{folder}/docker.sock"
    with network_put_back(), (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            (
                "dockerd",
                f"--host={address}",
                f"--data-root={folder}/data",
                f"--exec-root={folder}/exec",
                f"--pidfile={folder}/dockerd.pid",
                "--storage-driver=overlay2",
                "--log-level=warn",
            ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _await_engine(process, address, folder / "dockerd.log")
            yield address
        finally:
            _stop(process)


def _await_engine(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers(address):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise NoEngineError(f"dockerd does not start: {lines[-1] if lines else 'no reason given'}")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
