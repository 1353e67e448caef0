"""Golden examples: one of every public event, none left over, read and written back without a difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ytempire.events import Event, golden, newest, public_events, registry
from ytempire.events.examples import example, file_name, file_names
from ytempire.events.schemas import schema_of

EVENTS = {event.__name__: event for event in public_events(superseded=True)}
VERSION_7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_every_event_has_an_example_and_none_is_left_over() -> None:
    wanted = {file_name(event) for event in EVENTS.values()}
    assert file_names() - wanted == set(), "examples of events that do not exist"
    assert wanted - file_names() == set(), "events without an example"


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_example_is_read_and_written_back_the_same(event: type[Event]) -> None:
    # fields that were added since are at their default
    data = example(event)
    assert _within(data, event.model_validate(data).model_dump(mode="json"))


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_rule_4_10_an_example_of_any_version_reads_as_the_newest(event: type[Event]) -> None:
    assert type(registry.read(event.type_name(), event.producers[0], example(event))) is newest(event)


def test_rule_4_10_golden_examples_are_as_they_were_released() -> None:
    assert golden.problems() == []
    assert golden.unlisted() == [], "run make events"


def test_a_golden_file_that_was_changed_or_deleted_is_named(tmp_path: Path) -> None:
    for name in ("A.v1.json", "B.v1.json", "C.v1.json"):
        (tmp_path / name).write_text("{}")
    assert golden.main([str(tmp_path)]) == 0
    (tmp_path / "A.v1.json").write_text('{"a": 1}')
    (tmp_path / "B.v1.json").unlink()
    changed, deleted = golden.problems(tmp_path)
    assert changed.startswith("A.v1.json: changed")
    assert deleted.startswith("B.v1.json: deleted")
    assert golden.main([str(tmp_path)]) == 1


def test_every_old_version_of_a_public_event_has_an_upcaster() -> None:
    names = Counter(event.event_name for event in public_events())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_example_fits_the_schema(event: type[Event]) -> None:
    jsonschema.Draft202012Validator(schema_of(event)).validate(example(event))


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_a_reader_ignores_what_it_does_not_know_and_a_producer_may_not_write_it(event: type[Event]) -> None:
    data = {**example(event), "added_by_a_later_release": 1}
    assert event.read(data) == event.model_validate(example(event))
    with pytest.raises(ValueError, match="added_by_a_later_release"):
        event.model_validate(data)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_ids_are_of_version_7_and_times_in_utc(event: type[Event]) -> None:
    for path, value in _texts("", example(event)):
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            assert VERSION_7.fullmatch(value), f"{event.type_name()} {path}: {value} is no UUID of version 7"
        if re.match(r"\d{4}-\d{2}-\d{2}T", value):
            assert value.endswith("Z"), f"{event.type_name()} {path}: {value} is not in UTC"


def test_an_event_without_an_example_is_named() -> None:
    class NeverHappened(Event):
        """Not registered: it has no owner."""

    with pytest.raises(LookupError, match=r"NeverHappened\.v1"):
        example(NeverHappened)


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return bool(part == whole)


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(f"{path}[{index}]", inner)
