"""Odd values in every field of every POST, as the API's document lists them: answered in our words, never a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ytempire.eventstore import new_id

VALUES: tuple[Any, ...] = (
    None, True, -1, 10**30, 1e308, "", "x" * 20_000, "\0", "a\r\nBcc: b@example.com", "\ud800", "\u202e\u200b",
    "../../etc/passwd", "9" * 5000, "\u0663", "<script>", [], {}, [None], ["\0"], {"k\0": "v"}, [[[[]]]],
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"7", b'"text"', b"{", b"[" * 100_000, b'{"a":' * 50_000, b'{"a": NaN}', b"\xff\xfe{\0}\0",
    b'{"a": 1} {}', b'{"a": 1' + b"1" * 5000 + b"}",
)  # fmt: skip
PERSONS = {"{video_id}", "{channel_id}", "{ticket_id}", "{operation_id}", "{session_id}"}
SAFE = ("/auth/logout",)
"""What would end the session that asks."""


def fields_of(document: Any, operation: Any) -> list[str]:
    """Names of the fields of an operation's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = [part["$ref"].rsplit("/", 1)[1] for part in (content, *content.get("anyOf", ())) if "$ref" in part]
    return [field for name in named for field in document["components"]["schemas"][name].get("properties", {})]


async def test_every_post_answers_whatever_it_is_sent(person: Any) -> None:
    """Given values that no form would send, when each field has each of them, then none is a fault of ours."""
    document = (await person.http.get("/openapi.json")).json()
    before, wrong, asked = person.platform.log.stat().st_size, [], 0
    for path, methods in document["paths"].items():
        if "post" not in methods or path.endswith(SAFE):
            continue
        address = path
        for name in PERSONS:
            address = address.replace(name, new_id())
        fields = fields_of(document, methods["post"])
        # json writes lone surrogates and numbers of any size, as a stranger's program does
        bodies = [json.dumps({field: value}).encode() for field in fields for value in VALUES]
        for body in (*bodies, *BODIES):
            headers = {"Content-Type": "application/json", "Idempotency-Key": new_id()}
            answered = await person.http.post(address, content=body, headers=headers)
            asked += 1
            told = answered.json() if answered.content else {}
            if answered.status_code >= 500 or (answered.status_code >= 400 and not told["detail"].endswith((".", "?"))):
                wrong.append((path, body[:80], answered.status_code, answered.text[:200]))
    assert wrong == []
    assert asked > 500
    with person.platform.log.open() as log:
        log.seek(before)
        assert [line for line in log if '"level":"error"' in line] == []


@pytest.mark.parametrize(
    "value", ["", "\0", "9" * 5000, "-1", "1e400", "\u0663", "../x", "2026-13-45", "' or 1=1--", "NaN"]
)
async def test_every_get_answers_whatever_it_is_asked(person: Any, value: str) -> None:
    document = (await person.http.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/events"):
            continue
        parameters = methods["get"].get("parameters", ())
        address = path
        for name in PERSONS:
            address = address.replace(name, new_id())
        for query in [p["name"] for p in parameters if p["in"] == "query"]:
            answered = await person.http.get(address, params={query: value})
            assert answered.status_code < 500, (path, query)
            if answered.status_code >= 400:
                assert answered.headers["content-type"] == "application/problem+json", (path, query)
