"""``commentThreads``: insert and list. There is no method to pin a comment, here as on the real service."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ytempire.sandbox.google import discovery, draw, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute, bad_parameter, not_found
from ytempire.sandbox.google.gate import Gate, json_body
from ytempire.sandbox.google.paging import list_page, tagged
from ytempire.sandbox.google.times import exact, parse, stamp

V3 = "/youtube/youtube/v3"
KIND = "youtube.comment"
MOST_TEXT = 10_000


def _bad(field: str, reason: str, message: str) -> ApiError:
    return ApiError(400, reason, message, domain="youtube.commentThread", location=f"body.{field}")


def _resource(thread: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    written = stamp(parse(thread["written_at"]))
    comment = {
        "kind": "youtube#comment",
        "id": thread["id"],
        "snippet": {
            "channelId": thread["video_channel_id"],
            "videoId": thread["video_id"],
            "textDisplay": thread["text"],
            "textOriginal": thread["text"],
            "authorDisplayName": thread["author"],
            "authorChannelId": {"value": thread["channel_id"]},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 0,
            "publishedAt": written,
            "updatedAt": written,
        },
    }
    shown: dict[str, Any] = {"kind": "youtube#commentThread", "id": thread["id"]}
    if "snippet" in parts:
        shown["snippet"] = {
            "channelId": thread["video_channel_id"],
            "videoId": thread["video_id"],
            "topLevelComment": tagged(comment),
            "canReply": True,
            "totalReplyCount": 0,
            "isPublic": True,
        }
    return tagged(shown)


async def _insert(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "commentThreads.insert")
    method = discovery.youtube_method("commentThreads.insert")
    parts, body = discovery.parts_of(method, request.query_params), await json_body(request, method)
    snippet = body.get("snippet", {})
    text = snippet.get("topLevelComment", {}).get("snippet", {}).get("textOriginal", "")
    if not text.strip():
        raise _bad("snippet.topLevelComment.snippet.textOriginal", "commentTextRequired", "The comment has no text.")
    if len(text) > MOST_TEXT:
        raise _bad("snippet.topLevelComment.snippet.textOriginal", "commentTextTooLong", "The comment is too long.")
    if not snippet.get("videoId"):
        raise _bad("snippet.videoId", "invalidCommentThreadMetadata", "The comment must name its video.")
    video = videos.find(gate.world, snippet["videoId"])
    if video is None or (video["privacy"] == "private" and video["channel_id"] != caller.channel_id):
        raise not_found("videoNotFound", "video", "videoId")
    if video["made_for_kids"]:
        raise ApiError(403, "commentsDisabled", "The video has disabled comments.", domain="youtube.commentThread")
    count = len(gate.world.store.list(KIND, video_id=video["id"]))
    thread = {
        "id": "Ug" + draw.identifier(24, "comment", video["id"], count),
        "video_id": video["id"],
        "video_channel_id": video["channel_id"],
        "channel_id": caller.channel_id,
        "author": caller.channel["title"],
        "text": text,
        "written_at": exact(gate.world.clock.now()),
    }
    gate.world.store.put(KIND, thread["id"], thread)
    return _resource(thread, parts)


def _list(gate: Gate, request: Request) -> dict[str, Any]:
    gate.admit(request, "commentThreads.list")
    query = request.query_params
    parts = discovery.parts_of(discovery.youtube_method("commentThreads.list"), query)
    if not query.get("videoId"):
        raise bad_parameter("videoId", "The sandbox lists comments by videoId only.", "missingRequiredParameter")
    if videos.find(gate.world, query["videoId"]) is None:
        raise not_found("videoNotFound", "video", "videoId")
    found = reversed(gate.world.store.list(KIND, video_id=query["videoId"]))
    return list_page("youtube#commentThreadListResponse", [_resource(thread, parts) for thread in found], query)


def router(gate: Gate) -> APIRouter:
    """Routes of comment threads."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube comments"])

    @routes.post(V3 + "/commentThreads")
    async def insert(request: Request) -> Response:
        return JSONResponse(await _insert(gate, request))

    @routes.get(V3 + "/commentThreads")
    async def list_threads(request: Request) -> Response:
        return JSONResponse(_list(gate, request))

    return routes
