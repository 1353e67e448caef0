"""What is wrong with a request's fields, in stable codes and sentences that say what to send instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

from ytempire.gateway.problems import FieldError, Problem

_OTHER = ("invalid_value", "This cannot be used here. What can is in the documentation at /docs.")
_KINDS: dict[str, tuple[str, str]] = {
    "missing": ("required", "This field is required. Add it."),
    "extra_forbidden": ("unknown_field", "There is no such field here. Leave it out."),
    "string_type": ("not_text", "Send text here."),
    "string_unicode": ("not_text", "This is not valid Unicode text. Send it in UTF-8."),
    "int_type": ("not_a_number", "Send a whole number here."),
    "int_parsing": ("not_a_number", "Send a whole number here."),
    "int_parsing_size": ("not_a_number", "Send a whole number here."),
    "int_from_float": ("not_a_number", "Send a whole number here."),
    "bool_type": ("not_a_boolean", "Send true or false here."),
    "bool_parsing": ("not_a_boolean", "Send true or false here."),
    "list_type": ("not_a_list", "Send a list here."),
    "tuple_type": ("not_a_list", "Send a list here."),
    "dict_type": ("not_an_object", "Send a JSON object with Content-Type application/json."),
    "model_type": ("not_an_object", "Send a JSON object with Content-Type application/json."),
    "model_attributes_type": ("not_an_object", "Send a JSON object with Content-Type application/json."),
    "date_type": ("not_a_date", "Write a date like 2026-11-30."),
    "date_parsing": ("not_a_date", "Write a date like 2026-11-30."),
    "date_from_datetime_parsing": ("not_a_date", "Write a date like 2026-11-30."),
    "date_from_datetime_inexact": ("not_a_date", "Write a date like 2026-11-30."),
    "literal_error": ("not_an_option", "Choose one of {expected}."),
    "enum": ("not_an_option", "Choose one of {expected}."),
    "string_too_short": ("too_short", "This has less than {min_length} characters. Write more."),
    "string_too_long": ("too_long", "This has more than {max_length} characters. Write less."),
    "too_short": ("too_short", "There are less than {min_length} here. Name more."),
    "too_long": ("too_long", "There are more than {max_length} here. Name fewer."),
    "greater_than_equal": ("too_small", "The least is {ge}. Send a larger number."),
    "less_than_equal": ("too_large", "The most is {le}. Send a smaller number."),
}
"""By pydantic's kind. Our own kinds, made in ``fields``, come with their sentence."""
_BUILT_IN = frozenset(get_args(ErrorType))


def problem_of(found: Sequence[Any]) -> Problem:
    """The problem that pydantic's findings are."""
    if any(error["type"] == "json_invalid" for error in found):
        return Problem(400, "malformed_json", "The body is not valid JSON. Send one JSON object in UTF-8.")
    errors = [_field_error(error) for error in found]
    first = errors[0]
    if len(errors) == 1:
        name = first.field or "body"
        return Problem(422, first.code, f"{name}: {first.detail}", field=first.field, errors=errors)
    names = ", ".join(error.field or "body" for error in errors)
    text = f"{len(errors)} fields are wrong: {names}. Each is told under errors."
    return Problem(422, "invalid_fields", text, field=first.field, errors=errors)


def _field_error(error: Any) -> FieldError:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _KINDS:
        code, text = _KINDS[kind]
        return FieldError(_pointer(error["loc"]), code, text.format_map(context))
    if kind in _BUILT_IN:
        return FieldError(_pointer(error["loc"]), *_OTHER)
    return FieldError(_pointer(error["loc"]), kind, str(error["msg"]))


def _pointer(location: Sequence[Any]) -> str:
    if location and location[0] == "body":
        return "".join(f"/{part}" for part in location[1:])
    return "/".join(str(part) for part in location[1:])
