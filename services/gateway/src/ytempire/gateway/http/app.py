"""The application: routes, errors, headers, health."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ytempire.gateway.adapters.sql import reachable
from ytempire.gateway.edge import Edge
from ytempire.gateway.http import (
    auth,
    billing,
    channels,
    emails,
    errors,
    live,
    mail,
    members,
    money,
    onboarding,
    pages,
    passwords,
    payments,
    preferences,
    second_factor,
    sessions,
    tax,
    tickets,
    video_files,
    videos,
    webhooks,
)
from ytempire.gateway.http.answers import API
from ytempire.gateway.http.headers import Dressed
from ytempire.gateway.http.identity import EdgeNow
from ytempire.gateway.roles import Permission

MOST_BODY_BYTES = 1_500_000
_ROUTERS = (
    auth,
    sessions,
    second_factor,
    passwords,
    emails,
    onboarding,
    preferences,
    billing,
    payments,
    tax,
    channels,
    videos,
    video_files,
    money,
    tickets,
    mail,
    members,
    live,
    webhooks,
)
_OPEN = frozenset(
    API + path
    for path in (
        "/auth/signup",
        "/auth/verify",
        "/auth/verification/resend",
        "/auth/password/forgot",
        "/auth/password/reset",
        "/auth/login",
        "/auth/login/code",
        "/auth/refresh",
        "/plans",
        "/oauth/google/callback",
        "/mail/unsubscribe",
        "/webhooks/stripe",
    )
)
"""What everybody may ask without an access token; every other route of the API names the permission it needs."""
_ABOUT = (
    "The only HTTP door of YTEMPIRE. Log in at `/auth/login` and send the access token as `Authorization: Bearer`. "
    "A member of somebody else's account names it in the header `Ytempire-Account`. "
    "Every POST but log-in, refresh and webhooks takes an `Idempotency-Key`: the same key and body answer with the "
    "first outcome for 24 hours. A decision that takes too long is answered 202 with an operation to follow. Every "
    "error is a problem document (RFC 9457) that names the field at fault."
)


def create(edge: Edge) -> ASGIApp:
    """The public application."""
    return errors.Shield(Dressed(errors.BodyLimit(routed(edge), MOST_BODY_BYTES, edge.settings.body_s)))


def routed(edge: Edge) -> FastAPI:
    """The application's routes.

    :raises TypeError: if a route does not say who may ask it.
    """
    app = FastAPI(
        title="YTEMPIRE",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # a redirect would go to whatever host the request names
        redirect_slashes=False,
        # ours are in ``headers``, without a span for each dependency
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.edge = edge
    errors.install(app)
    for module in _ROUTERS:
        # not included: a request would look through the routes of every router before its own, twice
        app.router.routes.extend(module.router.routes)
    check_permissions(app.router.routes)
    app.router.routes.extend(pages.router.routes)
    _add_health(app)
    pages.mount_files(app)
    return app


def check_permissions(routes: Sequence[BaseRoute]) -> None:
    """
    :raises TypeError: naming a route that neither stands open nor says which permission it needs: the gateway does not
        start with it.
    """
    for route in routes:
        if isinstance(route, APIRoute) and (route.path in _OPEN) == bool(permissions(route.dependant)):
            raise TypeError(
                f"{route.path} must either need a permission, by a dependency of identity.py, or be listed as open"
            )


def permissions(dependant: Dependant) -> set[Permission]:
    """The permissions that a route's dependencies ask for."""
    named = {p for inner in dependant.dependencies for p in permissions(inner)}
    own = getattr(dependant.call, "permission", None)
    return named | {own} if isinstance(own, Permission) else named


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
