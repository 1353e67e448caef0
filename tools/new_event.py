"""`make new-event`: add a public event end to end, in a state in which `make contract` is green.

Writes the model into its owner's module, a golden example, an entry in the list of events that nobody appends yet, and
what a reader expects of it; then says what is left to do by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ytempire.events import SERVICES, public_events

_NAME = re.compile(r"(?:[A-Z][a-z0-9]+){2,}")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_PAST = (
    "ed",
    "en",
    "ent",
    "un",
    "aid",
    "ost",
    "old",
    "ought",
    "ade",
    "ending",
    "Requested",
    "Submitted",
    "Given",
    "Due",
)

KINDS: dict[str, tuple[str, Any]] = {
    "Id": ("from ytempire.events.values import Id", "0190b6a0-0000-7000-8000-000000000001"),
    "Money": ("from ytempire.events.money import Money", {"micros": 1500000, "currency": "USD"}),
    "datetime": ("from datetime import datetime", "2026-11-20T12:00:00Z"),
    "date": ("from datetime import date", "2026-11-20"),
    "str": ("", "text"),
    "int": ("", 1),
    "bool": ("", True),
}
"""Kinds of fields: what a module imports for one, and what an example holds."""


class Refused(Exception):
    """The request makes no event; says what would."""


@dataclass(frozen=True)
class Request:
    name: str
    owner: str
    fields: dict[str, str]
    reader: str
    says: str

    @property
    def type_name(self) -> str:
        return f"{self.name}.v1"


def parse(arguments: Sequence[str]) -> Request:
    """Read and check what is asked for.

    :raises Refused: if the name, the owner, the reader or a field cannot be.
    """
    parser = argparse.ArgumentParser(prog="make new-event", description=__doc__)
    for option in ("name", "owner", "fields", "reader", "says"):
        parser.add_argument(f"--{option}", default="")
    given = parser.parse_args(arguments)
    fields = dict(_field(part) for part in (given.fields or "user_id:Id").split())
    request = Request(given.name, given.owner, fields, given.reader, given.says or f"{given.name}: say what happened.")
    _check(request)
    return request


def _check(request: Request) -> None:
    if not request.name or not request.owner:
        raise Refused(
            'Say which event and whose: make new-event NAME=ChannelPaused OWNER=publisher FIELDS="user_id:Id"'
        )
    if not _NAME.fullmatch(request.name):
        raise Refused(f"{request.name!r} is no event name: write what happened in CamelCase, like ChannelPaused.")
    if not request.name.endswith(_PAST):
        raise Refused(f"{request.name!r} is not in the past tense: an event says what happened, like ChannelPaused.")
    for service in (request.owner, request.reader):
        if service and service not in SERVICES:
            raise Refused(f"There is no service {service!r}; there are {', '.join(SERVICES)}.")
    if request.owner == request.reader:
        raise Refused("A service reads its own events without stating it: name another READER, or none.")
    if request.name in {event.event_name for event in public_events(superseded=True)}:
        raise Refused(f"{request.name} exists. Its next version is a new major: see docs/architecture/contracts.md.")


def _field(part: str) -> tuple[str, str]:
    name, _, kind = part.partition(":")
    if not _FIELD.fullmatch(name) or kind not in KINDS:
        raise Refused(f"{part!r} is no field: write name:kind, with a kind of {', '.join(KINDS)}.")
    return name, kind


def add(root: Path, request: Request) -> list[str]:
    """Write everything that can be written for you.

    :returns: the files that were changed, relative to the root.
    """
    module = Path(f"libs/events/src/ytempire/events/{request.owner}.py")
    example = Path(f"libs/events/src/ytempire/events/examples/{request.type_name}.json")
    planned = Path("tests/contract/planned.toml")
    changed = {module: _module((root / module).read_text(encoding="utf-8"), request)}
    data = {name: KINDS[kind][1] for name, kind in request.fields.items()}
    changed[example] = json.dumps(data, indent=2) + "\n"
    changed[planned] = _planned((root / planned).read_text(encoding="utf-8"), request)
    if request.reader:
        needs = Path(f"tests/contract/expectations/{request.reader}.toml")
        fields = ", ".join(f'"{name}"' for name in request.fields)
        text = (root / needs).read_text(encoding="utf-8").rstrip()
        changed[needs] = f'{text}\n\n["{request.type_name}"]\nfields = [{fields}]\n'
    for file, text in changed.items():
        (root / file).write_text(text, encoding="utf-8")
    return [str(file) for file in changed]


def _module(text: str, request: Request) -> str:
    for kind in request.fields.values():
        text = _imported(text, KINDS[kind][0])
    fields = "".join(f"    {name}: {kind}\n" for name, kind in request.fields.items())
    head = f'class {request.name}(Event, owner="{request.owner}"):\n    """{request.says}"""\n'
    return f"{text.rstrip()}\n\n\n{head}\n{fields}"


def _imported(text: str, line: str) -> str:
    """With a ``from module import name``, joined to what is imported of the module already."""
    if not line:
        return text
    module, _, name = line.removeprefix("from ").partition(" import ")
    present = re.search(rf"^from {re.escape(module)} import (\([^)]*\)|.*)$", text, re.M)
    if present is None:
        return text.replace("from ytempire.events.base import", f"{line}\nfrom ytempire.events.base import", 1)
    names = sorted({*re.findall(r"\w+", present[1]), name})
    return text.replace(present[0], f"from {module} import {', '.join(names)}", 1)


def _planned(text: str, request: Request) -> str:
    head, _, body = text.partition("events = [")
    names = sorted({*re.findall(r'"([^"]+)"', body), request.type_name})
    return f"{head}events = [\n" + "".join(f'    "{name}",\n' for name in names) + "]\n"


def main(arguments: Sequence[str], root: Path) -> int:
    try:
        request = parse(arguments)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    print(f"{request.type_name} is defined:", *add(root, request), sep="\n  ")
    print(
        "Left to do:",
        f"say what happened in its docstring, and make its example a realistic one ({request.type_name}.json)",
        f"append it where services/{request.owner} decides it, and take it off tests/contract/planned.toml then",
        f"handle it in services/{request.reader or '<reader>'}: subscribers.py for effects, a projection for reading",
        "run make contract: it says what is missing",
        sep="\n  ",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parents[1]))
