"""All routes of the Awin stand-in."""

import hmac
import json
from collections import deque
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from ytempire.sandbox import pages
from ytempire.sandbox.awin import links, programmes, transactions
from ytempire.sandbox.awin.errors import AwinError, AwinRoute
from ytempire.sandbox.awin.settings import AwinSettings
from ytempire.sandbox.journal import note
from ytempire.sandbox.world import World

MINUTE = timedelta(minutes=1)
MOST_LINKS = 100


class Door:
    """Token, publisher and rate limit of each API call."""

    def __init__(self, world: World, settings: AwinSettings) -> None:
        self._world, self._settings = world, settings
        self._calls: deque[datetime] = deque()

    def admit(self, request: Request, publisher: int) -> None:
        """Raise 401, 403 or 429."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else request.query_params.get("accessToken", "")
        if not hmac.compare_digest(given.encode(), self._settings.token.get_secret_value().encode()):
            raise AwinError(401, "unauthorized", "The access token is missing or not valid.")
        now = self._world.clock.now()
        # After a reset of the world the clock is back at an earlier time; older calls no longer count then.
        self._calls = deque(at for at in self._calls if now - MINUTE < at <= now)
        if len(self._calls) >= self._settings.calls_per_minute:
            limit = self._settings.calls_per_minute
            raise AwinError(429, "too_many_requests", f"More than {limit} calls within a minute; wait and try again.")
        self._calls.append(now)
        if publisher != self._settings.publisher_id:
            raise AwinError(403, "forbidden", f"The token does not belong to publisher {publisher}.")


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise AwinError(400, "bad_request", "The body is not valid JSON.") from None


def router(world: World, settings: AwinSettings | None = None) -> APIRouter:
    """API, tracking links and shop pages, with their full paths."""
    chosen = settings or AwinSettings()
    routes = APIRouter(prefix="/awin", route_class=AwinRoute, tags=["awin"])
    _api(routes, world, Door(world, chosen))
    _public(routes, world)
    return routes


def _api(routes: APIRouter, world: World, door: Door) -> None:
    @routes.get("/publishers/{publisher}/programmes")
    async def list_programmes(request: Request, publisher: int) -> Response:
        door.admit(request, publisher)
        relationship = request.query_params.get("relationship", "joined")
        if relationship not in programmes.RELATIONSHIPS:
            raise AwinError(400, "bad_request", f"relationship must be one of {', '.join(programmes.RELATIONSHIPS)}.")
        country = request.query_params.get("countryCode", "US")
        found = [
            programmes.resource(_base(request), publisher, programme)
            for programme in programmes.catalogue().values()
            if programme.relationship == relationship and country == "US"
        ]
        return JSONResponse(found)

    @routes.get("/publishers/{publisher}/transactions", include_in_schema=False)
    @routes.get("/publishers/{publisher}/transactions/")
    async def list_transactions(request: Request, publisher: int) -> Response:
        door.admit(request, publisher)
        rows = transactions.report(world, _base(request), publisher, request.query_params)
        note(request, rows=len(rows))
        return JSONResponse(rows)

    @routes.post("/publishers/{publisher}/linkbuilder/generate")
    async def generate(request: Request, publisher: int) -> Response:
        door.admit(request, publisher)
        body = await _json(request)
        if not isinstance(body, dict):
            raise AwinError(400, "bad_request", "The body must be a JSON object.")
        return JSONResponse(links.generate(world, _base(request), publisher, body))

    @routes.post("/publishers/{publisher}/linkbuilder/generate-batch")
    async def generate_batch(request: Request, publisher: int) -> Response:
        door.admit(request, publisher)
        body = await _json(request)
        wanted = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_LINKS:
            raise AwinError(400, "bad_request", f"requests must be a list of 1 to {MOST_LINKS} links.")
        made = [links.generate(world, _base(request), publisher, item) for item in wanted if isinstance(item, dict)]
        return JSONResponse({"responses": made})


def _public(routes: APIRouter, world: World) -> None:
    @routes.get("/cread.php", include_in_schema=False)
    @routes.get("/cread")
    async def follow(request: Request) -> Response:
        return _follow(world, request, str(request.url))

    @routes.get("/s/{code}")
    async def follow_short(request: Request, code: str) -> Response:
        return _follow(world, request, str(request.url))

    @routes.get("/shop/{advertiser}", include_in_schema=False)
    async def shop(advertiser: int) -> Response:
        programme = programmes.catalogue().get(advertiser)
        if programme is None:
            raise AwinError(404, "not_found", "There is no such shop.")
        return pages.page("shop.html", programme=programme)


def _follow(world: World, request: Request, url: str) -> Response:
    query = links.read(world, url)
    if query is None:
        raise AwinError(404, "not_found", "The tracking link names no known advertiser.")
    note(request, advertiser=query["awinmid"], clickref=query.get("clickref", ""))
    return RedirectResponse(links.click(world, query, _base(request)), 302)
