"""Around each provider request: apply the fault plan, and write the journal."""

import asyncio
import json
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ytempire.sandbox.faults import Fault
from ytempire.sandbox.world import World

PROVIDERS = {
    "/stripe": "stripe",
    "/checkout": "checkout",
    "/openai": "openai",
    "/google/oauth": "google-oauth",
    "/youtubeanalytics": "youtubeanalytics",
    "/youtube": "youtube",
    "/awin": "awin",
}
HTTP_ACTIONS = {"status", "delay", "drop", "drop_answer", "truncate", "duplicate"}
NO_ANSWER = 0
"""Status in the journal of a request whose connection was closed without an answer."""


def provider_of(path: str) -> tuple[str, str] | None:
    """Name of the provider a path belongs to and the rest of the path, or None for the sandbox's own pages."""
    for prefix, name in PROVIDERS.items():
        if path == prefix or path.startswith(prefix + "/"):
            return name, path.removeprefix(prefix) or "/"
    return None


def error_body(provider: str, status: int) -> dict[str, Any]:
    """The envelope in which a provider reports a failure of its own."""
    text = "The fault plan of the sandbox asked for this answer."
    if provider == "stripe":
        kind = "rate_limit" if status == 429 else None
        return {"error": {"type": "api_error", "code": kind, "message": text}}
    if provider == "openai":
        kind = "rate_limit_exceeded" if status == 429 else "server_error"
        return {"error": {"type": kind, "code": kind, "message": text, "param": None}}
    if provider == "google-oauth":
        return {"error": "temporarily_unavailable", "error_description": text}
    reason = {403: "quotaExceeded", 429: "rateLimitExceeded"}.get(status, "backendError")
    errors = [{"domain": "global", "reason": reason, "message": text}]
    return {"error": {"code": status, "message": text, "errors": errors}}


@dataclass
class Answer:
    """An answer held back, to be sent, cut or thrown away."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return next((m["status"] for m in self.messages if m["type"] == "http.response.start"), 500)

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages if m["type"] == "http.response.body")


class ProviderMiddleware:
    """ASGI middleware; requests that are not below a provider's prefix pass untouched."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app, self._world = app, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = provider_of(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        provider, path = found
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        taken = self._world.faults.take(provider, scope["method"], path, actions=HTTP_ACTIONS)
        hit: dict[str, Fault] = {fault.action: fault for fault in taken}
        status = 500
        try:
            status = await self._serve(provider, hit, scope, receive, send)
        finally:
            detail = dict(state.get("journal_detail", {}))
            if hit:
                detail["faults"] = sorted(hit)
            self._world.journal.record(
                provider, scope["method"], path, status, state.get("journal_cost"), detail
            )  # fmt: skip

    async def _serve(self, provider: str, hit: dict[str, Fault], scope: Scope, receive: Receive, send: Send) -> int:
        if "delay" in hit:
            await asyncio.sleep(hit["delay"].delay_s)
        if "drop" in hit:
            await _abort(scope, receive)
            return NO_ANSWER
        if "status" in hit:
            await _answer(hit["status"], provider, send)
            return hit["status"].status
        if "duplicate" in hit:
            receive = await self._twice(scope, receive)
        if "drop_answer" in hit or "truncate" in hit:
            answer = Answer()
            await self._app(scope, receive, answer.send)
            if "truncate" in hit:
                await _send_half(answer, scope, send)
            else:
                await _abort(scope, receive)
            return answer.status
        return await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watch)
        return status

    async def _twice(self, scope: Scope, receive: Receive) -> Receive:
        """Serve the request once for nobody, and return a ``receive`` that gives its body again."""
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        first = {**scope, "state": dict(scope["state"])}
        await self._app(first, _replay(body, receive), Answer().send)
        return _replay(body, receive)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(fault: Fault, provider: str, send: Send) -> None:
    body = json.dumps(fault.body if fault.body is not None else error_body(provider, fault.status)).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **fault.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _send_half(answer: Answer, scope: Scope, send: Send) -> None:
    start = answer.messages[0]
    names = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    headers = [*names, (b"content-length", str(len(answer.body)).encode())]
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    scope["state"]["transport"].close()


async def _abort(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer, as a broken line would."""
    scope["state"]["transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        pass
