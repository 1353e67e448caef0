"""``videos`` of YouTube Data API v3: insert, list, update, delete, batchGetStats."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams

from ytempire.sandbox.google import discovery, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute, bad_parameter, not_found
from ytempire.sandbox.google.gate import Caller, Gate, json_body
from ytempire.sandbox.google.paging import list_page, tagged
from ytempire.sandbox.google.upload_protocol import Media
from ytempire.sandbox.google.video_resource import resource
from ytempire.sandbox.journal import note

V3 = "/youtube/youtube/v3"
MOST_IDS = 50


def check_insert(gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any]) -> None:
    """Refuse an upload before its media comes; raises 400 with the reason."""
    parts = discovery.parts_of(discovery.youtube_method("videos.insert"), query)
    videos.check_upload_limit(gate.world, gate.settings, caller.channel_id)
    videos.read_metadata(body, parts, gate.world.clock.now())


def insert(
    gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any], media: Media, base: str
) -> dict[str, Any]:
    """Create the video of a complete upload."""
    parts = discovery.parts_of(discovery.youtube_method("videos.insert"), query)
    fields = videos.read_metadata(body, parts, gate.world.clock.now())
    video = videos.create(gate.world, gate.settings, caller.channel, fields, media.file, media.mime)
    return resource(gate.world, base, video, parts, owner=True)


def _ids(query: QueryParams) -> list[str]:
    ids = [id for text in query.getlist("id") for id in text.split(",") if id]
    if len(ids) > MOST_IDS:
        raise bad_parameter("id", f"At most {MOST_IDS} ids are allowed.", "invalidFilters")
    return list(dict.fromkeys(ids))


def _visible(gate: Gate, caller: Caller, ids: list[str]) -> list[tuple[videos.Video, bool]]:
    """Videos the caller may see, each with whether it is the caller's own."""
    shown = []
    for id in ids:
        video = videos.find(gate.world, id)
        own = video is not None and video["channel_id"] == caller.channel_id
        watchable = video is not None and video["privacy"] != "private"
        if video is not None and (own or (watchable and videos.upload_status(gate.world, video) == "processed")):
            shown.append((video, own))
    return shown


def own_video(gate: Gate, caller: Caller, id: str) -> videos.Video:
    """One of the caller's videos; raises 404 or 403."""
    video = videos.find(gate.world, id)
    if video is None:
        raise not_found("videoNotFound", "video")
    if video["channel_id"] != caller.channel_id:
        raise ApiError(403, "forbidden", "The video belongs to another channel.", domain="youtube.video")
    return video


def _list(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "videos.list")
    query = request.query_params
    parts = discovery.parts_of(discovery.youtube_method("videos.list"), query)
    filters = [name for name in ("id", "chart", "myRating") if query.get(name)]
    if len(filters) != 1:
        message = "Exactly one filter is needed. Expected one of: id, myRating, chart"
        raise ApiError(400, "missingRequiredParameter", message, domain="youtube.parameter", location="parameters.")
    # Charts and ratings of other people do not exist in this world.
    shown = _visible(gate, caller, _ids(query)) if filters == ["id"] else []
    base = str(request.base_url).rstrip("/")
    items = [resource(gate.world, base, video, parts, owner=own) for video, own in shown]
    if filters == ["id"]:
        # Asked for by id there are no pages: all that were found come at once.
        query = QueryParams({"maxResults": str(MOST_IDS)})
    return list_page("youtube#videoListResponse", items, query)


async def _update(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "videos.update")
    method = discovery.youtube_method("videos.update")
    parts = discovery.parts_of(method, request.query_params)
    body = await json_body(request, method)
    if not body.get("id"):
        raise ApiError(400, "required", "The id of the video is missing in the body.", location="body.id")
    video = own_video(gate, caller, str(body["id"]))
    if missing := [part for part in parts if part in videos.MUTABLE and part not in body]:
        message = f"The part parameter names '{missing[0]}', but the body does not have it."
        raise ApiError(400, "invalidVideoMetadata", message, domain="youtube.video")
    changed = videos.change(gate.world, video, videos.read_metadata(body, parts, gate.world.clock.now(), update=True))
    note(request, video_id=video["id"], parts=parts)
    return resource(gate.world, str(request.base_url).rstrip("/"), changed, parts, owner=True)


def _stats(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "videos.batchGetStats")
    query = request.query_params
    parts = discovery.parts_of(discovery.youtube_method("videos.batchGetStats"), query)
    base = str(request.base_url).rstrip("/")
    items = []
    for video, _ in _visible(gate, caller, _ids(query)):
        full = resource(gate.world, base, video, ["snippet", "contentDetails", "statistics"], owner=False)
        kept = {
            "snippet": {"publishTime": full["snippet"]["publishedAt"]},
            "contentDetails": {"duration": full["contentDetails"]["duration"]},
            "statistics": {name: full["statistics"][name] for name in ("viewCount", "likeCount", "commentCount")},
        }
        shown = {part: kept[part] for part in parts if part in kept}
        items.append(tagged({"kind": "youtube#videoStat", "id": video["id"], **shown}))
    return tagged({"kind": "youtube#batchGetStatsResponse", "items": items})


def router(gate: Gate) -> APIRouter:
    """Routes of ``videos`` without media."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube videos"])

    @routes.get(V3 + "/videos")
    async def list_videos(request: Request) -> Response:
        return JSONResponse(_list(gate, request))

    @routes.put(V3 + "/videos")
    async def update(request: Request) -> Response:
        return JSONResponse(await _update(gate, request))

    @routes.delete(V3 + "/videos")
    async def delete(request: Request) -> Response:
        caller = gate.admit(request, "videos.delete")
        videos.remove(gate.world, own_video(gate, caller, request.query_params["id"]))
        return Response(status_code=204)

    @routes.get(V3 + "/videos:batchGetStats")
    async def batch_get_stats(request: Request) -> Response:
        return JSONResponse(_stats(gate, request))

    return routes
