"""Stripe's parameters: form fields in brackets become nested values, and are read with types."""

import re
from typing import Any
from urllib.parse import parse_qsl

from ytempire.sandbox.stripe.errors import invalid

PART = re.compile(r"\[([^\]]*)\]")
FREE = {"metadata"}
"""Objects whose keys are the user's own: never read as a list, even if all keys are numbers."""


def decode(text: str) -> dict[str, Any]:
    """``items[0][price]=p&expand[]=a`` as ``{"items": [{"price": "p"}], "expand": ["a"]}``."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, bracket, rest = name.partition("[")
        keys = [head, *PART.findall(bracket + rest)]
        _put(tree, keys, value, name)
    return {key: _listed(key, value) for key, value in tree.items()}


def _put(tree: dict[str, Any], keys: list[str], value: str, name: str) -> None:
    at = tree
    for key in keys[:-1]:
        at = at.setdefault(key or str(len(at)), {})
        if not isinstance(at, dict):
            raise invalid(f"Invalid form: {name} is given both as a value and as an object", name)
    at[keys[-1] or str(len(at))] = value


def _listed(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    made = {key: _listed(key, inner) for key, inner in value.items()}
    if made and name not in FREE and all(key.isdigit() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made


class Params:
    """Parameters of one request, read by name and type; what nobody declared is refused."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self.values, self._path = values, path

    def only(self, *names: str) -> "Params":
        """Refuse parameters other than these (and ``expand``)."""
        for name in self.values:
            if name not in names and name != "expand":
                full = self._name(name)
                raise invalid(f"Received unknown parameter: {full}", full, "parameter_unknown")
        return self

    def has(self, name: str) -> bool:
        """Whether the parameter was sent at all (an empty value means: unset)."""
        return name in self.values

    def text(self, name: str) -> str | None:
        """A string, or None if absent or empty."""
        value = self.values.get(name)
        if isinstance(value, dict | list):
            raise invalid(f"Invalid string: {self._name(name)}", self._name(name))
        return value or None

    def needed(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            full = self._name(name)
            raise invalid(f"Missing required param: {full}.", full, "parameter_missing")
        return value

    def integer(self, name: str, least: int | None = None) -> int | None:
        """A whole number, or None."""
        value = self.text(name)
        if value is None:
            return None
        full = self._name(name)
        if not re.fullmatch(r"-?\d+", value):
            raise invalid(f"Invalid integer: {value}", full, "parameter_invalid_integer")
        if least is not None and int(value) < least:
            raise invalid(f"This value must be greater than or equal to {least}.", full, "parameter_invalid_integer")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """``true`` or ``false``, or None."""
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise invalid(f"Invalid boolean: {value}", self._name(name))
        return None if value is None else value == "true"

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
        """One of some words."""
        value = self.text(name)
        if value is not None and value not in allowed:
            listed = ", ".join(allowed[:-1]) + f", or {allowed[-1]}" if len(allowed) > 1 else allowed[0]
            raise invalid(f"Invalid {self._name(name)}: must be one of {listed}", self._name(name))
        return value or default

    def group(self, name: str) -> "Params":
        """A nested object; empty if absent."""
        value = self.values.get(name)
        if value in (None, ""):
            return Params({}, self._name(name))
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {self._name(name)}", self._name(name))
        return Params(value, self._name(name))

    def groups(self, name: str) -> list["Params"]:
        """A list of nested objects."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise invalid(f"Invalid array: {self._name(name)}", self._name(name))
        return [Params(part, f"{self._name(name)}[{i}]") for i, part in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise invalid(f"Invalid array: {self._name(name)}", self._name(name))
        return value

    def metadata(self, old: dict[str, str] | None = None) -> dict[str, str]:
        """Metadata merged into the old; an empty value removes its key, an empty metadata all of them."""
        given = self.values.get("metadata")
        if given == "":
            return {}
        if given is not None and not isinstance(given, dict):
            raise invalid("Invalid object: metadata", "metadata")
        merged = {**(old or {}), **{key: str(value) for key, value in (given or {}).items()}}
        return {key: value for key, value in merged.items() if value != ""}

    def _name(self, name: str) -> str:
        return f"{self._path}[{name}]" if self._path else name
