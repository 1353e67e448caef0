"""Under which account a server that refuses to be root runs, and what that account can reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

from ytempire.cli.problems import PlatformProblem
from ytempire.cli.processes import RunAs

# A dedicated account wins when the machine's owner made one; `nobody` exists on every Linux.
_CANDIDATES = ("ytempire", "nobody")


def started_by_root() -> bool:
    """Whether this process has root's user id."""
    return os.geteuid() == 0


def unprivileged_account() -> RunAs:
    """The account to drop to. Raises `PlatformProblem` when the machine has none of the candidates."""
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return RunAs(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise PlatformProblem(
        "PostgreSQL does not run as root and this machine has no account 'nobody': "
        "start YTEMPIRE as an ordinary user, or add an account named 'ytempire'."
    )


def _succeeds(account: RunAs, *argv: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            argv,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def can_use_folder(account: RunAs, folder: Path) -> bool:
    """Whether `account` can get to `folder` through all its parents and write there (asked of the kernel itself)."""
    return _succeeds(account, "/bin/sh", "-c", '[ -x "$1" ] && [ -w "$1" ]', "sh", str(folder))


def can_execute(account: RunAs, program: Path) -> bool:
    """Whether `account` can run `program`, proved by running `program --version`."""
    return _succeeds(account, str(program), "--version")
