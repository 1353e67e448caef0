"""What a change of an event's schema would break: named by field, before it is released.

Both directions count: the log keeps events of old releases for ever, and a service may be older than a producer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_CONSTRAINTS = (
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Every field that a reader of ``old`` would miss or misread under ``new``.

    Fine: a new optional field, a new value in a list of allowed ones. Breaking: a field removed, one that is newly
    required, one of another type or constraint, an allowed value taken away.

    :returns: a line for each, beginning with the field: ``price.micros: type changed from integer to string``.
    """
    return list(_compare("", old, new, old, new))


def _compare(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    if "anyOf" in old or "anyOf" in new:
        yield from _variants(path, old, new, old_root, new_root)
        return
    if old.get("type") != new.get("type"):
        yield f"{path or 'the event'}: type changed from {old.get('type')} to {new.get('type')}"
        return
    for name in _CONSTRAINTS:
        if old.get(name) != new.get(name):
            yield f"{path}: {name} changed from {old.get(name)} to {new.get(name)}"
    yield from _allowed_values(path, old, new)
    yield from _properties(path, old, new, old_root, new_root)
    for keyword, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        before, after = old.get(keyword), new.get(keyword)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _compare(f"{path}{suffix}", before, after, old_root, new_root)


def _allowed_values(path: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if after is None:
        return
    if before is None:
        yield f"{path}: type changed from any value to one of {after}"
        return
    for value in before:
        if value not in after:
            yield f"{path}: the value {value!r} is no longer allowed"


def _allowed(schema: Schema) -> list[Any] | None:
    """The values a schema lists; None if it lists none."""
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _properties(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        field = f"{path}.{name}" if path else name
        if name not in after:
            yield f"{field}: removed"
        else:
            yield from _compare(field, schema, after[name], old_root, new_root)
    for name in new.get("required", []):
        if name not in old.get("required", []):
            yield f"{path}.{name}: newly required" if path else f"{name}: newly required"


def _variants(path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    before = {_kind(v, old_root): v for v in old.get("anyOf", [old])}
    after = {_kind(v, new_root): v for v in new.get("anyOf", [new])}
    if before.keys() != after.keys():
        yield f"{path}: type changed from {' or '.join(sorted(before))} to {' or '.join(sorted(after))}"
    for kind in before.keys() & after.keys():
        yield from _compare(path, before[kind], after[kind], old_root, new_root)


def _kind(schema: Schema, root: Schema) -> str:
    resolved = _resolve(schema, root)
    return f"{resolved.get('format') or resolved.get('type') or json.dumps(resolved, sort_keys=True)}"


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        found: Schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        schema = found
    return schema
