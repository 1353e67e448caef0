"""Routes of ``/openai/v1``: chat completions (kept ones can be listed), models."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ytempire.sandbox.journal import note
from ytempire.sandbox.openai.completion import ApiError, complete, invalid
from ytempire.sandbox.openai.prices import models
from ytempire.sandbox.world import World

ROOT = "/openai/v1"
KIND = "openai.completion"
PAGE = 20


def router(world: World) -> APIRouter:
    """Routes of the text service."""
    routes = APIRouter(tags=["openai"])

    @routes.post(f"{ROOT}/chat/completions")
    async def create(request: Request) -> JSONResponse:
        return await _answer(request, lambda body: _create(world, request, body))

    @routes.get(f"{ROOT}/chat/completions")
    async def stored(request: Request) -> JSONResponse:
        """Completions kept with ``store: true``, found again by model and metadata."""
        return await _answer(request, lambda _: _stored(world, request))

    @routes.get(f"{ROOT}/chat/completions/{{id}}")
    async def one(request: Request, id: str) -> JSONResponse:
        return await _answer(request, lambda _: _found(world, id))

    @routes.get(f"{ROOT}/models")
    async def list_models(request: Request) -> JSONResponse:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "openai"} for name in models()]
        return await _answer(request, lambda _: {"object": "list", "data": listed})

    return routes


async def _answer(request: Request, make: Callable[[dict[str, Any]], dict[str, Any]]) -> JSONResponse:
    id = f"req_{uuid.uuid4().hex}"
    headers = {
        "x-request-id": id,
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
    }
    note(request, request_id=id)
    try:
        _authenticate(request)
        return JSONResponse(make(await _body(request)), headers=headers)
    except ApiError as error:
        return JSONResponse(error.body, error.status, headers=headers)


def _authenticate(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        text = "You didn't provide an API key. You need to provide your API key in an Authorization header (Bearer)."
        raise ApiError(401, "invalid_request_error", text)
    if not key.startswith("sk-") or "invalid" in key:
        raise ApiError(401, "invalid_request_error", "Incorrect API key provided.", code="invalid_api_key")


async def _body(request: Request) -> dict[str, Any]:
    if request.method != "POST":
        return {}
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise invalid("We could not parse the JSON body of your request.", None) from error
    if not isinstance(body, dict):
        raise invalid("The JSON body of the request must be an object.", None)
    return body


def _create(world: World, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    if world.faults.switched("openai", "insufficient_quota", "POST", "/v1/chat/completions"):
        text = "You exceeded your current quota, please check your plan and billing details."
        raise ApiError(429, "insufficient_quota", text, code="insufficient_quota")
    outcome = complete(world, body)
    done = outcome.completion
    if body.get("store"):
        world.store.put(KIND, done["id"], done)
    usage = done["usage"]
    note(
        request,
        cost_micros=outcome.cost_micros,
        completion=done["id"],
        model=done["model"],
        input_tokens=usage["prompt_tokens"],
        output_tokens=usage["completion_tokens"],
    )
    return done


def _stored(world: World, request: Request) -> dict[str, Any]:
    query = request.query_params
    wanted = {key[9:-1]: value for key, value in query.items() if key.startswith("metadata[")}
    found = [
        done
        for done in world.store.list(KIND)
        if query.get("model") in (None, done["model"])
        and all(done["metadata"].get(key) == value for key, value in wanted.items())
    ]
    ids = [done["id"] for done in found]
    if query.get("after") in ids:
        found = found[ids.index(str(query["after"])) + 1 :]
    limit = int(query.get("limit", PAGE)) if query.get("limit", str(PAGE)).isdigit() else PAGE
    shown = found[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(found) > limit,
    }


def _found(world: World, id: str) -> dict[str, Any]:
    done = world.store.get(KIND, id)
    if done is None:
        raise ApiError(404, "invalid_request_error", f"No completion found with id '{id}'.", code="not_found")
    return done
