"""Caption tracks: insert, list, download, delete."""

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams

from ytempire.sandbox.google import discovery, draw, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute, not_found
from ytempire.sandbox.google.gate import Caller, Gate
from ytempire.sandbox.google.paging import tagged
from ytempire.sandbox.google.times import exact, parse, stamp
from ytempire.sandbox.google.upload_protocol import Media
from ytempire.sandbox.world import World

KIND = "youtube.caption"
V3 = "/youtube/youtube/v3"
MOST_NAME = 150
CUE = re.compile(r"\d{1,2}:\d{2}(:\d{2})?[.,]\d{3}\s+-->\s+\d{1,2}:\d{2}(:\d{2})?[.,]\d{3}")


def _refuse(code: int, reason: str, message: str) -> ApiError:
    return ApiError(code, reason, message, domain="youtube.caption")


def _wanted(gate: Gate, caller: Caller, body: dict[str, Any]) -> tuple[videos.Video, dict[str, Any]]:
    snippet = body.get("snippet", {})
    for name in ("videoId", "language", "name"):
        if name not in snippet or (name != "name" and not snippet[name]):
            raise _refuse(400, "invalidMetadata", f"The request contains invalid metadata: snippet.{name} is required.")
    if len(snippet["name"]) > MOST_NAME:
        raise _refuse(400, "nameTooLong", f"snippet.name is longer than {MOST_NAME} characters.")
    video = videos.find(gate.world, snippet["videoId"])
    if video is None:
        raise not_found("videoNotFound", "video", "videoId")
    if video["channel_id"] != caller.channel_id:
        raise _refuse(403, "forbidden", "The permissions of the request do not allow this for the video.")
    same = {"video_id": video["id"], "language": snippet["language"], "name": snippet["name"]}
    if gate.world.store.list(KIND, **same):
        raise _refuse(409, "captionExists", "The video already has a track of this language and name.")
    return video, snippet


def check(gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any]) -> None:
    """Refuse a track before its text comes."""
    if "sync" in query:
        raise _refuse(400, "invalidMetadata", "The sync parameter is no longer supported; upload a timed track.")
    _wanted(gate, caller, body)


def insert(
    gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any], media: Media, base: str
) -> dict[str, Any]:
    """Keep the track; a text that is neither SubRip nor WebVTT becomes a failed track (``unknownFormat``)."""
    video, snippet = _wanted(gate, caller, body)
    number = len(gate.world.store.list(KIND, video_id=video["id"]))
    id = "AUieDa" + draw.identifier(26, "caption", video["id"], snippet["language"], snippet["name"], number)
    kept = media.file.rename(videos.media_dir(gate.world) / f"{id}.caption")
    timed = CUE.search(kept.read_text(encoding="utf-8", errors="replace"))
    track = {
        "id": id,
        "video_id": video["id"],
        "channel_id": video["channel_id"],
        "language": snippet["language"],
        "name": snippet["name"],
        "draft": bool(snippet.get("isDraft", False)),
        "updated_at": exact(gate.world.clock.now()),
        "file": str(kept),
        "failure": None if timed else "unknownFormat",
    }
    gate.world.store.put(KIND, id, track)
    return _resource(track)


def tracks(world: World, video_id: str) -> list[dict[str, Any]]:
    """A video's tracks, oldest first."""
    return world.store.list(KIND, video_id=video_id)


def text_of(track: dict[str, Any], form: str | None = None) -> str:
    """The track's text as uploaded, or as ``srt`` or ``vtt``."""
    text = Path(track["file"]).read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").lstrip("\ufeff")
    is_vtt = text.startswith("WEBVTT")
    if form == "vtt" and not is_vtt:
        return "WEBVTT\n\n" + re.sub(r"(\d{2}:\d{2}),(\d{3})", r"\1.\2", text)
    if form == "srt" and is_vtt:
        return _to_srt(text)
    return text


def _to_srt(text: str) -> str:
    blocks = [block for block in re.split(r"\n{2,}", text) if "-->" in block]
    numbered = []
    for number, block in enumerate(blocks, 1):
        lines = block.strip().split("\n")
        start = next(index for index, line in enumerate(lines) if "-->" in line)
        times = re.sub(r"(?<!:)\b(\d{2}:\d{2})\.(\d{3})", r"00:\1.\2", " ".join(lines[start].split()[:3]))
        numbered.append("\n".join([str(number), times.replace(".", ","), *lines[start + 1 :]]))
    return "\n\n".join(numbered) + "\n"


def remove(world: World, track: dict[str, Any]) -> None:
    """Delete a track and its text."""
    Path(track["file"]).unlink(missing_ok=True)
    world.store.delete(KIND, track["id"])


def _resource(track: dict[str, Any]) -> dict[str, Any]:
    snippet = {
        "videoId": track["video_id"],
        "lastUpdated": stamp(parse(track["updated_at"])),
        "trackKind": "standard",
        "language": track["language"],
        "name": track["name"],
        "audioTrackType": "unknown",
        "isCC": False,
        "isLarge": False,
        "isEasyReader": False,
        "isDraft": track["draft"],
        "isAutoSynced": False,
        "status": "failed" if track["failure"] else "serving",
    }
    if track["failure"]:
        snippet["failureReason"] = track["failure"]
    return tagged({"kind": "youtube#caption", "id": track["id"], "snippet": snippet})


def _own_track(gate: Gate, caller: Caller, id: str) -> dict[str, Any]:
    track = gate.world.store.get(KIND, id)
    if track is None:
        raise not_found("captionNotFound", "caption track")
    if track["channel_id"] != caller.channel_id:
        raise _refuse(403, "forbidden", "The permissions of the request do not allow access to the caption track.")
    return track


def _list(gate: Gate, request: Request) -> dict[str, Any]:
    caller = gate.admit(request, "captions.list")
    discovery.parts_of(discovery.youtube_method("captions.list"), request.query_params)
    video = videos.find(gate.world, request.query_params["videoId"])
    if video is None:
        raise not_found("videoNotFound", "video", "videoId")
    if video["channel_id"] != caller.channel_id:
        raise _refuse(403, "forbidden", "The permissions of the request do not allow this for the video.")
    wanted = {id for text in request.query_params.getlist("id") for id in text.split(",") if id}
    found = [track for track in tracks(gate.world, video["id"]) if not wanted or track["id"] in wanted]
    return tagged({"kind": "youtube#captionListResponse", "items": [_resource(track) for track in found]})


def router(gate: Gate) -> APIRouter:
    """Routes of ``captions`` without media."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube captions"])

    @routes.get(V3 + "/captions")
    async def list_captions(request: Request) -> Response:
        return JSONResponse(_list(gate, request))

    @routes.get(V3 + "/captions/{id}")
    async def download(request: Request, id: str) -> Response:
        caller = gate.admit(request, "captions.download")
        form = request.query_params.get("tfmt")
        if form not in (None, "srt", "vtt"):
            raise _refuse(400, "couldNotConvert", "The sandbox converts tracks to srt and vtt only.")
        return Response(text_of(_own_track(gate, caller, id), form), media_type="application/octet-stream")

    @routes.delete(V3 + "/captions")
    async def delete(request: Request) -> Response:
        caller = gate.admit(request, "captions.delete")
        track = _own_track(gate, caller, request.query_params["id"])
        remove(gate.world, track)
        return Response(status_code=204)

    return routes
