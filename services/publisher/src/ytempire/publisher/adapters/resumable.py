"""A resumable upload whose session outlives the process that opened it."""

from __future__ import annotations

import json
from typing import Any

from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from ytempire.publisher.ports import SessionGoneError

_DONE = (200, 201)
_GO_ON = 308
_GONE = (404, 410)


class ResumableUpload:
    """One ``videos.insert``: opened once, sent in chunks from wherever YouTube says it is."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def open(self) -> str:
        """Ask for a session and return its address."""
        request = self._request
        media = request.resumable
        headers = {
            **request.headers,
            "content-type": "application/json",
            "X-Upload-Content-Type": media.mimetype(),
            "X-Upload-Content-Length": str(media.size()),
        }
        response, content = request.http.request(request.uri, method="POST", body=request.body, headers=headers)
        if response.status not in _DONE or "location" not in response:
            raise HttpError(response, content, uri=request.uri)
        return str(response["location"])

    def send(self, session: str, retries: int) -> dict[str, Any]:
        """Send what is missing and return the video resource.

        :raises SessionGoneError: if the session is no more.
        """
        done = self._locate(session)
        self._request.resumable_uri = session
        while done is None:
            _, done = self._request.next_chunk(num_retries=retries)
        return dict(done)

    def _locate(self, session: str) -> dict[str, Any] | None:
        """Ask how much has arrived; the finished resource if all of it has."""
        request = self._request
        asked = {"Content-Range": f"bytes */{request.resumable.size()}", "content-length": "0"}
        response, content = request.http.request(session, method="PUT", headers=asked)
        if response.status in _DONE:
            return dict(json.loads(content))
        if response.status in _GONE:
            raise SessionGoneError
        if response.status != _GO_ON:
            raise HttpError(response, content, uri=session)
        stored = response.get("range")
        request.resumable_progress = int(stored.rsplit("-", 1)[-1]) + 1 if stored else 0
        return None
