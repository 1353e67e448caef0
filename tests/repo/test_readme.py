"""The README's commands exist, and the two that everybody needs stand on lines of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?:sh|bash|console)?\n(?P<body>.*?)^```$", re.S | re.M)
TARGET = re.compile(r"^(?P<name>[a-z][a-z0-9-]*):(?!=)", re.M)
PAGES = ("README.md", "CONTRIBUTING.md")


def commands(page: str) -> list[str]:
    """Every line of every fenced block of a page, without comments and prompts."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = (line for match in FENCE.finditer(text) for line in match["body"].splitlines())
    plain = (line.removeprefix("$ ").split(" #")[0].strip() for line in lines)
    return [line for line in plain if line]


def targets() -> set[str]:
    """What `make` can be asked for."""
    return {match["name"] for match in TARGET.finditer((ROOT / "Makefile").read_text(encoding="utf-8"))}


def asked(command: str) -> list[str]:
    """The targets of a make command, without its variables."""
    return [word for word in command.split()[1:] if "=" not in word and not word.startswith(("-", '"'))]


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_two_commands_stand_on_lines_of_their_own(command: str) -> None:
    assert command in commands("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_make_command_has_its_target(page: str) -> None:
    made = [command for command in commands(page) if command.split()[0] == "make"]
    assert made
    assert [c for c in made if not set(asked(c)) <= targets()] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_understands_every_command(page: str) -> None:
    for command in commands(page):
        if command.split()[0] != "make":
            continue
        dry = subprocess.run(
            ["make", "--dry-run", "--no-print-directory", *command.split()[1:]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert dry.returncode == 0, f"{command}: {dry.stderr.strip()}"


def test_every_ytempire_command_exists() -> None:
    folder = ROOT / "cli/src/ytempire/cli/commands"
    known = {path.stem for path in folder.glob("*.py")}
    used = {c.split()[1] for page in PAGES for c in commands(page) if c.split()[0].endswith("ytempire")}
    assert used <= known


def test_the_pictures_are_there_and_small() -> None:
    frames = ROOT / "docs/images/frames.jpg"
    assert frames.read_bytes().startswith(b"\xff\xd8\xff")
    assert frames.stat().st_size < 400_000
    assert (ROOT / "docs/images/architecture.svg").read_text(encoding="utf-8").startswith("<svg ")
