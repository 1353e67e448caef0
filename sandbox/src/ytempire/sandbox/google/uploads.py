"""Upload end points: ``/youtube/upload/youtube/v3/...`` for videos, thumbnails and captions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams

from ytempire.sandbox.google import captions, discovery, thumbnails, upload_protocol, video_api, videos
from ytempire.sandbox.google.errors import ApiError, GoogleRoute
from ytempire.sandbox.google.gate import Caller, Gate, parse_body
from ytempire.sandbox.google.upload_protocol import Media
from ytempire.sandbox.journal import note

UPLOAD = "/youtube/upload/youtube/v3"
# After an answer that came before the whole body was read, the connection must not be used again.
CLOSE = {"Connection": "close"}


@dataclass(frozen=True)
class Upload:
    """What a finished upload of one method does.

    ``check`` refuses what can be refused before the media comes; ``make`` turns caller, query, JSON, media and the
    root address into the answer.
    """

    method: str
    check: Callable[[Gate, Caller, QueryParams, dict[str, Any]], None]
    make: Callable[[Gate, Caller, QueryParams, dict[str, Any], Media, str], dict[str, Any]]


def root_of(request: Request) -> str:
    """The sandbox's root as this client sees it, without a trailing slash."""
    return str(request.base_url).rstrip("/")


def _metadata(upload: Upload, raw: bytes) -> dict[str, Any]:
    method = discovery.youtube_method(upload.method)
    return parse_body(raw, method) if method.request else {}


async def _start(gate: Gate, sessions: upload_protocol.Sessions, upload: Upload, request: Request) -> Response:
    method = discovery.youtube_method(upload.method)
    kind = request.query_params.get("uploadType", "media")
    if kind not in ("media", "multipart", "resumable"):
        raise ApiError(400, "invalidParameter", f"Invalid value '{kind}' for uploadType.", location="uploadType")
    caller = gate.admit(request, upload.method)
    if kind == "resumable":
        raw = await request.body()
        upload.check(gate, caller, request.query_params, _metadata(upload, raw))
        return sessions.start(request, caller.channel_id, root_of(request), raw or b"{}", method.max_media_bytes)
    media = await upload_protocol.receive_all(gate.world, request, method.max_media_bytes)
    body = _metadata(upload, media.metadata)
    upload.check(gate, caller, request.query_params, body)
    size = media.file.stat().st_size
    answer = upload.make(gate, caller, request.query_params, body, media, root_of(request))
    note(request, upload_complete=upload.method, bytes=size, **_made(answer))
    return JSONResponse(answer)


def _made(answer: dict[str, Any]) -> dict[str, Any]:
    """What the journal keeps of a finished upload."""
    return {"made": answer["id"]} if "id" in answer else {}


async def _continue(gate: Gate, sessions: upload_protocol.Sessions, upload: Upload, request: Request) -> Response:
    session = sessions.open(request)
    caller = gate.authenticate(request)
    if caller.channel_id != session["owner"]:
        raise ApiError(403, "forbidden", "The upload session belongs to another channel.")
    if session["answer"] is not None:
        await upload_protocol.drain(request)
        return JSONResponse(session["answer"], headers=CLOSE)
    outcome = await sessions.receive(request, session)
    if isinstance(outcome, Response):
        note(request, upload_id=session["id"])
        return outcome
    query = QueryParams(outcome["query"])
    media = Media(Path(outcome["file"]), outcome["mime"], outcome["metadata"].encode())
    with gate.world.store.transaction():
        answer = upload.make(gate, caller, query, _metadata(upload, media.metadata), media, root_of(request))
        sessions.finish(outcome, answer)
    note(request, upload_id=session["id"], upload_complete=upload.method, bytes=outcome["received"], **_made(answer))
    return JSONResponse(answer)


def _install(routes: APIRouter, gate: Gate, sessions: upload_protocol.Sessions, path: str, upload: Upload) -> None:
    @routes.post(UPLOAD + path, name=f"upload {upload.method}")
    async def start(request: Request) -> Response:
        return await _start(gate, sessions, upload, request)

    @routes.put(UPLOAD + path, name=f"continue {upload.method}")
    async def go_on(request: Request) -> Response:
        try:
            return await _continue(gate, sessions, upload, request)
        except ApiError as error:
            await upload_protocol.drain(request)
            error.headers = {**(error.headers or {}), **CLOSE}
            raise

    @routes.delete(UPLOAD + path, name=f"cancel {upload.method}")
    async def cancel(request: Request) -> Response:
        sessions.cancel(sessions.open(request))
        return Response(status_code=upload_protocol.CLIENT_CLOSED)


def router(gate: Gate) -> APIRouter:
    """Routes of all uploads."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube uploads"])
    sessions = upload_protocol.Sessions(gate.world)
    videos.media_dir(gate.world)
    _install(routes, gate, sessions, "/videos", Upload("videos.insert", video_api.check_insert, video_api.insert))
    _install(routes, gate, sessions, "/thumbnails/set", Upload("thumbnails.set", thumbnails.check, thumbnails.keep))
    _install(routes, gate, sessions, "/captions", Upload("captions.insert", captions.check, captions.insert))
    return routes
