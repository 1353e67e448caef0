"""How things are said in HTTP: JSON, problem documents, outcomes, money."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from ytempire.events.pnl import amount
from ytempire.gateway.intents import Outcome
from ytempire.gateway.problems import Problem, from_rejection, not_found

API = "/api/v1"
_UNSPOKEN = ("signature", "sealed")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string", "description": "urn:ytempire:problem:<code with dashes>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "code": {"type": "string"},
        "field": {"type": "string", "description": "JSON pointer into the body, or a header or parameter."},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused", "content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}}},
    "5XX": {"description": "Failed", "content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}}},
}
PENDING: dict[int | str, dict[str, Any]] = {
    202: {"description": "Not decided yet: follow `Location`, or repeat the request with the same key"}
}


class Json(Response):
    """JSON with times in UTC and their Z."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def problem_response(problem: Problem, request: Request) -> Response:
    return Response(
        orjson.dumps(problem.document(request.url.path)),
        problem.status,
        headers={**problem.headers, "Cache-Control": "no-store"},
        media_type="application/problem+json",
    )


def money(micros: int | None, currency: str | None) -> dict[str, str] | None:
    """An amount as exact decimal text with its currency."""
    if micros is None or currency is None:
        return None
    return {"amount": amount(micros), "currency": currency}


def spoken(data: Any) -> Any:
    """An event's fields as answers say them: money as decimals, without signatures of files and what is sealed."""
    if isinstance(data, list):
        return [spoken(item) for item in data]
    if not isinstance(data, Mapping):
        return data
    if data.keys() == {"micros", "currency"}:
        return money(data["micros"], data["currency"])
    return {key: spoken(value) for key, value in data.items() if key not in _UNSPOKEN}


def known_id(value: str, what: str) -> str:
    """The id if it can be one.

    :raises Problem: 404 if nothing can have this id.
    """
    if not _ID.fullmatch(value):
        raise not_found(what)
    return value


def answer(
    outcome: Outcome,
    shape: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    *,
    created: str | None = None,
    resource: Mapping[str, str] | None = None,
) -> Response:
    """201 or 200 in time, 202 when late, the owner's refusal as a problem.

    :param created: path of the new resource, for 201.
    :param resource: ids that are known before the decision.
    :raises Problem: if the owner refused.
    """
    if outcome.status == "rejected":
        raise from_rejection(outcome.data)
    if outcome.status == "pending":
        return pending(outcome, resource or {})
    data = {key: value for key, value in spoken(outcome.data).items() if key != "user_id"}
    headers = {"Location": created} if created else {}
    body = {"operation_id": outcome.operation_id, **shape(data)}
    return Json(body, 201 if created else 200, headers=headers)


def pending(outcome: Outcome, resource: Mapping[str, str]) -> Response:
    address = f"{API}/operations/{outcome.operation_id}"
    body = {"operation_id": outcome.operation_id, "status": "pending", "operation_url": address, **resource}
    return Json(body, 202, headers={"Location": address, "Retry-After": "1"})
