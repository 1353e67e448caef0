"""The text service, driven by the openai SDK."""

import json
from collections.abc import Iterator

import httpx
import openai
import pytest
from pydantic import BaseModel

from ytempire.sandbox.openai.prices import cost_micros, price_of, table
from ytempire.sandbox.openai.rephrase import rephrase
from ytempire.sandbox.process import Addresses

HOOK = "The tower really opened to the public in 1889. Nobody expected it to stay."


class Hook(BaseModel):
    hook: str


class Plan(BaseModel):
    title: str
    tags: list[str]
    score: int
    mood: str | None


@pytest.fixture
def api(sandbox: Addresses, web: httpx.Client) -> Iterator[openai.OpenAI]:
    import httpx2

    with openai.OpenAI(
        api_key="sk-test",
        base_url=f"{sandbox.base_url}/openai/v1",
        max_retries=0,
        http_client=httpx2.Client(verify=_trust(sandbox.ca)),
    ) as client:
        yield client
    web.delete("/control/faults")


def _trust(ca: str) -> object:
    import ssl

    return ssl.create_default_context(cafile=ca)


def ask(api: openai.OpenAI, **task: object) -> openai.types.chat.ParsedChatCompletion[Hook]:
    return api.chat.completions.parse(
        model="gpt-6-luna",
        messages=[
            {"role": "system", "content": "Rewrite this hook using only these facts."},
            {"role": "user", "content": json.dumps({"task": "rewrite_hook", **task})},
        ],
        response_format=Hook,
    )


def words(text: str) -> set[str]:
    return {word.strip(".,").lower() for word in text.split()}


def test_a_hook_is_reworded_from_its_own_words(api: openai.OpenAI, web: httpx.Client) -> None:
    before = web.get("/control/bill").json()["providers"].get("openai", 0)
    done = ask(api, hook=HOOK, facts=["The tower opened in 1889."], max_words=30)
    answer = done.choices[0].message.parsed
    assert answer is not None
    assert answer.hook == "In 1889, the tower opened to the public. Nobody expected it to stay."
    assert words(answer.hook) <= words(HOOK)
    assert ask(api, hook=HOOK, facts=["The tower opened in 1889."], max_words=30).choices[0].message.parsed == answer
    assert done.usage is not None
    price = price_of("gpt-6-luna", table()[0].since)
    assert price is not None
    cost = cost_micros(price, done.usage.prompt_tokens, done.usage.completion_tokens)
    assert web.get("/control/bill").json()["providers"]["openai"] - before == 2 * cost
    line = web.get("/control/journal", params={"provider": "openai"}).json()[-1]
    assert line["detail"]["completion"].startswith("chatcmpl-")
    assert line["cost_micros"] == cost
    assert done._request_id


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("It failed. It was just the start.", 2, "It failed."),
        ("The dam, which nobody wanted, broke in 1928.", None, "The dam, which nobody wanted, broke in 1928."),
        ("Prices rose and wages fell in 1973.", None, "Prices rose and wages fell in 1973."),
        ("What happened in 1889?", None, "What happened in 1889?"),
        ("It was sold on March 3, 1911.", None, "On March 3, 1911, it was sold."),
        ("A long story about a small town, told by those who left it, and some who stayed.", 9,
         "A long story about a small town."),
        ("", 5, ""),
    ],
)  # fmt: skip
def test_rewording_never_changes_what_is_said(text: str, limit: int | None, expected: str) -> None:
    assert rephrase(text, limit) == expected


def test_cost_is_exact_and_rounded_up() -> None:
    luna, sol = (price_of(name, table()[0].since) for name in ("gpt-6-luna", "gpt-6-sol"))
    assert luna is not None
    assert sol is not None
    assert cost_micros(luna, 1_000_000, 1_000_000) == 600_000
    assert cost_micros(luna, 1, 0) == 1
    assert cost_micros(sol, 10, 3) == 50
    assert price_of("gpt-4", table()[0].since) is None


def test_any_schema_is_satisfied(api: openai.OpenAI) -> None:
    done = api.chat.completions.parse(
        model="gpt-6-sol", messages=[{"role": "user", "content": "Canals move goods. They are slow."}],
        response_format=Plan,
    )  # fmt: skip
    plan = done.choices[0].message.parsed
    assert plan is not None
    assert plan.title in ("Canals move goods.", "They are slow.")


def test_plain_text_and_models(api: openai.OpenAI) -> None:
    done = api.chat.completions.create(model="gpt-6-luna", messages=[{"role": "user", "content": "Say it simply."}])
    assert done.choices[0].message.content
    assert {"gpt-6-luna", "gpt-6-sol"} <= {model.id for model in api.models.list()}


def test_kept_completions_are_found_by_metadata(api: openai.OpenAI) -> None:
    made = api.chat.completions.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": "Keep me."}], store=True, metadata={"job": "j-1"}
    )
    assert [c.id for c in api.chat.completions.list(metadata={"job": "j-1"}).data] == [made.id]
    assert api.chat.completions.list(metadata={"job": "j-2"}).data == []
    assert api.chat.completions.retrieve(made.id).usage == made.usage


def test_errors_have_the_vendor_s_classes(sandbox: Addresses, api: openai.OpenAI, web: httpx.Client) -> None:
    message: openai.types.chat.ChatCompletionUserMessageParam = {"role": "user", "content": "x"}
    with pytest.raises(openai.AuthenticationError):
        api.with_options(api_key="nonsense").models.list()
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        api.chat.completions.create(model="gpt-4", messages=[message])
    with pytest.raises(openai.BadRequestError, match="max_completion_tokens"):
        api.chat.completions.create(model="gpt-6-luna", messages=[message], max_tokens=5)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        api.chat.completions.create(model="gpt-6-luna", messages=[message], temperature=0.2)
    loose = {"name": "x", "strict": True, "schema": {"type": "object", "properties": {}}}
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        api.chat.completions.create(
            model="gpt-6-luna", messages=[message], response_format={"type": "json_schema", "json_schema": loose}
        )
    for status, kind in ((429, openai.RateLimitError), (500, openai.InternalServerError)):
        web.post("/control/faults", json={"provider": "openai", "action": "status", "status": status})
        with pytest.raises(kind):
            api.models.list()
    web.post("/control/faults", json={"provider": "openai", "action": "provider", "name": "insufficient_quota"})
    with pytest.raises(openai.RateLimitError) as caught:
        api.chat.completions.create(model="gpt-6-luna", messages=[message])
    assert caught.value.code == "insufficient_quota"


def test_refusals_and_cut_answers(api: openai.OpenAI, web: httpx.Client) -> None:
    web.post("/control/faults", json={"provider": "openai", "action": "provider", "name": "refusal"})
    assert ask(api, hook=HOOK).choices[0].message.refusal
    web.post("/control/faults", json={"provider": "openai", "action": "provider", "name": "truncated_json"})
    with pytest.raises(openai.LengthFinishReasonError):
        ask(api, hook=HOOK)


def test_broken_lines_are_connection_errors(api: openai.OpenAI, web: httpx.Client) -> None:
    for action in ("drop", "drop_answer", "truncate"):
        web.post("/control/faults", json={"provider": "openai", "action": action})
        with pytest.raises(openai.APIConnectionError):
            api.models.list()
    assert api.models.list().data
