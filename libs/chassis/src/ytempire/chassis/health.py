"""Health on loopback: alive, ready, metrics, and how settled the process is (for moving time and for tools)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class Stateful(Protocol):
    """What the internal pages ask."""

    async def report(self) -> dict[str, Any]: ...

    async def move(self, revision: int, offset_s: float, *, settle: bool) -> dict[str, Any] | None: ...


def routes(ready: Callable[[], bool]) -> list[Route]:
    """``/livez``, ``/readyz`` and ``/metrics``."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready") if ready() else PlainTextResponse("starting", status_code=503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


def application(ready: Callable[[], bool], state: Stateful) -> Starlette:
    async def internal_state(_: Request) -> Response:
        return JSONResponse(await state.report())

    async def internal_clock(request: Request) -> Response:
        moved = await request.json()
        answer = await state.move(int(moved["revision"]), float(moved["offset_seconds"]), settle=bool(moved["settle"]))
        if answer is None:
            return PlainTextResponse("this service is on the system clock: nobody moves it", status_code=409)
        return JSONResponse(answer)

    return Starlette(
        routes=[
            *routes(ready),
            Route("/internal/state", internal_state),
            Route("/internal/clock", internal_clock, methods=["POST"]),
        ]
    )


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
