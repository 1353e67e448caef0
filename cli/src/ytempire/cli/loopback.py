"""Short questions to services on loopback: many a second, on connections that are kept."""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import Any

from ytempire.cli.ports import LOOPBACK

_TIMEOUT_S = 60.0


class Door:
    """One service's internal port. Questions to several doors are sent first and answered then, so that all work."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_S)
        self._question: tuple[str, str, str | None] = ("GET", "/livez", None)
        self._sent = False

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Ask; the answer is fetched with `answer`. Asking twice must do no harm."""
        self._question = (method, path, json.dumps(body) if body is not None else None)
        self._sent = self._write()

    def answer(self) -> dict[str, Any] | None:
        """What the service said; None if it is away, or cannot answer now."""
        if self._sent:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self._read()
        # a connection that was not used for a while is closed by the other side: once more on a new one
        self._connection.close()
        if self._write():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self._read()
        self._connection.close()
        return None

    def _write(self) -> bool:
        method, path, body = self._question
        try:
            self._connection.request(method, path, body)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return True

    def _read(self) -> dict[str, Any] | None:
        response = self._connection.getresponse()
        text = response.read()
        found: dict[str, Any] | None = json.loads(text) if response.status == http.client.OK else None
        return found
