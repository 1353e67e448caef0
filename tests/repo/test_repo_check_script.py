"""The repository's own checks find what they are for, and find nothing in this tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def checked(root: Path) -> tuple[int, list[str]]:
    """Exit status and findings of the script."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools/checks.py", root], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()[:-1]


def test_this_tree_has_no_findings() -> None:
    status, found = checked(ROOT)
    assert found == []
    assert status == 0


# Written in pieces, so that the check of this tree does not find them here.
BAD = {
    "libs/a/src/long.py": ("x = 1\n" * 401, "long.py:401: 401 lines"),
    "libs/a/tests/test_long.py": ("x = 1\n" * 601, "test_long.py:601: 601 lines"),
    "libs/a/src/later.py": ("\n# TO" + "DO: later\n", "later.py:2: 'TO" + "DO'"),
    "docs/path.md": ("see /wo" + "rk/main/x\n", "path.md:1: '/wo" + "rk/main'"),
    "docs/scratch.md": ("see `/t" + "mp/x`\n", "scratch.md:1:"),
    "libs/a/src/any.py": ("import os  # no" + "qa\n", "any.py:1: noqa without the code"),
    "libs/a/src/mute.py": ("import os  # no" + "qa: F401\n", "mute.py:1: noqa without a reason"),
    "libs/a/src/typed.py": ("x: int = ''  # type: ig" + "nore[assignment]\n", "typed.py:1: type: ignore without"),
    "requirements.lock": ("a==1 \\\n--index-" + "url https://example.org/simple\n", "requirements.lock:2: an address"),
    "services/billing/src/ytempire/billing/domain/a.py": ("import stripe\n", "a.py:1: a domain may not import stripe"),
    "services/billing/src/ytempire/billing/domain/b.py": (
        "from ytempire.billing.adapters import x\n",
        "b.py:1: a domain may not import ytempire.billing.adapters",
    ),
    "libs/a/src/handler.py": (
        "async def handle(body: dict[str, int], message: NatsMessage) -> None: ...\n",
        "handler.py:1: a handler may not take NatsMessage",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_found_with_file_and_line(tmp_path: Path, name: str) -> None:
    content, expected = BAD[name]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content)
    status, found = checked(tmp_path)
    assert len(found) == 1
    assert expected in found[0]
    assert status == 1


def test_what_is_fine_is_not_found(tmp_path: Path) -> None:
    fine = tmp_path / "services/billing/src/ytempire/billing/domain/slots.py"
    fine.parent.mkdir(parents=True)
    fine.write_text(
        "import re\nfrom ytempire.events.money import Money  # no" + "qa: F401 - shown to readers\n"
        "from ytempire.billing.domain.events import X\nfrom . import other\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text("x = 1\n" * 600)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/notes.py").write_text("x = 1\n" * 4000)
    assert checked(tmp_path) == (0, [])


def test_a_service_without_its_rooms_is_found(tmp_path: Path) -> None:
    service = tmp_path / "services/billing"
    service.mkdir(parents=True)
    (service / "pyproject.toml").write_text("")
    status, found = checked(tmp_path)
    assert status == 1
    assert any(line.startswith("services/billing/README.md:1: missing") for line in found)
    assert any("domain:1: missing" in line for line in found)
