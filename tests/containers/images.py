"""The images of PostgreSQL, NATS and Python: the official ones, or stand-ins made here where no registry answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.containers.engine import NoEngineError, Say, install_programs

from ytempire.cli.embedded import binaries

_STANDIN = Path(__file__).parent / "standin"
_DEBIAN = "ytempire-test/debian:bookworm"
_MIRROR = "http://deb.debian.org/debian"
_PYTHON = "ca-certificates,python3,python3-venv,python3-pip"
_BOOTSTRAP_SECONDS = 900.0
_BUILD_SECONDS = 300.0
_REGISTRY = ("registry-1.docker.io", 443)
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Images:
    """Names of images that the engine has or can pull."""

    postgres: str
    nats: str
    python: str
    standin: bool


OFFICIAL = Images("postgres:18", "nats:2.15-alpine", "python:3.11-slim", standin=False)
STANDINS = Images("ytempire-test/postgres:18", "ytempire-test/nats:2", "ytempire-test/python:3.11", standin=True)


def registry_answers() -> bool:
    """Whether Docker's public registry can be reached from here."""
    try:
        with socket.create_connection(_REGISTRY, timeout=5):
            return True
    except OSError:
        return False


def obtain(address: str, say: Say) -> Images:
    """Images for the engine at `address`. Raises `NoEngineError` when stand-ins cannot be made either."""
    if registry_answers():
        say("uses the official images")
        return OFFICIAL
    say("no image registry answers: makes stand-ins of Debian and the wheels' own servers")
    archive = base_archive(say)
    _docker(address, "import", str(archive), _DEBIAN)
    with tempfile.TemporaryDirectory(prefix="ytempire-build-") as folder:
        context = Path(folder)
        _fill_context(context)
        for name, tag in (("postgres", STANDINS.postgres), ("nats", STANDINS.nats), ("base", STANDINS.python)):
            _docker(address, "build", "--quiet", "--tag", tag, "--file", str(context / f"{name}.Dockerfile"), folder)
    return STANDINS


def cache_folder() -> Path:
    """Where the Debian archive is kept between runs, outside of the project."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "ytempire" / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def base_archive(say: Say) -> Path:
    """A tar of a minimal Debian with Python; made once (a minute or two), then taken from the cache."""
    archive = cache_folder() / "debian-bookworm.tar"
    if archive.exists():
        return archive
    install_programs(say, "debootstrap")
    say(f"makes {archive} with debootstrap, once")
    root = Path(tempfile.mkdtemp(prefix="ytempire-debian-"))
    partial = archive.with_suffix(f".{os.getpid()}")
    try:
        _run("debootstrap", "--variant=minbase", f"--include={_PYTHON}", "bookworm", str(root), _MIRROR)
        shutil.rmtree(root / "var" / "cache" / "apt", ignore_errors=True)
        _run("tar", "--create", "--numeric-owner", f"--directory={root}", f"--file={partial}", ".")
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
        shutil.rmtree(root, ignore_errors=True)
    return archive


def _fill_context(context: Path) -> None:
    for file in _STANDIN.iterdir():
        shutil.copy(file, context / file.name)
    # the copy keeps the relative places of programs and libraries, which is how they find each other
    scratch = context / "programs"
    scratch.mkdir()
    install = binaries.copy_postgres(scratch)
    install.parents[1].rename(context / "postgres")
    scratch.rmdir()
    shutil.copy(binaries.nats_server(), context / "nats-server")
    shutil.copy(_AUTHORITIES, context / "ca-certificates.crt")


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_BOOTSTRAP_SECONDS)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise NoEngineError(f"the stand-in images cannot be made: {argv[0]}: {reason}")


def _docker(address: str, *argv: str) -> None:
    # the classic builder: it needs no image of its own
    environment = {**os.environ, "DOCKER_HOST": address, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(
        ("docker", *argv), env=environment, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS
    )
    if done.returncode != 0:
        raise RuntimeError(f"docker {argv[0]} failed: {(done.stderr.strip() or done.stdout.strip())[-2000:]}")
