"""``playlists`` and ``playlistItems``: insert and list; each channel also has its playlist of uploads (``UU...``)."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams

from ytempire.sandbox.google import accounts, discovery, draw, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute, not_found
from ytempire.sandbox.google.gate import Caller, Gate, json_body
from ytempire.sandbox.google.paging import list_page, tagged
from ytempire.sandbox.google.times import exact, parse, stamp
from ytempire.sandbox.google.video_resource import thumbnails

V3 = "/youtube/youtube/v3"
LISTS, ITEMS = "youtube.playlist", "youtube.playlist_item"
MOST_TITLE, MOST_DESCRIPTION = 150, 5000


def _bad(field: str, reason: str, message: str) -> ApiError:
    return ApiError(400, reason, message, domain="youtube.playlist", location=f"body.{field}", location_type="other")


def _only(resource: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    return tagged({name: value for name, value in resource.items() if name in ("kind", "id") or name in parts})


def _playlist(gate: Gate, playlist: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    channel = accounts.channel_by_id(gate.world, playlist["channel_id"]) or {}
    return _only(
        {
            "kind": "youtube#playlist",
            "id": playlist["id"],
            "snippet": {
                "publishedAt": stamp(parse(playlist["created_at"])),
                "channelId": playlist["channel_id"],
                "title": playlist["title"],
                "description": playlist["description"],
                "channelTitle": channel.get("title", ""),
                "localized": {"title": playlist["title"], "description": playlist["description"]},
            },
            "status": {"privacyStatus": playlist["privacy"]},
            "contentDetails": {"itemCount": len(gate.world.store.list(ITEMS, playlist_id=playlist["id"]))},
        },
        parts,
    )


async def _insert_list(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "playlists.insert")
    method = discovery.youtube_method("playlists.insert")
    parts, body = discovery.parts_of(method, request.query_params), await json_body(request, method)
    snippet = body.get("snippet", {})
    title, description = snippet.get("title", "").strip(), snippet.get("description", "")
    if not title:
        raise _bad("snippet.title", "playlistTitleRequired", "The request must specify a playlist title.")
    if len(title) > MOST_TITLE or "<" in title or ">" in title:
        raise _bad("snippet.title", "invalidPlaylistSnippet", f"A playlist title has 1 to {MOST_TITLE} characters.")
    if len(description) > MOST_DESCRIPTION:
        raise _bad("snippet.description", "invalidPlaylistSnippet", "The playlist description is too long.")
    count = len(gate.world.store.list(LISTS, channel_id=caller.channel_id))
    playlist = {
        "id": "PL" + draw.identifier(32, "playlist", caller.channel_id, count),
        "channel_id": caller.channel_id,
        "title": title,
        "description": description,
        "privacy": body.get("status", {}).get("privacyStatus", "public") if "status" in parts else "public",
        "created_at": exact(gate.world.clock.now()),
    }
    gate.world.store.put(LISTS, playlist["id"], playlist)
    return _playlist(gate, playlist, parts)


def _list_lists(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "playlists.list")
    query = request.query_params
    parts = discovery.parts_of(discovery.youtube_method("playlists.list"), query)
    if query.get("id"):
        ids = {id for text in query.getlist("id") for id in text.split(",")}
        found = [playlist for playlist in gate.world.store.list(LISTS) if playlist["id"] in ids]
    else:
        found = gate.world.store.list(LISTS, channel_id=_channel_wanted(caller, query))
    shown = [p for p in found if p["privacy"] != "private" or p["channel_id"] == caller.channel_id]
    return list_page("youtube#playlistListResponse", [_playlist(gate, p, parts) for p in shown], query)


def _channel_wanted(caller: Caller, query: QueryParams) -> str:
    if query.get("mine", "").lower() == "true":
        return caller.channel_id
    if query.get("channelId"):
        return query["channelId"]
    message = "No filter selected. Expected one of: channelId, id, mine"
    raise ApiError(400, "missingRequiredParameter", message, domain="youtube.parameter", location="parameters.")


def _item(gate: Gate, base: str, item: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    video = item["video"]
    channel = accounts.channel_by_id(gate.world, item["channel_id"]) or {}
    owner = accounts.channel_by_id(gate.world, video["channel_id"]) or {}
    content = {"videoId": video["id"]}
    if video["public_from"]:
        content["videoPublishedAt"] = stamp(parse(video["public_from"]))
    return _only(
        {
            "kind": "youtube#playlistItem",
            "id": item["id"],
            "snippet": {
                "publishedAt": stamp(parse(item["added_at"])),
                "channelId": item["channel_id"],
                "title": video["title"],
                "description": video["description"],
                "thumbnails": thumbnails(base, video),
                "channelTitle": channel.get("title", ""),
                "videoOwnerChannelTitle": owner.get("title", ""),
                "videoOwnerChannelId": video["channel_id"],
                "playlistId": item["playlist_id"],
                "position": item["position"],
                "resourceId": {"kind": "youtube#video", "videoId": video["id"]},
            },
            "contentDetails": content,
            "status": {"privacyStatus": video["privacy"]},
        },
        parts,
    )


async def _insert_item(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "playlistItems.insert")
    method = discovery.youtube_method("playlistItems.insert")
    parts, body = discovery.parts_of(method, request.query_params), await json_body(request, method)
    snippet = body.get("snippet", {})
    if not snippet.get("playlistId"):
        raise _bad("snippet.playlistId", "playlistIdRequired", "The playlist item must name its playlist.")
    if not snippet.get("resourceId", {}).get("videoId"):
        raise _bad("snippet.resourceId", "resourceIdRequired", "The playlist item must name its video.")
    playlist = gate.world.store.get(LISTS, snippet["playlistId"])
    if playlist is None:
        raise not_found("playlistNotFound", "playlist", "playlistId")
    if playlist["channel_id"] != caller.channel_id:
        raise ApiError(403, "playlistItemsNotAccessible", "The playlist belongs to another channel.")
    video = videos.find(gate.world, snippet["resourceId"]["videoId"])
    if video is None:
        raise not_found("videoNotFound", "video", "videoId")
    position = len(gate.world.store.list(ITEMS, playlist_id=playlist["id"]))
    item = {
        "id": "UEx" + draw.identifier(30, "item", playlist["id"], position),
        "playlist_id": playlist["id"],
        "channel_id": caller.channel_id,
        "video_id": video["id"],
        "position": position,
        "added_at": exact(gate.world.clock.now()),
    }
    gate.world.store.put(ITEMS, str(item["id"]), item)
    return _item(gate, str(request.base_url).rstrip("/"), {**item, "video": video}, parts)


def _uploads(gate: Gate, caller: Caller, playlist_id: str) -> list[dict[str, Any]] | None:
    """Items of a channel's playlist of uploads, newest first; None if there is no such channel."""
    channel = accounts.channel_by_id(gate.world, "UC" + playlist_id[2:])
    if channel is None:
        return None
    own = channel["id"] == caller.channel_id
    found = [v for v in videos.of_channel(gate.world, channel["id"]) if own or videos.is_public(gate.world, v)]
    return [
        {
            "id": "VVV" + draw.identifier(30, "upload", video["id"]),
            "playlist_id": playlist_id,
            "channel_id": channel["id"],
            "added_at": video["uploaded_at"],
            "position": position,
            "video": video,
        }
        for position, video in enumerate(found)
    ]


def _items_of(gate: Gate, caller: Caller, playlist_id: str) -> list[dict[str, Any]]:
    if playlist_id.startswith("UU"):
        uploads = _uploads(gate, caller, playlist_id)
        if uploads is not None:
            return uploads
    playlist = gate.world.store.get(LISTS, playlist_id)
    if playlist is None or (playlist["privacy"] == "private" and playlist["channel_id"] != caller.channel_id):
        raise not_found("playlistNotFound", "playlist", "playlistId")
    kept = gate.world.store.list(ITEMS, playlist_id=playlist_id)
    found = ((item, videos.find(gate.world, item["video_id"])) for item in kept)
    return [{**item, "video": video} for item, video in found if video is not None]


def _list_items(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "playlistItems.list")
    query = request.query_params
    parts = discovery.parts_of(discovery.youtube_method("playlistItems.list"), query)
    if not query.get("playlistId"):
        message = "No filter selected. Expected one of: playlistId"
        raise ApiError(400, "missingRequiredParameter", message, domain="youtube.parameter", location="parameters.")
    items = _items_of(gate, caller, query["playlistId"])
    if query.get("videoId"):
        items = [item for item in items if item["video"]["id"] == query["videoId"]]
    base = str(request.base_url).rstrip("/")
    return list_page("youtube#playlistItemListResponse", [_item(gate, base, i, parts) for i in items], query)


def router(gate: Gate) -> APIRouter:
    """Routes of playlists and their items."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube playlists"])

    @routes.post(V3 + "/playlists")
    async def insert_playlist(request: Request) -> Response:
        return JSONResponse(await _insert_list(gate, request))

    @routes.get(V3 + "/playlists")
    async def list_playlists(request: Request) -> Response:
        return JSONResponse(_list_lists(gate, request))

    @routes.post(V3 + "/playlistItems")
    async def insert_item(request: Request) -> Response:
        return JSONResponse(await _insert_item(gate, request))

    @routes.get(V3 + "/playlistItems")
    async def list_items(request: Request) -> Response:
        return JSONResponse(_list_items(gate, request))

    return routes
