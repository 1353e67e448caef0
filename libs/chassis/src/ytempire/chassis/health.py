"""Health on loopback: alive, ready, metrics, and how settled the process is (for moving time and for tools)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

State = Callable[[], Awaitable[dict[str, Any]]]


def routes(ready: Callable[[], bool]) -> list[Route]:
    """``/livez``, ``/readyz`` and ``/metrics``."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready") if ready() else PlainTextResponse("starting", status_code=503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


def application(ready: Callable[[], bool], state: State) -> Starlette:
    async def internal_state(_: Request) -> Response:
        return JSONResponse(await state())

    return Starlette(routes=[*routes(ready), Route("/internal/state", internal_state)])


class Server(uvicorn.Server):
    """An HTTP server inside a process that handles its own signals."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=3,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The runner handles signals for the whole process."""
        yield
