"""Awin's errors, and the route class that answers with them."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute


class AwinError(Exception):
    """A refusal: HTTP status, short error name, description."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class AwinRoute(APIRoute):
    """A route whose handler may raise :class:`AwinError`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with Awin's errors in place of exceptions."""
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await original(request)
            except AwinError as error:
                return JSONResponse({"error": error.error, "description": error.description}, error.status)

        return handle
