"""The application: routes, errors, headers, health."""

from __future__ import annotations

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp

from ytempire.gateway.adapters.sql import reachable
from ytempire.gateway.edge import Edge
from ytempire.gateway.http import (
    auth,
    billing,
    channels,
    errors,
    live,
    money,
    onboarding,
    pages,
    payments,
    tickets,
    video_files,
    videos,
    webhooks,
)
from ytempire.gateway.http.headers import Dressed
from ytempire.gateway.http.identity import EdgeNow

MOST_BODY_BYTES = 1_500_000
_ROUTERS = (
    auth,
    onboarding,
    billing,
    payments,
    channels,
    videos,
    video_files,
    money,
    tickets,
    live,
    webhooks,
)
_ABOUT = (
    "The only HTTP door of YTEMPIRE. Log in at `/auth/login` and send the access token as `Authorization: Bearer`. "
    "Every POST but log-in, refresh and webhooks takes an `Idempotency-Key`: the same key and body answer with the "
    "first outcome for 24 hours. A decision that takes too long is answered 202 with an operation to follow. Every "
    "error is a problem document (RFC 9457) that names the field at fault."
)


def create(edge: Edge) -> ASGIApp:
    """The public application."""
    app = FastAPI(
        title="YTEMPIRE",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # ours are in ``headers``, without a span for each dependency
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.edge = edge
    errors.install(app)
    for module in _ROUTERS:
        # not included: a request would look through the routes of every router before its own, twice
        app.router.routes.extend(module.router.routes)
    app.router.routes.extend(pages.router.routes)
    _add_health(app)
    pages.mount_files(app)
    return errors.Shield(Dressed(errors.BodyLimit(app, MOST_BODY_BYTES)))


def _add_health(app: FastAPI) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return Response("alive", media_type="text/plain")

    @app.get("/readyz", include_in_schema=False)
    async def readyz(edge: EdgeNow) -> Response:
        missing = []
        if not edge.changes.connected or not await reachable(edge.engine):
            missing.append("database")
        if not edge.nats.is_connected:
            missing.append("NATS")
        if missing:
            return Response(f"no connection to {', '.join(missing)}", 503, media_type="text/plain")
        return Response("ready", media_type="text/plain")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
