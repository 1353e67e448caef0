"""Google's media upload protocols: simple, multipart and resumable.

A resumable session: the start answers 200 with ``Location``; each ``PUT`` of a chunk (a multiple of 256 KiB except the
last) answers 308 with ``Range: bytes=0-N`` (absent while nothing is stored) until the last one answers with the
resource; ``Content-Range: bytes */N`` asks for the state; a finished session repeats its answer; a session older than
a week, or cancelled by ``DELETE``, answers 404 and 499. What arrived before a broken connection is kept in whole
blocks of 256 KiB, as on the real service.

Switches of the fault plan (provider ``youtube``, action ``provider``; path below ``/youtube``): ``mid_chunk_503``
(half of the chunk is stored, then 503), ``short_range`` (half is stored, 308 says so), ``session_expired`` (404).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from ytempire.sandbox.google.errors import ApiError
from ytempire.sandbox.google.times import exact, parse
from ytempire.sandbox.google.videos import media_dir
from ytempire.sandbox.world import World

KIND = "youtube.upload"
BLOCK = 256 * 1024
CLIENT_CLOSED = 499
IDLE_S = 4.0
SESSION_LIFE = timedelta(days=7)
PART_HEAD = re.compile(rb"\r?\n(.*?\r?\n)\r?\n", re.DOTALL)
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)$")


@dataclass(frozen=True)
class Media:
    """A completely received file with its type, and the JSON that came with it."""

    file: Path
    mime: str
    metadata: bytes


@dataclass(frozen=True)
class Chunk:
    """A parsed ``Content-Range``: offsets are inclusive; None for a question about the state."""

    first: int | None
    last: int | None
    total: int | None


def parse_range(text: str | None, length: int) -> Chunk:
    """``Content-Range`` of a chunk; without the header the body is the whole file. Raises 400."""
    if text is None:
        return Chunk(0, length - 1, length)
    found = CONTENT_RANGE.match(text.strip())
    if not found:
        raise bad_range(f"Failed to parse Content-Range header: {text}")
    first, last, total = (int(group) if group and group != "*" else None for group in found.groups())
    if first is not None and last is not None and (last < first or (total is not None and last >= total)):
        raise bad_range(f"The Content-Range header is contradictory: {text}")
    return Chunk(first, last, total)


def bad_range(message: str) -> ApiError:
    """400 for a chunk that does not fit."""
    return ApiError(400, "badRequest", message, location="Content-Range", location_type="header")


def new_part(world: World) -> Path:
    """A fresh, empty file for bytes that are still coming in."""
    path = media_dir(world) / f"{world.store.next_id('part-')}.part"
    path.touch()
    return path


def append(path: Path, data: bytes, at: int) -> None:
    """Write bytes at an offset of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


async def receive_all(world: World, request: Request, limit: int | None) -> Media:
    """A simple or multipart upload; raises 400 ``mediaBodyRequired`` or 413."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        check_size(len(body), limit)
    kind = request.headers.get("content-type", "application/octet-stream")
    metadata, mime, data = b"{}", kind, bytes(body)
    if kind.lower().startswith("multipart/related"):
        metadata, mime, data = _split(kind, data)
    if not data:
        raise ApiError(400, "mediaBodyRequired", "The request does not include the media to upload.")
    path = new_part(world)
    append(path, data, 0)
    return Media(path, mime, metadata)


def check_size(size: int, limit: int | None) -> None:
    """Raise 413 for a file larger than the method takes."""
    if limit is not None and size > limit:
        raise ApiError(413, "uploadTooLarge", f"Media larger than {limit} bytes is not accepted.")


def _split(content_type: str, body: bytes) -> tuple[bytes, str, bytes]:
    """JSON part, media type and media of a ``multipart/related`` body."""
    head = Message()
    head["content-type"] = content_type
    boundary = head.get_boundary()
    parts = [_part(raw) for raw in body.split(b"--" + boundary.encode())[1:-1]] if boundary else []
    if len(parts) != 2:
        raise ApiError(400, "badContent", "A multipart upload has two parts: the JSON resource and the media.")
    return parts[0][1], parts[1][0], parts[1][1]


def _part(raw: bytes) -> tuple[str, bytes]:
    """Media type and content of one part; clients end lines with or without a carriage return."""
    found = PART_HEAD.match(raw)
    if not found:
        raise ApiError(400, "badContent", "A part of the multipart upload has no header.")
    content = raw[found.end() :]
    headers = BytesParser().parsebytes(found.group(1), headersonly=True)
    return headers.get_content_type(), content.removesuffix(b"\n").removesuffix(b"\r")


class Sessions:
    """Resumable sessions, kept in the store so that they survive a restart."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, request: Request, owner: str, base: str, metadata: bytes, limit: int | None) -> Response:
        """Open a session and answer with its address."""
        id = self._world.store.next_id("upload-")
        length = request.headers.get("x-upload-content-length")
        total = int(length) if length and length.isdigit() else None
        if total is not None:
            check_size(total, limit)
        session = {
            "id": id,
            "owner": owner,
            "path": request.url.path,
            "query": request.url.query,
            "metadata": metadata.decode(),
            "mime": request.headers.get("x-upload-content-type", "application/octet-stream"),
            "total": total,
            "received": 0,
            "file": str(new_part(self._world)),
            "created": exact(self._world.clock.now()),
            "answer": None,
        }
        self._world.store.put(KIND, id, session)
        location = f"{base}{request.url.path}?{request.url.query}&upload_id={id}"
        return Response(status_code=200, headers={"Location": location, "X-GUploader-UploadID": id})

    def open(self, request: Request) -> dict[str, Any]:
        """The session of a request; raises 404 if it is unknown, over or for something else."""
        session = self._world.store.get(KIND, request.query_params.get("upload_id", ""))
        path = request.url.path.removeprefix("/youtube")
        expired = self._world.faults.switched("youtube", "session_expired", request.method, path)
        if session is None or session["path"] != request.url.path or expired:
            raise ApiError(404, "notFound", "The upload session was not found or has expired; start again.")
        if parse(session["created"]) + SESSION_LIFE < self._world.clock.now():
            raise ApiError(404, "notFound", "The upload session has expired; start again.")
        return session

    async def receive(self, request: Request, session: dict[str, Any]) -> dict[str, Any] | Response:
        """Take a chunk: the session if the file is complete now, else the answer to send."""
        length = int(request.headers.get("content-length", "0") or 0)
        chunk = parse_range(request.headers.get("content-range"), length)
        if session["total"] is None and chunk.total is not None:
            session = {**session, "total": chunk.total}
        self._check(session, chunk, length)
        if chunk.first is None:
            return session if session["received"] == session["total"] else resume_incomplete(session)
        return await self._store(request, session, chunk, length)

    def finish(self, session: dict[str, Any], answer: dict[str, Any]) -> None:
        """Remember the answer of a finished session, for a client that lost it."""
        self._world.store.put(KIND, session["id"], {**session, "answer": answer})

    def cancel(self, session: dict[str, Any]) -> None:
        """Forget a session and what it received."""
        Path(session["file"]).unlink(missing_ok=True)
        self._world.store.delete(KIND, session["id"])

    @staticmethod
    def _check(session: dict[str, Any], chunk: Chunk, length: int) -> None:
        if chunk.total is not None and chunk.total != session["total"]:
            raise bad_range(f"The total size differs from the one declared: {session['total']} bytes.")
        if chunk.first is None or chunk.last is None:
            return
        if chunk.first > session["received"]:
            raise bad_range(f"The next byte expected is {session['received']}, not {chunk.first}.")
        if length != chunk.last - chunk.first + 1:
            raise bad_range(f"Content-Range names {chunk.last - chunk.first + 1} bytes, Content-Length {length}.")
        final = session["total"] is not None and chunk.last == session["total"] - 1
        if not final and length % BLOCK:
            raise bad_range(f"Every chunk but the last must be a multiple of {BLOCK} bytes.")

    async def _store(
        self, request: Request, session: dict[str, Any], chunk: Chunk, length: int
    ) -> dict[str, Any] | Response:
        path = request.url.path.removeprefix("/youtube")
        cut = self._world.faults.switched("youtube", "mid_chunk_503", "PUT", path)
        short = self._world.faults.switched("youtube", "short_range", "PUT", path)
        limit = length // 2 if cut or short else length
        first = chunk.first or 0
        got = 0
        try:
            async for piece in _limited(request.stream(), limit):
                append(Path(session["file"]), piece, first + got)
                got += len(piece)
        except ClientDisconnect:
            self._advance(session, first + got, whole_blocks=True)
            return Response(status_code=CLIENT_CLOSED)
        except ApiError:
            self._advance(session, first + got, whole_blocks=True)
            raise
        session = self._advance(session, first + got, whole_blocks=got < length)
        if cut:
            raise ApiError(503, "backendError", "The upload was interrupted; ask for the state and go on.")
        return session if session["received"] == session["total"] else resume_incomplete(session)

    def _advance(self, session: dict[str, Any], end: int, *, whole_blocks: bool) -> dict[str, Any]:
        kept = end // BLOCK * BLOCK if whole_blocks else end
        moved = {**session, "received": max(session["received"], kept)}
        self._world.store.put(KIND, session["id"], moved)
        return moved


async def drain(request: Request) -> None:
    """Read what is left of a body, so that the connection is clean; give up when nothing comes."""
    try:
        async for _ in _patient(request.stream()):
            pass
    except (ApiError, ClientDisconnect, RuntimeError):
        # Read already, gone, or promised and never sent: the answer closes the connection then.
        return


async def _patient(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a body; raises 408 when the next one does not come.

    Clients that repeat a request whose stream was read to its end announce bytes that they never send.
    """
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = f"No data came for {IDLE_S:g} seconds; ask for the state and go on."
            raise ApiError(408, "requestTimeout", message) from None
        yield piece


async def _limited(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The first ``limit`` bytes of a stream; the rest is read and thrown away."""
    given = 0
    async for piece in _patient(stream):
        taken = piece[: limit - given]
        given += len(taken)
        if taken:
            yield taken


def resume_incomplete(session: dict[str, Any]) -> Response:
    """308 with the range stored so far."""
    received = session["received"]
    headers = {"X-GUploader-UploadID": session["id"]} | ({"Range": f"bytes=0-{received - 1}"} if received else {})
    return Response(status_code=308, headers=headers)
