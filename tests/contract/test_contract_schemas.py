"""The JSON Schemas and the catalogue page: generated, current, and changed only in ways that break nobody."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from ytempire.events import Event, asyncapi, public_events
from ytempire.events.catalogue import expectations, page, planned
from ytempire.events.compatibility import breaking_changes
from ytempire.events.onboarding import PlanSelected
from ytempire.events.schemas import main, problems, schema_of, text_of, write

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "libs/events/schemas"
EVENTS = {event.__name__: event for event in public_events(superseded=True)}
DECLARED = expectations(ROOT / "tests/contract")


def test_rule_4_10_no_event_breaks_a_reader_of_the_released_schemas() -> None:
    found = [f"{line}; read by {', '.join(readers(line)) or 'nobody'}" for line in problems(FOLDER)]
    assert not found, "\n".join(found)


def readers(problem: str) -> list[str]:
    """The services that read the field a line of problems begins with: ``PlanSelected.v1: price.micros: ...``."""
    kind, field, *_ = problem.split(": ")
    return [s for s, events in DECLARED.items() if re.split(r"\W", field)[0] in events.get(kind, ())]


def test_who_reads_a_broken_field_is_told() -> None:
    assert readers("PlanSelected.v1: price.micros: type changed from integer to string") == ["billing", "gateway"]
    assert readers("PlanSelected.v1: nothing: removed") == []


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_a_schema_file_is_current(event: type[Event]) -> None:
    file = FOLDER / f"{event.type_name()}.json"
    assert file.is_file(), f"{file.name} is missing: run make events"
    assert file.read_text() == text_of(event), f"{file.name} is not current: run make events"


def test_no_schema_is_left_over() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {event.type_name() for event in EVENTS.values()}


def test_the_catalogue_page_is_current() -> None:
    contract = ROOT / "tests/contract"
    wanted = page(expectations(contract), planned(contract))
    assert (ROOT / "docs/events.md").read_text() == wanted, "docs/events.md is not current: run make events"


def test_the_asyncapi_document_is_current() -> None:
    assert (ROOT / "docs/asyncapi.json").read_text() == asyncapi.text(DECLARED), (
        "docs/asyncapi.json is not current: run make events"
    )


def test_rule_4_11_the_asyncapi_document_is_whole() -> None:
    """Of the specification's shape, every reference leads somewhere, every example is what its message says."""
    document = asyncapi.document(DECLARED)
    ApplicationSchema.model_validate(document)
    for reference in _references(document):
        assert _target(document, reference), f"{reference} leads nowhere"
    for name, message in document["components"]["messages"].items():
        schema = {"components": document["components"], **document["components"]["schemas"][name]}
        jsonschema.Draft202012Validator(schema).validate(message["examples"][0]["payload"]["data"])
    sent = {
        (o["channel"]["$ref"], key.split(".")[0]) for key, o in document["operations"].items() if o["action"] == "send"
    }
    assert sent == {(f"#/channels/{p}.{e.type_name()}", p) for e in EVENTS.values() for p in e.producers}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from _references(inner)


def _target(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _changed(**changes: Any) -> list[str]:
    old, new = schema_of(PlanSelected), copy.deepcopy(schema_of(PlanSelected))
    for name, schema in changes.items():
        if schema is None:
            del new["properties"][name]
            new["required"].remove(name)
        else:
            new["properties"][name] = schema
    return breaking_changes(old, new)


def test_nothing_changed_breaks_nothing() -> None:
    for event in EVENTS.values():
        assert breaking_changes(schema_of(event), schema_of(event)) == []


def test_a_removed_field_is_named() -> None:
    assert _changed(trial_days=None) == ["trial_days: removed"]


def test_another_type_is_named() -> None:
    assert _changed(channels={"type": "string"}) == ["channels: type changed from integer to string"]


def test_a_field_that_may_be_null_is_another_type() -> None:
    (line,) = _changed(channels={"anyOf": [{"type": "integer"}, {"type": "null"}]})
    assert line == "channels: type changed from integer to integer or null"


def test_a_new_optional_field_is_fine_and_a_required_one_is_named() -> None:
    old, new = schema_of(PlanSelected), copy.deepcopy(schema_of(PlanSelected))
    new["properties"]["discount"] = {"type": "integer", "default": 0}
    assert breaking_changes(old, new) == []
    new["required"].append("discount")
    assert breaking_changes(old, new) == ["discount: newly required"]


def test_a_change_inside_a_value_is_named_with_its_path() -> None:
    old, new = schema_of(PlanSelected), copy.deepcopy(schema_of(PlanSelected))
    del new["$defs"]["Money"]["properties"]["currency"]
    new["$defs"]["Money"]["properties"]["micros"] = {"type": "number"}
    assert breaking_changes(old, new) == [
        "price.micros: type changed from integer to number",
        "price.currency: removed",
    ]


def test_an_allowed_value_may_come_but_not_go() -> None:
    two, three = {"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b", "c"]}

    def event(field: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": {"status": field}}

    assert breaking_changes(event(two), event(three)) == []
    assert breaking_changes(event(three), event(two)) == ["status: the value 'c' is no longer allowed"]
    assert breaking_changes(event({"type": "string"}), event(two)) != []


def test_writing_refuses_a_breaking_change_and_names_event_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write(tmp_path) == len(EVENTS)
    file = tmp_path / "PlanSelected.v1.json"
    released = json.loads(file.read_text())
    released["properties"]["coupon"] = {"type": "string"}
    file.write_text(json.dumps(released))
    assert main([str(tmp_path)]) == 1
    assert "PlanSelected.v1: coupon: removed" in capsys.readouterr().out
    assert "coupon" in file.read_text(), "the released schema stays as it was"


def test_a_removed_event_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "PlanPraised.v1.json").write_text("{}")
    assert problems(tmp_path) == ["PlanPraised.v1: the event was removed, but logs still hold it"]
