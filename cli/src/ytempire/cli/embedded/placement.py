"""Where PostgreSQL's programs, data and socket live, so that the account it runs under can reach them.

Nothing outside folders of our own is changed: when root's `var/` lies behind a closed folder (for example `/root`),
the data goes to `/var/lib/ytempire/<instance>` (persistent, unlike `/tmp`) instead of opening that folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ytempire.cli.embedded import accounts, binaries
from ytempire.cli.keys import ensure_private_directory
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.processes import RunAs

SYSTEM_FOLDER = Path("/var/lib/ytempire")
# sun_path holds 108 bytes with the final NUL; the file is called .s.PGSQL.<port>.
_SOCKET_PATH_LIMIT = 107
# Tells which var/ the data outside it belongs to.
_OWNER_FILE = "belongs-to"
_SOCKET_NAME = ".s.PGSQL.65535"


@dataclass(frozen=True, slots=True)
class Placement:
    """Folders of one PostgreSQL instance and what to tell the person about them (empty when nothing is unusual)."""

    install: Path
    home: Path
    socket_dir: Path
    run_as: RunAs | None
    notes: tuple[str, ...]

    @property
    def data(self) -> Path:
        """The data directory that initdb fills."""
        return self.home / "data"

    def release(self) -> None:
        """Remove the socket folder if it was made in the temporary directory for this run only."""
        if self.socket_dir.parent != self.home:
            shutil.rmtree(self.socket_dir, ignore_errors=True)


def _instance_name(var: Path) -> str:
    """A name that belongs to this `var/` and is lost with it: a fresh `var/` never meets an old one's data."""
    file = var / "postgres" / "instance"
    if file.exists():
        return file.read_text(encoding="ascii").strip()
    name = secrets.token_hex(6)
    file.write_text(name + "\n", encoding="ascii")
    return name


def _own(folder: Path, account: RunAs) -> Path:
    """Make `folder` as a private one of `account`."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != account.uid:
        os.chown(folder, account.uid, account.gid)
    return folder


def abandoned_folders() -> list[Path]:
    """Data outside any `var/` whose `var/` is gone or was made anew: nothing will ever use it again."""
    try:
        homes = sorted(SYSTEM_FOLDER.iterdir())
    except OSError:
        return []
    return [home for home in homes if (owner := _owner_of(home)) is not None and not _belongs(home, owner)]


def _owner_of(home: Path) -> Path | None:
    try:
        return Path((home / _OWNER_FILE).read_text(encoding="utf-8").strip())
    except OSError:
        return None


def _belongs(home: Path, var: Path) -> bool:
    try:
        return (var / "postgres" / "instance").read_text(encoding="ascii").strip() == home.name
    except OSError:
        return False


def _shared_base() -> Path:
    """A folder outside `var/` that any account can pass through and only root can write."""
    for base in (SYSTEM_FOLDER, Path(tempfile.gettempdir()) / "ytempire-system"):
        try:
            base.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError:
            continue
        status = base.lstat()
        if base.is_dir() and not base.is_symlink() and status.st_uid == 0 and not status.st_mode & 0o022:
            return base
    raise PlatformProblem(
        f"Neither {SYSTEM_FOLDER} nor the temporary directory can hold PostgreSQL's data: "
        "start YTEMPIRE as an ordinary user, or put var/ where the account 'nobody' can reach it."
    )


def _socket_dir(home: Path, account: RunAs | None) -> tuple[Path, str | None]:
    wanted = home / "socket"
    # A comma separates hosts in a connection URL, so a folder with one cannot be named there.
    if len(os.fsencode(str(wanted / _SOCKET_NAME))) <= _SOCKET_PATH_LIMIT and "," not in str(wanted):
        if account is None:
            return ensure_private_directory(wanted), None
        return _own(wanted, account), None
    short = Path(tempfile.mkdtemp(prefix="ytempire-"))
    if account is not None:
        os.chown(short, account.uid, account.gid)
    return short, f"the path of var/ is too long (or has a comma) for a socket, so PostgreSQL's is in {short}"


def _place_as_root(var: Path) -> Placement:
    account = accounts.unprivileged_account()
    notes = [f"started by root, so PostgreSQL runs as '{account.name}'"]
    home = var / "postgres" / "server"
    outside = SYSTEM_FOLDER / _instance_name(var)
    if (outside / "data").exists() or not accounts.can_use_folder(account, _own(home, account)):
        home = _own(_shared_base() / _instance_name(var), account)
        (home / _OWNER_FILE).write_text(f"{var}\n", encoding="utf-8")
        notes.append(f"its data is in {home}, because that account cannot reach {var}")
    if not accounts.can_use_folder(account, home):
        raise PlatformProblem(
            f"PostgreSQL's account '{account.name}' cannot use {home}: start YTEMPIRE as an ordinary user."
        )
    install = binaries.postgres_install()
    if not accounts.can_execute(account, install / "bin" / "postgres"):
        install = binaries.copy_postgres(_shared_base())
        notes.append(f"its programs were copied to {install.parents[1]}")
    socket_dir, note = _socket_dir(home, account)
    return Placement(install, home, socket_dir, account, (*notes, *([note] if note else [])))


def _place_as_user(var: Path) -> Placement:
    home = ensure_private_directory(ensure_private_directory(var / "postgres") / "server")
    if home.stat().st_uid != os.geteuid():
        raise PlatformProblem(
            f"The data in {home} was made by another user (root?): use that user again, or another folder with --var."
        )
    socket_dir, note = _socket_dir(home, None)
    return Placement(binaries.postgres_install(), home, socket_dir, None, (note,) if note else ())


def place(var: Path) -> Placement:
    """Choose and make the folders of the instance that belongs to `var`. Idempotent.

    Raises `PlatformProblem` when no folder can be used.
    """
    if accounts.started_by_root():
        (var / "postgres").mkdir(mode=0o711, parents=True, exist_ok=True)
        return _place_as_root(var)
    return _place_as_user(var)
