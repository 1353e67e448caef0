"""All routes of the Google stand-ins."""

from fastapi import APIRouter, Request

from ytempire.sandbox.google import (
    analytics_api,
    captions,
    category_api,
    channel_api,
    comment_api,
    oauth,
    pages,
    playlist_api,
    uploads,
    video_api,
    videos,
)
from ytempire.sandbox.google.errors import ApiError, GoogleRoute
from ytempire.sandbox.google.gate import Gate
from ytempire.sandbox.google.settings import GoogleSettings
from ytempire.sandbox.google.tokens import TokenBook
from ytempire.sandbox.world import World

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def router(world: World, settings: GoogleSettings | None = None) -> APIRouter:
    """OAuth, YouTube Data, YouTube Analytics and the channel pages, with their full paths."""
    chosen = settings or GoogleSettings()
    world.seed(lambda: videos.sweep(world))
    book = TokenBook(world, chosen)
    gate = Gate(world, chosen, book)
    routes = APIRouter()
    routes.include_router(oauth.router(world, chosen, book))
    parts = (video_api, captions, category_api, channel_api, playlist_api, comment_api, uploads, analytics_api)
    for part in parts:
        routes.include_router(part.router(gate))
    routes.include_router(pages.router(world))
    routes.include_router(_others())
    return routes


def _others() -> APIRouter:
    """What the real service has and the sandbox has not: said plainly, never answered as if it worked."""
    routes = APIRouter(route_class=GoogleRoute)

    @routes.api_route("/youtube/{path:path}", methods=METHODS, include_in_schema=False)
    @routes.api_route("/youtubeanalytics/{path:path}", methods=METHODS, include_in_schema=False)
    async def unknown(request: Request, path: str) -> None:
        raise ApiError(404, "notFound", f"The sandbox does not stand in for {request.method} {path}.")

    return routes
