"""JSON Schemas of the public events, one file each: ``python -m ytempire.events.schemas [folder]``.

The files are the released language. Writing them refuses a change that would break a reader of what is released.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ytempire.events import Event, public_events
from ytempire.events.compatibility import breaking_changes

DEFAULT_FOLDER = Path("libs/events/schemas")
"""As seen from the root of the repository."""


def schema_of(event: type[Event]) -> dict[str, Any]:
    """JSON Schema (2020-12) of the event's ``data``, for a reader: fields it does not know are to be ignored."""
    schema = _open(event.model_json_schema(mode="validation"))
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:ytempire:event:{event.type_name()}",
        "x-owner": event.owner,
        "x-producers": list(event.producers),
    }
    return {**head, **schema}


def text_of(event: type[Event]) -> str:
    """The file's content."""
    return json.dumps(schema_of(event), indent=2, ensure_ascii=False) + "\n"


def file_of(event: type[Event], folder: Path) -> Path:
    return folder / f"{event.type_name()}.json"


def released(event: type[Event], folder: Path) -> dict[str, Any] | None:
    """The schema that is released, or None for a new event."""
    file = file_of(event, folder)
    if not file.is_file():
        return None
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def problems(folder: Path) -> list[str]:
    """What the events as they are would break for readers of the released ones, a line each with event and field."""
    found = []
    for event in public_events(superseded=True):
        before = released(event, folder)
        if before is not None:
            found += [f"{event.type_name()}: {line}" for line in breaking_changes(before, schema_of(event))]
    known = {file_of(event, folder).name for event in public_events(superseded=True)}
    found += [
        f"{file.stem}: the event was removed, but logs still hold it"
        for file in sorted(folder.glob("*.json"))
        if file.name not in known
    ]
    return found


def write(folder: Path) -> int:
    """Write every schema.

    :returns: how many files changed.
    """
    changed = 0
    folder.mkdir(parents=True, exist_ok=True)
    for event in public_events(superseded=True):
        file, text = file_of(event, folder), text_of(event)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed += 1
    return changed


def _open(schema: Any) -> Any:
    """Without "no other fields": producers keep to it, readers must not."""
    if isinstance(schema, dict):
        return {k: _open(v) for k, v in schema.items() if not (k == "additionalProperties" and v is False)}
    return [_open(v) for v in schema] if isinstance(schema, list) else schema


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    found = problems(folder)
    if found:
        print("These changes break readers; make a new major version of the event instead:", *found, sep="\n  ")
        return 1
    print(f"{write(folder)} of {len(public_events(superseded=True))} schemas changed in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
