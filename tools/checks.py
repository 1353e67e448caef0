"""What no linter checks in this repository: ``python tools/checks.py [root]``, part of ``make lint``.

Sizes of files, exceptions from the linters without a reason, words that do not belong into the tree, addresses in the
lock file, the rooms every service has, what a domain imports, and what handlers take. Every finding is a line
``file:line: what``.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE_LINES, TEST_LINES = 400, 600
SOURCE_SUFFIXES = {".py", ".js", ".mjs", ".ts", ".css", ".sh"}
LEFT_OUT = {"var", "node_modules", "build", "dist", "htmlcov", "__pycache__"}
"""Folders of things that are made here, not written. Folders whose names begin with a dot are left out but ``.ci``."""
GENERATED = {"requirements.lock", "uv.lock"}

ROOMS = (
    "README.md",
    "pyproject.toml",
    "tests",
    "migrations/env.py",
    "migrations/versions/0001_event_store.py",
    "{package}/__main__.py",
    "{package}/py.typed",
    "{package}/bootstrap.py",
    "{package}/ports.py",
    "{package}/subscribers.py",
    "{package}/reactions.py",
    "{package}/domain",
    "{package}/features",
    "{package}/projections",
    "{package}/adapters",
)
WITHOUT = {
    ("gateway", "{package}/domain"): "it records what is asked for and decides nothing",
    ("gateway", "{package}/reactions.py"): "nothing follows its own events inside it",
}
"""Rooms that a service has no use for, with the reason."""

README_LINES = 10
DOMAIN_MAY_IMPORT = ("ytempire.events", "ytempire.eventstore", "pydantic")

# Written in pieces, so that this file does not find itself.
WORDS = (
    (re.compile(r"(?<![\w.\-/:])/" + r"work/(?:main|shared)\b"), "a path of one machine"),
    (re.compile(r"(?<![\w.\-/:])/(?:home|Users)/(?!linuxbrew\b)[a-z]\w+/"), "a path of one machine"),
    (re.compile(r"""["'`(\s]/tmp/""" + r"[\w.\-]+"), "a path of one machine: use a temporary folder"),
    (re.compile(r"\b(?:" + "TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished work belongs into an issue"),
    (
        re.compile(r"\b(?:pypi|files\.pythonhosted|registry\.npmjs|registry-1\.docker)\." + r"(?:org|io)\b"),
        "a registry",
    ),
    (re.compile(r"--(?:extra-)?index-" + r"url|\bUV_IND" + r"EX|\bPIP_IND" + r"EX"), "a package index"),
)
FINE = {
    ("tests/containers/images.py", "registry-1.docker." + "io"): "asks whether Docker's own registry can be reached",
}
"""(file, word) that is meant, with the reason."""
SHORT_EXCEPTION = re.compile(
    r"#\s*(noqa|type:\s*ignore)(?P<codes>(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w\-, ]+\])?)(?P<rest>.*)"
)
REASON = re.compile(r"^\s*(?:#|-|:)\s*\w.*\w{2,}")
LINK = re.compile(r"https?://\S+|^\s*(?:--index|-i\s|-f\s|--find-links)|@\s*(?:file|git)\b|\s@\s")


@dataclass(frozen=True, order=True)
class Finding:
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def files(root: Path) -> Iterator[Path]:
    """Every file that somebody wrote."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in LEFT_OUT and (name == ".ci" or not name.startswith(".")) and not name.endswith(".egg-info")
        )
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
                yield path


def check(root: Path) -> list[Finding]:
    """Every finding in the tree, in order."""
    found: list[Finding] = []
    for path in files(root):
        text = _text(path)
        if text is None:
            continue
        name = path.relative_to(root).as_posix()
        if path.name in GENERATED:
            found += lock(name, text) if path.name == "requirements.lock" else ()
            continue
        lines = text.splitlines()
        found += size(name, lines)
        found += words(name, lines)
        if path.suffix == ".py":
            found += exceptions(name, lines)
            found += domain(name, text)
            found += handlers(name, text)
    return sorted([*found, *services(root)])


def size(name: str, lines: Sequence[str]) -> Iterator[Finding]:
    """A file that is too long to be read in one go."""
    if Path(name).suffix not in SOURCE_SUFFIXES:
        return
    limit = TEST_LINES if "tests" in Path(name).parts[:-1] else SOURCE_LINES
    if len(lines) > limit:
        yield Finding(name, limit + 1, f"{len(lines)} lines, at most {limit}: split the file by what it does")


def words(name: str, lines: Sequence[str]) -> Iterator[Finding]:
    """What does not belong into the tree."""
    for number, line in enumerate(lines, 1):
        for pattern, why in WORDS:
            match = pattern.search(line)
            if match and (name, match.group().strip()) not in FINE:
                yield Finding(name, number, f"{match.group().strip()!r} is {why}")


def exceptions(name: str, lines: Sequence[str]) -> Iterator[Finding]:
    """A rule that is switched off without a code, or without a word on why."""
    for number, line in enumerate(lines, 1):
        for match in SHORT_EXCEPTION.finditer(line):
            kind = "noqa" if match.group(1) == "noqa" else "type: ignore"
            if not match.group("codes"):
                yield Finding(name, number, f"{kind} without the code of the rule switches off all of them")
            elif not REASON.match(match.group("rest")):
                yield Finding(name, number, f"{kind} without a reason: add ' - why' behind it")


def domain(name: str, text: str) -> Iterator[Finding]:
    """A domain that reaches out: it may import itself, the standard library, the events and the store's value types."""
    parts = Path(name).parts
    if parts[:1] != ("services",) or len(parts) < 7 or parts[5] != "domain" or "tests" in parts:
        return
    allowed = (f"ytempire.{parts[1]}.domain", *DOMAIN_MAY_IMPORT)
    for node in ast.walk(ast.parse(text)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        for module in modules:
            inside = any(module == name_ or module.startswith(f"{name_}.") for name_ in allowed)
            # bare relative imports stay inside the domain; parents do not
            inside = inside or (module.startswith(".") and not module.startswith(".."))
            if not inside and module.split(".")[0] not in sys.stdlib_module_names:
                line = node.lineno if isinstance(node, ast.Import | ast.ImportFrom) else 1
                yield Finding(name, line, f"a domain may not import {module}: reach it through a port")


def handlers(name: str, text: str) -> Iterator[Finding]:
    """A handler that asks FastStream for the message: it is then resolved in a thread, at five times the cost."""
    if "NatsMessage" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if any(a.annotation is not None and "NatsMessage" in ast.unparse(a.annotation) for a in arguments):
                text = "a handler may not take NatsMessage, which costs five times as much: take the body"
                yield Finding(name, node.lineno, f"{text}, and what the middleware leaves in a context variable")


def lock(name: str, text: str) -> Iterator[Finding]:
    """An address in the lock file: it would bind the project to one machine's index."""
    for number, line in enumerate(text.splitlines(), 1):
        if LINK.search(line):
            yield Finding(name, number, f"an address in the lock file: {line.strip()[:60]!r}")


def services(root: Path) -> Iterator[Finding]:
    """Rooms that a service lacks, or a README that says nothing."""
    for service in sorted(path for path in (root / "services").glob("*") if (path / "pyproject.toml").is_file()):
        package = f"src/ytempire/{service.name}"
        for room in ROOMS:
            place = service / room.format(package=package)
            missing = not place.exists()
            if missing and (service.name, room) not in WITHOUT:
                yield Finding(place.relative_to(root).as_posix(), 1, "missing: every service has the same rooms")
        readme = service / "README.md"
        if readme.is_file() and len(readme.read_text(encoding="utf-8").splitlines()) < README_LINES:
            text = "says too little: what it owns, events in and out, invariants, how to run it alone"
            yield Finding(readme.relative_to(root).as_posix(), 1, text)


def _text(path: Path) -> str | None:
    """The file's text; None for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None


def main(arguments: Sequence[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).parents[1]
    found = check(root.resolve())
    for finding in found:
        print(finding)
    print(f"checks: {len(found)} findings" if found else "checks: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
