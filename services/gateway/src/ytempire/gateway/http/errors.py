"""Every error as a problem document. Nobody ever sees a stack trace."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ytempire.eventstore import new_id
from ytempire.gateway.http.answers import problem_response
from ytempire.gateway.http.validation import problem_of
from ytempire.gateway.problems import Problem

log = structlog.get_logger()

_DRAINED = 20
"""Up to how many times the limit a refused body is read before the connection is closed."""


def install(app: FastAPI) -> None:
    """Answer every exception with a problem document."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return problem_response(error, request)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        return problem_response(problem_of(error.errors()), request)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        return problem_response(_from_http(error), request)

    @app.exception_handler(Exception)
    async def on_fault(request: Request, error: Exception) -> Response:
        return problem_response(_fault(request.url.path, error), request)


def _from_http(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return Problem(404, "not_found", "There is nothing at this address. The addresses are listed at /docs.")
    if error.status_code == 405:
        return Problem(
            405,
            "method_not_allowed",
            "This address does not take this method. See /docs.",
            headers=dict(error.headers or {}),
        )
    if error.status_code == 400:
        return Problem(400, "malformed_body", "The body cannot be read. Send one JSON object in UTF-8.")
    return Problem(
        error.status_code, "refused", "The request was refused. See /docs.", headers=dict(error.headers or {})
    )


def _fault(path: str, error: Exception) -> Problem:
    fault_id = new_id()
    log.error("request failed", path=path, fault=fault_id, exc_info=error)
    return Problem(
        500,
        "internal_error",
        f"Something went wrong on our side; nothing you did. If it stays, tell support this id: {fault_id}.",
    )


class BodyLimit:
    """Reads a body before anything else does, and refuses one that is too large or does not come.

    A body that breaks off is nobody's request: whoever sent it is gone, and what came of it is dropped.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, most_s: float) -> None:
        self._app, self._most, self._most_s = app, most_bytes, most_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS", "DELETE"):
            await self._app(scope, receive, send)
            return
        try:
            if _said_length(scope) > self._most * _DRAINED:
                raise self._too_large(scope)
            async with asyncio.timeout(self._most_s):
                body = await self._read(scope, receive)
        except TimeoutError:
            await _close(self._too_slow(), scope, receive, send)
        except Problem as problem:
            await _close(problem, scope, receive, send)
        else:
            if body is not None:
                await self._app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None if it broke off. What is too large is still read, within reason.

        A server that answers and closes while the other side is sending makes many clients lose the answer.

        :raises Problem: 413 if it is too large.
        """
        parts: list[bytes] = []
        size, more = 0, True
        while more and size <= self._most * _DRAINED:
            message = await receive()
            if message["type"] != "http.request":
                return None
            part = message.get("body", b"")
            size, more = size + len(part), message.get("more_body", False)
            if size <= self._most:
                parts.append(part)
        if size > self._most:
            raise self._too_large(scope)
        return b"".join(parts)

    def _too_large(self, scope: Scope) -> Problem:
        field = "/brief" if scope["path"].endswith("/videos/generate") else None
        detail = f"The request is larger than {self._most:,} bytes. Send less; a brief may have 100,000."
        return Problem(413, "body_too_large", detail, field=field)

    def _too_slow(self) -> Problem:
        detail = f"The request did not arrive within {self._most_s:g} seconds. Send it again, whole."
        return Problem(408, "body_too_slow", detail)


def _said_length(scope: Scope) -> int:
    said = Headers(scope=scope).get("content-length", "")
    return int(said) if said.isdecimal() else 0


def _replayed(body: bytes, receive: Receive) -> Receive:
    queue: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return queue.pop() if queue else await receive()

    return replay


async def _close(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, and take nothing more: what is still on its way is not another request."""
    problem.headers["Connection"] = "close"
    await problem_response(problem, Request(scope))(scope, receive, send)


class Shield:
    """The outermost layer: what escapes after an answer has begun is logged once and goes no further."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            log.warning("an answer broke off", path=scope.get("path"), error=type(error).__name__)
