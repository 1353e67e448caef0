"""Headers and measurements of every answer."""

from __future__ import annotations

import time
from functools import lru_cache

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ytempire.chassis.requests import RequestSpan

_CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:;"
    b" media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_CSP = _CSP.replace(b"style-src 'self'", b"style-src 'self' 'unsafe-inline'")
"""The packaged Swagger UI writes styles; it runs no script that is not its own file."""

_COMMON = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]

REQUESTS = Counter("gateway_http_requests_total", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram(
    "gateway_http_request_seconds",
    "Time until the answer began",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
_TRACED = "/api/"
"""What has spans: not the pages, their files, nor health."""


class Dressed:
    """Adds security headers, counts, and begins the trace of what goes to the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not scope["path"].startswith(_TRACED):
            await self._dressed(scope, receive, send, None)
            return
        with RequestSpan(scope["method"], Headers(scope=scope).get("traceparent")) as span:
            await self._dressed(scope, receive, send, span)

    async def _dressed(self, scope: Scope, receive: Receive, send: Send, span: RequestSpan | None) -> None:
        began = time.perf_counter()

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(scope["path"], message)
                route = getattr(scope.get("route"), "path", "unmatched")
                if span is not None:
                    span.answered(scope["method"], route, message["status"])
                _measure(scope["method"], route, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, dress)


def _dress(path: str, message: Message) -> None:
    """Add what the answer does not say itself."""
    csp = _DOCS_CSP if path == "/docs" else _CSP
    ours = [*_COMMON, (b"content-security-policy", csp)]
    if path.startswith(_TRACED):
        ours.append((b"cache-control", b"no-store"))
    said = {name.lower() for name, _ in message["headers"]}
    message["headers"] = [*message["headers"], *(header for header in ours if header[0] not in said)]


def _measure(method: str, route: str, status: int, seconds: float) -> None:
    _requests(method, route, str(status)).inc()
    _seconds(route).observe(seconds)


@lru_cache(1024)
def _requests(method: str, route: str, status: str) -> Counter:
    # there are as many as routes have answers; looking a label up takes longer than counting
    return REQUESTS.labels(method, route, status)


@lru_cache(1024)
def _seconds(route: str) -> Histogram:
    return SECONDS.labels(route)
