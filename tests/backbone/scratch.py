"""A scratch copy of the sources, to break something in it and see who notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_COPIED = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "CHANGELOG.md",
    "libs",
    "services",
    "cli",
    "sandbox",
    "docs",
    "tests",
    "tools",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "var", "results", "histories")


@dataclass(frozen=True)
class Scratch:
    """A copy with an environment of its own: its packages come before the installed ones."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Scratch:
        """Copy what is needed to check contracts; the installed packages are shared."""
        root.mkdir()
        for name in _COPIED:
            source, target = REPOSITORY / name, root / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=_LEFT_OUT)
            else:
                shutil.copy2(source, target)
        # older than what is installed: nothing is to be installed from the copy
        for file in (root / "requirements.lock", root / "pyproject.toml", *root.rglob("*/pyproject.toml")):
            os.utime(file, (0, 0))
        (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        return cls(root)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the shell in the copy."""
        sources = [str(path) for path in sorted(self.root.glob("*/*/src")) + sorted(self.root.glob("*/src"))]
        return subprocess.run(
            command,
            shell=True,
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sources)},
            capture_output=True,
            text=True,
            timeout=280,
        )

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a text that is there exactly once.

        :raises ValueError: if it is not.
        """
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{file} holds {old!r} {text.count(old)} times, not once")
        path.write_text(text.replace(old, new), encoding="utf-8")
