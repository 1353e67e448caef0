"""The opening rephrased by a language model, through the ``openai`` SDK, with its exact cost."""

from __future__ import annotations

import csv
import functools
import ssl
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from importlib.resources import files
from typing import Any

import orjson
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError
from pydantic import BaseModel, ConfigDict, ValidationError

from ytempire.chassis.telemetry import span
from ytempire.eventstore import PermanentError, TransientError
from ytempire.media.ports import Rewritten

_TIMEOUT_S = 30.0
_CHARS_PER_TOKEN = 3
_OVERHEAD_TOKENS = 400
_ANSWER_TOKENS = 400
_METADATA_KEY = "ytempire_call"
_SYSTEM = (
    "You rephrase the first sentences of a narrated video so that they sound spoken. Use only what the hook says: "
    "no new fact, name, number or adjective. Keep every number as it is. Stay within max_words."
)
_MICROS_PER_USD = 1_000_000
_PER_MILLION = 1_000_000


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hook: str


class OpenAiHook:
    """Calls are stored at the provider under our call id, so that an unknown outcome can be asked for."""

    def __init__(self, url: str, key: str, model: str, tls: ssl.SSLContext, now: Callable[[], datetime]) -> None:
        self._model, self._now = model, now
        # no retries inside: a repeated paid call is our decision, after asking whether the first one happened
        self._client = AsyncOpenAI(
            api_key=key,
            base_url=url,
            timeout=_TIMEOUT_S,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(verify=tls),
        )

    def estimate_micros(self, request: dict[str, Any]) -> int:
        """An upper bound of what the call will cost."""
        asked = len(orjson.dumps(request)) // _CHARS_PER_TOKEN + _OVERHEAD_TOKENS
        return _cost_micros(self._model, self._now().date(), asked, _ANSWER_TOKENS)

    async def rewrite(self, call_id: str, request: dict[str, Any]) -> Rewritten:
        """Make the call.

        :raises TransientError: if the provider is busy or not reached; whether it charged is then unknown.
        :raises PermanentError: if it refuses the request.
        """
        with span("openai rewrite hook"):
            try:
                answer = await self._client.chat.completions.create(
                    model=self._model,
                    messages=[
                        {"role": "system", "content": _SYSTEM},
                        {"role": "user", "content": orjson.dumps(request).decode()},
                    ],
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": "hook", "strict": True, "schema": _Answer.model_json_schema()},
                    },
                    max_completion_tokens=_ANSWER_TOKENS,
                    store=True,
                    metadata={_METADATA_KEY: call_id},
                )
            except APIStatusError as error:
                if error.status_code in {408, 409, 429} or error.status_code >= 500:
                    raise TransientError(f"the text provider answered {error.status_code}") from error
                raise PermanentError(f"the text provider refused the request: {error.status_code}") from error
            except APIConnectionError as error:
                raise TransientError("the text provider was not reached") from error
        return self._read(answer)

    async def find(self, call_id: str) -> Rewritten | None:
        """The stored answer to an earlier call, if the provider has it."""
        try:
            found = await self._client.chat.completions.list(metadata={_METADATA_KEY: call_id}, limit=1)
        except OpenAIError as error:
            raise TransientError("the text provider could not say whether a call was made") from error
        return self._read(found.data[0]) if found.data else None

    def _read(self, answer: Any) -> Rewritten:
        usage = answer.usage
        micros = _cost_micros(self._model, self._now().date(), usage.prompt_tokens, usage.completion_tokens)
        content = answer.choices[0].message.content or "{}"
        try:
            text = _Answer.model_validate_json(content).hook
        except ValidationError:
            text = ""
        quantity = f"{usage.prompt_tokens} input tokens, {usage.completion_tokens} output tokens of {self._model}"
        return Rewritten(text, micros, quantity, answer.id)


@functools.cache
def _prices() -> tuple[dict[str, str], ...]:
    text = files("ytempire.media.adapters").joinpath("data/text_prices.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _cost_micros(model: str, day: date, input_tokens: int, output_tokens: int) -> int:
    """Micro-dollars of one call, rounded up once, by the price in force on a day.

    :raises LookupError: if the table has no price for the model.
    """
    known = [p for p in _prices() if p["model"] == model and date.fromisoformat(p["effective_from"]) <= day]
    if not known:
        raise LookupError(f"no price for {model} on {day.isoformat()}: add it to text_prices.csv")
    price = max(known, key=lambda p: p["effective_from"])
    dollars = Decimal(price["input_usd_per_million"]) * input_tokens
    dollars += Decimal(price["output_usd_per_million"]) * output_tokens
    return int((dollars * _MICROS_PER_USD / _PER_MILLION).to_integral_value(ROUND_CEILING))
