"""One chat completion: checks of the request, the answer, usage and cost."""

import json
import math
from dataclasses import dataclass
from typing import Any

from ytempire.sandbox.openai.prices import Price, cost_micros, count_tokens, price_of
from ytempire.sandbox.openai.rephrase import rephrase
from ytempire.sandbox.openai.schema import SchemaError, answer, check_strict
from ytempire.sandbox.world import World

PER_MESSAGE = 4
"""Tokens that each message costs beside its text."""


class ApiError(Exception):
    """An error in OpenAI's envelope."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def invalid(message: str, param: str | None, code: str | None = None) -> ApiError:
    """400 invalid_request_error."""
    return ApiError(400, "invalid_request_error", message, code=code, param=param)


@dataclass(frozen=True)
class Outcome:
    """A finished completion: the object as answered, and its cost in micro-USD."""

    completion: dict[str, Any]
    cost_micros: int


def complete(world: World, request: dict[str, Any]) -> Outcome:
    """Answer a request of ``chat/completions``; raises :class:`ApiError`."""
    price = _check(world, request)
    message, finish = _message(world, request)
    text = message["content"] or message["refusal"] or ""
    used_in = sum(count_tokens(_text_of(m)) + PER_MESSAGE for m in request["messages"])
    if request.get("response_format"):
        used_in += count_tokens(json.dumps(request["response_format"]))
    used_out = count_tokens(text)
    most = request.get("max_completion_tokens")
    if isinstance(most, int) and used_out > most:
        used_out, finish = most, "length"
        message = {**message, "content": text[: most * 4]}
    completion = {
        "id": world.store.next_id("chatcmpl-"),
        "object": "chat.completion",
        "created": math.floor(world.clock.now().timestamp()),
        "model": price.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": used_in,
            "completion_tokens": used_out,
            "total_tokens": used_in + used_out,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "metadata": request.get("metadata") or {},
    }
    return Outcome(completion, cost_micros(price, used_in, used_out))


def _check(world: World, request: dict[str, Any]) -> Price:
    model = request.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("you must provide a model parameter", "model")
    price = price_of(model, world.clock.now().date())
    if price is None:
        text = f"The model `{model}` does not exist or you do not have access to it."
        raise ApiError(404, "invalid_request_error", text, code="model_not_found")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise invalid("'messages' must be a non-empty array of message objects.", "messages")
    if request.get("stream"):
        raise invalid("This stand-in answers whole completions only.", "stream", "unsupported_value")
    if "max_tokens" in request:
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise invalid(text, "max_tokens", "unsupported_parameter")
    if request.get("temperature") not in (None, 1, 1.0) and request.get("reasoning_effort") != "none":
        text = "Unsupported value: 'temperature' needs reasoning_effort 'none' with this model."
        raise invalid(text, "temperature", "unsupported_value")
    return price


def _message(world: World, request: dict[str, Any]) -> tuple[dict[str, Any], str]:
    asked = next((_text_of(m) for m in reversed(request["messages"]) if m.get("role") == "user"), "")
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    if world.faults.switched("openai", "refusal", "POST", "/v1/chat/completions"):
        return {**message, "refusal": "I'm sorry, I can't help with that."}, "stop"
    content = _content(request, asked)
    if world.faults.switched("openai", "truncated_json", "POST", "/v1/chat/completions"):
        return {**message, "content": content[: len(content) // 2]}, "length"
    return {**message, "content": content}, "stop"


def _content(request: dict[str, Any], asked: str) -> str:
    wanted = request.get("response_format") or {"type": "text"}
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema":
        return json.dumps(_structured(wanted.get("json_schema"), asked), ensure_ascii=False)
    if kind == "json_object":
        return json.dumps({"answer": rephrase(asked)}, ensure_ascii=False)
    if kind != "text":
        raise invalid(f"Invalid value: '{kind}'. Use 'json_object', 'json_schema' or 'text'.", "response_format.type")
    return rephrase(asked, 120)


def _structured(wanted: Any, asked: str) -> dict[str, Any]:
    if not isinstance(wanted, dict) or not isinstance(wanted.get("schema"), dict) or not wanted.get("name"):
        raise invalid("Missing required parameter: 'response_format.json_schema'.", "response_format.json_schema")
    try:
        if wanted.get("strict"):
            check_strict(wanted["schema"])
        return answer(wanted["schema"], asked)
    except SchemaError as error:
        text = f"Invalid schema for response_format '{wanted['name']}': {error}"
        raise invalid(text, "response_format", "invalid_json_schema") from error


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
