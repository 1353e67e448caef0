"""The discovery document that google-api-python-client ships, used to judge each request.

Names, types and enums of parameters and body properties come from it, and so do the scopes of each method: what the
real service's own description does not know is refused here.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from googleapiclient.discovery_cache import get_static_doc
from starlette.datastructures import QueryParams

from ytempire.sandbox.google.errors import ApiError, bad_parameter

# Sent by clients or needed by the upload protocol, but not in the document.
EXTRA_PARAMETERS = frozenset({"upload_id", "trace"})
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Method:
    """One method of the API: ``id`` such as ``youtube.videos.insert``."""

    id: str
    http_method: str
    parameters: dict[str, dict[str, Any]]
    scopes: frozenset[str]
    request: str | None
    response: str | None
    max_media_bytes: int | None
    accept: tuple[str, ...]


@cache
def document(name: str, version: str) -> dict[str, Any]:
    """The shipped document of an API."""
    text = get_static_doc(name, version)
    if text is None:
        raise LookupError(f"google-api-python-client ships no discovery document for {name} {version}")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def methods(name: str, version: str) -> dict[str, Method]:
    """All methods of an API by id."""
    found: dict[str, Method] = {}

    def walk(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            for raw in resource.get("methods", {}).values():
                found[raw["id"]] = _method(raw)
            walk(resource.get("resources", {}))

    walk(document(name, version)["resources"])
    return found


def _method(raw: dict[str, Any]) -> Method:
    media = raw.get("mediaUpload", {})
    return Method(
        id=raw["id"],
        http_method=raw["httpMethod"],
        parameters=raw.get("parameters", {}),
        scopes=frozenset(raw.get("scopes", ())),
        request=raw.get("request", {}).get("$ref"),
        response=raw.get("response", {}).get("$ref"),
        max_media_bytes=int(media["maxSize"]) if "maxSize" in media else None,
        accept=tuple(media.get("accept", ())),
    )


def youtube_method(id: str) -> Method:
    """A method of YouTube Data API v3 by its id without ``youtube.``, such as ``videos.list``."""
    return methods("youtube", "v3")[f"youtube.{id}"]


def check_parameters(api: tuple[str, str], method: Method, query: QueryParams) -> None:
    """Raise 400 for an unknown, missing, repeated or malformed query parameter."""
    common = document(*api)["parameters"]
    for name in query:
        rule = method.parameters.get(name) or common.get(name)
        if rule is None:
            if name in EXTRA_PARAMETERS:
                continue
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
            raise bad_parameter(name, message, "badRequest")
        values = query.getlist(name)
        if len(values) > 1 and not rule.get("repeated"):
            raise bad_parameter(name, f"The parameter {name} must be given once.")
        for value in values:
            _check_value(name, value, rule)
    for name, rule in method.parameters.items():
        if rule.get("required") and rule["location"] == "query" and not query.get(name):
            raise bad_parameter(name, f"Required parameter: {name}", "required")


def _check_value(name: str, value: str, rule: dict[str, Any]) -> None:
    if rule["type"] == "boolean" and value.lower() not in ("true", "false"):
        raise bad_parameter(name, f"Invalid value '{value}' for {name}: it must be true or false.")
    if rule["type"] == "integer":
        try:
            number = int(value)
        except ValueError:
            raise bad_parameter(name, f"Invalid value '{value}' for {name}: it must be a whole number.") from None
        if number < int(rule.get("minimum", number)) or number > int(rule.get("maximum", number)):
            limits = f"{rule.get('minimum', '')} to {rule.get('maximum', '')}"
            raise bad_parameter(name, f"Invalid value '{value}' for {name}. Allowed: [{limits}]")
    if "enum" in rule and value not in rule["enum"]:
        raise bad_parameter(name, f"Invalid value '{value}' for {name}. Allowed: {', '.join(rule['enum'])}")


def parts_of(method: Method, query: QueryParams) -> list[str]:
    """The values of ``part``; raises 400 for one the resource does not have."""
    schemas = document("youtube", "v3")["schemas"]
    resource = schemas[method.request or method.response or ""]
    if "items" in resource["properties"]:
        resource = schemas[resource["properties"]["items"]["items"]["$ref"]]
    parts = [part.strip() for text in query.getlist("part") for part in text.split(",") if part.strip()]
    if unknown := [part for part in parts if part not in resource["properties"]]:
        message = f"'{unknown[0]}' is not a part of this resource."
        raise ApiError(400, "unknownPart", message, domain="youtube.part", location="part")
    if not parts:
        raise bad_parameter("part", "No filter selected: the part parameter is empty.", "missingRequiredParameter")
    return parts


def check_body(method: Method, body: object) -> dict[str, Any]:
    """The body, if every property is known, of the right type and within its enum; raises 400 otherwise."""
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "Invalid JSON payload received: an object is expected.")
    _check_object(document("youtube", "v3")["schemas"], method.request or "", body, "resource")
    return body


def _check_object(schemas: dict[str, Any], name: str, value: dict[str, Any], path: str) -> None:
    properties = schemas[name].get("properties", {})
    free = schemas[name].get("additionalProperties")
    for key, item in value.items():
        rule = properties.get(key, free)
        if rule is None:
            message = f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field."
            raise ApiError(400, "badRequest", message)
        _check_item(schemas, rule, item, f"{path}.{key}")


def _check_item(schemas: dict[str, Any], rule: dict[str, Any], item: Any, path: str) -> None:
    if item is None:
        return
    kind = "object" if "$ref" in rule else rule.get("type", "any")
    allowed = JSON_TYPES.get(kind)
    # 64-bit numbers travel as strings in Google's JSON.
    as_text = kind in ("integer", "number") and isinstance(item, str)
    wrong_bool = isinstance(item, bool) and kind in ("integer", "number")
    if allowed and not as_text and (wrong_bool or not isinstance(item, allowed)):
        raise ApiError(400, "badRequest", f"Invalid value at '{path}' ({kind} expected).")
    if "enum" in rule and item not in rule["enum"]:
        raise ApiError(400, "badRequest", f"Invalid value at '{path}': \"{item}\". Allowed: {', '.join(rule['enum'])}")
    if "$ref" in rule:
        _check_object(schemas, rule["$ref"], item, path)
    elif kind == "array":
        for index, part in enumerate(item):
            _check_item(schemas, rule.get("items", {}), part, f"{path}[{index}]")
    elif kind == "object":
        _check_inline(schemas, rule, item, path)


def _check_inline(schemas: dict[str, Any], rule: dict[str, Any], item: dict[str, Any], path: str) -> None:
    properties, free = rule.get("properties", {}), rule.get("additionalProperties")
    for key, part in item.items():
        inner = properties.get(key, free)
        if inner is None:
            message = f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field."
            raise ApiError(400, "badRequest", message)
        _check_item(schemas, inner, part, f"{path}.{key}")
