"""The README's commands in a fresh clone, as this user and as another one in a path with a space."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.prove.rows import REPOSITORY

_DEMO_S, _TEST_S = 1800, 5400
_OTHER = "nobody"


def demo_in_clone() -> tuple[str, bool]:
    with _clone() as folder:
        code = _make(folder, "demo", _DEMO_S)
        made = (folder / "var/demo/summary.json").is_file()
    return f"exit {code}, summary {'written' if made else 'missing'}", code == 0 and made


def tests_in_clone() -> tuple[str, bool]:
    with _clone() as folder:
        code = _make(folder, "test", _TEST_S)
    return f"exit {code}", code == 0


def both_as_another_user() -> tuple[str, bool]:
    """Demo and tests as an account without rights; the modes of all parent folders stay what they are."""
    if os.geteuid() != 0:
        return "needs root to become another user", False
    with _clone("a path with a space") as folder:
        account = pwd.getpwnam(_OTHER)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        before = _modes(folder)
        codes = [_make(folder, target, limit, account) for target, limit in (("demo", _DEMO_S), ("test", _TEST_S))]
        same = _modes(folder) == before
    return f"exits {codes}, modes {'unchanged' if same else 'CHANGED'}", codes == [0, 0] and same


@contextmanager
def _clone(name: str = "clone") -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="prove-"))
    parent.chmod(0o755)
    try:
        folder = parent / name
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], check=True)
        yield folder
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _make(folder: Path, target: str, limit_s: int, account: pwd.struct_passwd | None = None) -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YTEMPIRE_", "VIRTUAL_ENV"))}
    if account is not None:
        home = folder.parent / "home"
        home.mkdir(exist_ok=True)
        os.chown(home, account.pw_uid, account.pw_gid)
        environment |= {"HOME": str(home), "USER": _OTHER, "LOGNAME": _OTHER}
        environment["XDG_CACHE_HOME"] = str(home / ".cache")
    with (folder.parent / f"{target}.log").open("wb") as log:
        done = subprocess.run(
            ["make", target],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    if done.returncode:
        print("".join((folder.parent / f"{target}.log").read_text(errors="replace").splitlines(keepends=True)[-30:]))
    return done.returncode


def _modes(folder: Path) -> dict[str, int]:
    return {str(p): stat.S_IMODE(p.stat().st_mode) for p in folder.parents}
