"""The catalogue as a page: ``python -m ytempire.events.catalogue [tests/contract] > docs/events.md``.

Owner, producers and outcomes come from the models, consumers from the expectations the contract tests keep true.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ytempire.events import SERVICES, Event, Rejected, public_events
from ytempire.events.examples import file_name
from ytempire.events.golden import released

DEFAULT_FOLDER = Path("tests/contract")
"""As seen from the root of the repository."""

Expectations = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Service -> event type -> the fields it reads."""

_EXAMPLES = "../libs/events/src/ytempire/events/examples"
_SCHEMAS = "../libs/events/schemas"
_OWNERS = (*SERVICES, "platform")
_HEAD = """# Events

<!-- Generated: make events -->

The public language of the platform: what leaves a service. Every event has one owner, who defines it, and producers,
who may append it. A request is answered by exactly one success or one rejection; a rejection says `code`, `field` and
`message`. The name links to a golden example, the version to its JSON Schema. A star marks an event that is defined
for work that is still to come: nothing appends it yet. *Since* is the release that had the version first.

The same for machines: [asyncapi.json](asyncapi.json).
"""


def expectations(folder: Path) -> Expectations:
    """What each service declares that it reads of others' events.

    :raises ValueError: if a file cannot be read as a table of events, each with ``fields``.
    """
    return {file.stem: _declared(file) for file in sorted((folder / "expectations").glob("*.toml"))}


def planned(folder: Path) -> frozenset[str]:
    """Types that are defined and that no service appends yet."""
    return frozenset(tomllib.loads((folder / "planned.toml").read_text(encoding="utf-8"))["events"])


def page(declared: Expectations, to_come: frozenset[str]) -> str:
    """The whole page."""
    sections = (_section(owner, declared, to_come) for owner in _OWNERS)
    return "\n".join([_HEAD, *sections])


def _declared(file: Path) -> Mapping[str, tuple[str, ...]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: tuple(table["fields"]) for name, table in tables.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f'{file.name}: every event is a table ["Name.v1"] with fields = [...]: {error}') from error


def _section(owner: str, declared: Expectations, to_come: frozenset[str]) -> str:
    events = [event for event in public_events(superseded=True) if event.owner == owner]
    return "\n".join(
        [
            f"## {owner}",
            "",
            "| Event | Version | Since | What it says | Appended by | Read by | Success | Rejection |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(event, declared, event.type_name() in to_come) for event in events),
            "",
        ]
    )


def _row(event: type[Event], declared: Expectations, to_come: bool) -> str:
    name, type_name, since = event.event_name, event.type_name(), released()
    cells = (
        f"[{name}]({_EXAMPLES}/{file_name(event)}){' *' if to_come else ''}",
        f"[v{event.major}]({_SCHEMAS}/{type_name}.json)",
        since[file_name(event)].since if file_name(event) in since else "",
        says(event),
        "every service" if event.producers == SERVICES else ", ".join(event.producers),
        ", ".join(service for service in SERVICES if type_name in declared.get(service, {})),
        event.success or "",
        event.rejected or "",
    )
    return "| " + " | ".join(cells) + " |"


def says(event: type[Event]) -> str:
    """What happened, in a sentence."""
    if event.__doc__:
        return " ".join(event.__doc__.split()).replace("``", "`")
    asked = [intent.event_name for intent in public_events() if intent.rejected == event.event_name]
    return f"{asked[0]} was refused." if asked and issubclass(event, Rejected) else "It was refused."


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    try:
        sys.stdout.write(page(expectations(folder), planned(folder)))
    except (OSError, ValueError) as error:
        print(f"The catalogue needs the expectations of the services: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
