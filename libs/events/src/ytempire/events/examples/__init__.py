"""Golden examples: one realistic ``data`` object of every public event, as a released version wrote it.

They are what consumers are tested against. An example of a released version is never edited to make a test pass: a
change that cannot read it is a new major version, with an example of its own.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ytempire.events.base import Event


def example(event: type[Event]) -> dict[str, Any]:
    """The ``data`` of an event of this type, fresh for every caller.

    :raises LookupError: if the event has no golden example.
    """
    file = resources.files(__package__).joinpath(file_name(event))
    if not file.is_file():
        raise LookupError(
            f"{event.type_name()} has no golden example: add {file_name(event)} to ytempire.events.examples"
        )
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data


def file_name(event: type[Event]) -> str:
    """``PlanSelected.v1.json``."""
    return f"{event.type_name()}.json"


def file_names() -> set[str]:
    """Every example there is."""
    return {file.name for file in resources.files(__package__).iterdir() if file.name.endswith(".json")}
