"""``channels.list`` of YouTube Data API v3."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ytempire.sandbox.google import accounts, discovery, series, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute
from ytempire.sandbox.google.gate import Caller, Gate
from ytempire.sandbox.google.paging import list_page, tagged
from ytempire.sandbox.google.times import parse, stamp
from ytempire.sandbox.google.video_resource import counters
from ytempire.sandbox.world import World

V3 = "/youtube/youtube/v3"


def totals(world: World, channel: dict[str, Any]) -> series.Figures:
    """What all videos of a channel reached so far."""
    total = series.Figures()
    for video in videos.of_channel(world, channel["id"], deleted=True):
        total += counters(world, video, channel)
    return total


def subscribers(world: World, channel: dict[str, Any], figures: series.Figures) -> int:
    """Subscribers now."""
    return max(0, int(channel["base_subscribers"]) + figures.subscribers_gained - figures.subscribers_lost)


def watch_hours(channel: dict[str, Any], figures: series.Figures) -> int:
    """Hours watched: those from before the sandbox, and the videos' own."""
    return int(channel["base_watch_hours"]) + figures.watch_seconds // 3600


def resource(world: World, base: str, channel: dict[str, Any], parts: list[str], *, owner: bool) -> dict[str, Any]:
    """The parts of a channel that were asked for."""
    shown: dict[str, Any] = {}
    if "snippet" in parts:
        picture = {"url": f"{base}/channels/{channel['id']}/picture", "width": 88, "height": 88}
        shown["snippet"] = {
            "title": channel["title"],
            "description": "",
            "customUrl": "@" + channel["id"][2:14].lower(),
            "publishedAt": stamp(parse(channel["created_at"])),
            "thumbnails": {"default": picture},
            "localized": {"title": channel["title"], "description": ""},
            "country": "US",
        }
    if "contentDetails" in parts:
        shown["contentDetails"] = {"relatedPlaylists": {"likes": "", "uploads": accounts.uploads_playlist(channel)}}
    if "statistics" in parts:
        shown["statistics"] = _statistics(world, channel)
    if "status" in parts:
        shown["status"] = _status(channel, owner)
    if "brandingSettings" in parts:
        shown["brandingSettings"] = {"channel": {"title": channel["title"], "country": "US"}}
    return tagged({"kind": "youtube#channel", "id": channel["id"], **shown})


def _statistics(world: World, channel: dict[str, Any]) -> dict[str, Any]:
    figures = totals(world, channel)
    public = [video for video in videos.of_channel(world, channel["id"]) if videos.is_public(world, video)]
    return {
        "viewCount": str(channel["base_views"] + figures.views),
        "subscriberCount": str(subscribers(world, channel, figures)),
        "hiddenSubscriberCount": False,
        "videoCount": str(len(public)),
    }


def _status(channel: dict[str, Any], owner: bool) -> dict[str, Any]:
    status = {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "allowed", "madeForKids": False}
    return status | ({"isChannelMonetizationEnabled": channel["monetised"]} if owner else {})


def _wanted(gate: Gate, caller: Caller, request: Request) -> list[dict[str, Any]]:
    query = request.query_params
    if query.get("mine", "").lower() == "true":
        return [caller.channel]
    if query.get("id"):
        ids = [id for text in query.getlist("id") for id in text.split(",") if id]
        found = (accounts.channel_by_id(gate.world, id) for id in dict.fromkeys(ids))
        return [channel for channel in found if channel is not None]
    if query.get("forHandle") or query.get("forUsername"):
        handle = (query.get("forHandle") or query.get("forUsername") or "").removeprefix("@").lower()
        return [channel for channel in accounts.channels(gate.world) if channel["id"][2:14].lower() == handle]
    message = "No filter selected. Expected one of: forHandle, id, mine"
    raise ApiError(400, "missingRequiredParameter", message, domain="youtube.parameter", location="parameters.")


def router(gate: Gate) -> APIRouter:
    """The route of ``channels.list``."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube channels"])

    @routes.get(V3 + "/channels")
    async def list_channels(request: Request) -> Response:
        caller = gate.admit(request, "channels.list")
        parts = discovery.parts_of(discovery.youtube_method("channels.list"), request.query_params)
        base = str(request.base_url).rstrip("/")
        items = [
            resource(gate.world, base, channel, parts, owner=channel["id"] == caller.channel_id)
            for channel in _wanted(gate, caller, request)
        ]
        return JSONResponse(list_page("youtube#channelListResponse", items, request.query_params))

    return routes
