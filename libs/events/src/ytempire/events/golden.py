"""What releases wrote is kept for ever: ``python -m ytempire.events.golden [folder]``.

A folder of golden files has a list in it, ``released.toml``, with the digest of each file and the release that had it
first. New files are added to the list; a file on it is never changed or deleted, because logs hold what it shows.
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

EXAMPLES = Path(__file__).parent / "examples"
LIST = "released.toml"

_HEAD = (
    "# Golden files, when they were first released, and their SHA-256. Written by python -m ytempire.events.golden.\n"
)


@dataclass(frozen=True)
class Released:
    since: str
    """The release that first had it."""
    sha256: str


def released(folder: Path = EXAMPLES) -> dict[str, Released]:
    """What is kept in a folder, by file name."""
    file = folder / LIST
    if not file.is_file():
        return {}
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: Released(table["since"], table["sha256"]) for name, table in tables.items()}


def problems(folder: Path = EXAMPLES) -> list[str]:
    """Golden files that were deleted or changed since they were released, a line each."""
    found = []
    for name, known in released(folder).items():
        file = folder / name
        if not file.is_file():
            found.append(f"{name}: deleted, but logs since {known.since} hold such events: restore it")
        elif _digest(file) != known.sha256:
            found.append(
                f"{name}: changed, but releases since {known.since} wrote it as it was: restore it; "
                "another meaning is a new major with an example of its own"
            )
    return found


def unlisted(folder: Path = EXAMPLES) -> list[str]:
    """Golden files that are not on the list yet."""
    known = released(folder)
    return sorted(file.name for file in folder.glob("*.json*") if file.name not in known)


def record(folder: Path = EXAMPLES) -> list[str]:
    """Add the new files to the list.

    :returns: their names.
    """
    new = unlisted(folder)
    known = released(folder) | {name: Released(version("ytempire-events"), _digest(folder / name)) for name in new}
    lines = (f'\n["{name}"]\nsince = "{r.since}"\nsha256 = "{r.sha256}"\n' for name, r in sorted(known.items()))
    (folder / LIST).write_text(_HEAD + "".join(lines), encoding="utf-8")
    return new


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else EXAMPLES
    found = problems(folder)
    if found:
        print("Golden files are kept as they were released:", *found, sep="\n  ")
        return 1
    print(f"{len(record(folder))} golden files new in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
