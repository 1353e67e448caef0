"""Answers that satisfy a JSON schema, filled from what stands in the user's message."""

import hashlib
import json
from typing import Any

from ytempire.sandbox.openai.rephrase import rephrase, sentences

MOST_DEPTH = 12


class SchemaError(ValueError):
    """The schema is not one that structured output takes."""


def check_strict(schema: dict[str, Any], path: str = "()") -> None:
    """Refuse what strict structured output refuses: open objects and optional properties."""
    for key in ("$defs", "definitions", "properties"):
        for name, part in schema.get(key, {}).items():
            check_strict(part, f"{path}.{name}")
    for part in [*schema.get("anyOf", []), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])]:
        check_strict(part, path)
    if schema.get("type") != "object":
        return
    if schema.get("additionalProperties") is not False:
        raise SchemaError(f"In context={path}, 'additionalProperties' is required to be supplied and to be false.")
    if missing := set(schema.get("properties", {})) - set(schema.get("required", [])):
        raise SchemaError(
            f"In context={path}, 'required' is required to be supplied and to be an array including every key in "
            f"properties. Missing {sorted(missing)[0]!r}."
        )


def answer(schema: dict[str, Any], message: str) -> dict[str, Any]:
    """An object for the schema; raises :class:`SchemaError` if none can be made.

    A property takes, in this order: the rewritten text if the message is a rewriting task about it, the value
    of the same name in a JSON message, else a value of its type made from the message's own words.
    """
    import jsonschema  # heavy, and needed only here

    given = _given(message)
    made = _Filler(schema, given, message).fill(schema, "")
    try:
        jsonschema.Draft202012Validator(schema).validate(made)
    except jsonschema.ValidationError as error:
        raise SchemaError(f"No answer satisfies the schema at {error.json_path}: {error.message}") from error
    except jsonschema.SchemaError as error:
        raise SchemaError(f"The schema is not valid: {error.message}") from error
    if not isinstance(made, dict):
        raise SchemaError("The schema must be an object at its root.")
    return made


def _given(message: str) -> dict[str, Any]:
    try:
        read = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(read, dict):
        return {}
    task, limit = str(read.get("task", "")), read.get("max_words")
    subject = task.removeprefix("rewrite_")
    if subject != task and isinstance(read.get(subject), str):
        read[subject] = rephrase(read[subject], limit if isinstance(limit, int) else None)
    return read


class _Filler:
    def __init__(self, root: dict[str, Any], given: dict[str, Any], message: str) -> None:
        self._root, self._given = root, given
        texts = [value for value in given.values() if isinstance(value, str) and " " in value]
        self._words = sentences(" ".join(texts) if given else message) or ["Nothing to say."]
        self._seed = hashlib.sha256(message.encode()).digest()

    def fill(self, schema: dict[str, Any], name: str, depth: int = 0) -> Any:
        if depth > MOST_DEPTH:
            raise SchemaError("The schema is nested too deeply.")
        schema = self._resolve(schema)
        if name in self._given and _is_valid(schema, self._given[name], self._root):
            return self._given[name]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][self._pick(name, len(schema["enum"]))]
        for choice in ("anyOf", "oneOf"):
            if schema.get(choice):
                return self.fill(schema[choice][0], name, depth + 1)
        return self._typed(schema, name, depth)

    def _typed(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return {key: self.fill(part, key, depth + 1) for key, part in schema.get("properties", {}).items()}
        if kind == "array":
            count = max(int(schema.get("minItems", 1)), 1)
            return [self.fill(schema.get("items", {"type": "string"}), f"{name}{i}", depth + 1) for i in range(count)]
        if kind in ("integer", "number"):
            return self._number(schema, name)
        if kind == "boolean":
            return self._pick(name, 2) == 1
        return None if kind == "null" else self._text(schema, name)

    def _number(self, schema: dict[str, Any], name: str) -> int:
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
        high = int(schema.get("maximum", schema.get("exclusiveMaximum", low + 11) - 1))
        return low + self._pick(name, max(1, high - low + 1))

    def _text(self, schema: dict[str, Any], name: str) -> str:
        text = rephrase(self._words[self._pick(name, len(self._words))])
        text = text[: int(schema.get("maxLength", 4000))].strip()
        return text.ljust(int(schema.get("minLength", 0)), ".")

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(part) if part and isinstance(found, dict) else found
        if not isinstance(found, dict):
            raise SchemaError(f"The schema refers to {reference}, which is not in it.")
        return found

    def _pick(self, name: str, count: int) -> int:
        return int.from_bytes(hashlib.sha256(self._seed + name.encode()).digest()[:4]) % count


def _is_valid(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    import jsonschema

    whole = {**schema, "$defs": root.get("$defs", {})}
    return jsonschema.Draft202012Validator(whole).is_valid(value)
