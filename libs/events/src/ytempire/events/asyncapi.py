"""The public language as one AsyncAPI 3 document: ``python -m ytempire.events.asyncapi > docs/asyncapi.json``.

A channel for each event by each of its producers, a message for each released version, an operation for each service
that sends or receives it. Consumers come from the expectations the contract tests keep true.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ytempire.events import Envelope, Event, newest, public_events
from ytempire.events.catalogue import DEFAULT_FOLDER, Expectations, expectations, says
from ytempire.events.examples import example
from ytempire.events.schemas import schema_of

Json = dict[str, Any]

_DESCRIPTION = (
    "Services speak through NATS JetStream alone: the stream EVT_<PRODUCER> carries the channels of one producer in "
    "the order of its store. Messages are CloudEvents 1.0 in JSON."
)
_PARTITION = {"partition": {"description": "A hash of the event's stream: order holds within a partition."}}


def document(declared: Expectations) -> Json:
    """The whole document."""
    events = public_events(superseded=True)
    schemas: Json = {"Envelope": _envelope()}
    for event in events:
        schemas |= _schemas(event)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "YTEMPIRE events",
            "version": version("ytempire-events"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_key(event, producer): _channel(event, producer) for event, producer in _sent(events)},
        "operations": dict(_operations(events, declared)),
        "components": {"messages": {e.type_name(): _message(e) for e in events}, "schemas": schemas},
    }


def text(declared: Expectations) -> str:
    """The file's content."""
    return json.dumps(document(declared), indent=1, ensure_ascii=False) + "\n"


def _sent(events: Sequence[type[Event]]) -> Iterator[tuple[type[Event], str]]:
    return ((event, producer) for event in events for producer in event.producers)


def _key(event: type[Event], producer: str) -> str:
    return f"{producer}.{event.type_name()}"


def _channel(event: type[Event], producer: str) -> Json:
    name = event.type_name()
    return {
        "address": f"yt.{producer}.{name}.{{partition}}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": _PARTITION,
    }


def _operations(events: Sequence[type[Event]], declared: Expectations) -> Iterator[tuple[str, Json]]:
    for event, producer in _sent(events):
        channel = {"$ref": f"#/channels/{_key(event, producer)}"}
        yield f"{producer}.sends.{event.type_name()}", {"action": "send", "channel": channel}
        for service, read in declared.items():
            if service != producer and newest(event).type_name() in read:
                name = f"{service}.receives.{_key(event, producer)}"
                yield name, {"action": "receive", "channel": channel}


def _message(event: type[Event]) -> Json:
    name = event.type_name()
    data = {"type": {"const": name}, "data": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "name": name,
        "title": event.event_name,
        "summary": says(event),
        "contentType": "application/json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, {"type": "object", "properties": data}]},
        "examples": [{"name": name, "payload": {"type": name, "data": example(event)}}],
    }


def _envelope() -> Json:
    schema: Json = _shared(Envelope.model_json_schema())
    return schema


def _schemas(event: type[Event]) -> Json:
    """The event's data and the values in it, each under its own name."""
    schema = schema_of(event)
    values = schema.pop("$defs", {})
    own = {key: value for key, value in schema.items() if key not in ("$schema", "$id")}
    return {name: _shared(value) for name, value in {**values, event.type_name(): own}.items()}


def _shared(schema: Any) -> Any:
    """With references to the document's schemas instead of the schema's own definitions."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _shared(value)
            for key, value in schema.items()
        }
    return [_shared(value) for value in schema] if isinstance(schema, list) else schema


def main(arguments: Sequence[str]) -> int:
    try:
        sys.stdout.write(text(expectations(Path(arguments[0]) if arguments else DEFAULT_FOLDER)))
    except (OSError, ValueError) as error:
        print(f"The document needs the expectations of the services: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
