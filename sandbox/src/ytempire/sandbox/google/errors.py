"""Google's error envelope, and the route class that turns :class:`ApiError` into it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    410: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """A refusal in Google's form: HTTP ``code``, machine-readable ``reason`` in a ``domain``, and a message."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.domain = code, reason, message, domain
        self.location, self.location_type, self.headers = location, location_type, headers

    def response(self) -> JSONResponse:
        """The error as Google sends it."""
        item = {"message": self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            item |= {"location": self.location, "locationType": self.location_type or "parameter"}
        body = {
            "code": self.code,
            "message": self.message,
            "errors": [item],
            "status": STATUS_NAMES.get(self.code, "UNKNOWN"),
        }
        return JSONResponse({"error": body}, self.code, headers=self.headers)


def bad_parameter(name: str, message: str, reason: str = "invalidParameter") -> ApiError:
    """400 for a query parameter."""
    return ApiError(400, reason, message, location=name, location_type="parameter")


def bad_body(field: str, message: str, reason: str) -> ApiError:
    """400 for a property of the request body, such as ``snippet.title``."""
    return ApiError(400, reason, message, domain="youtube.video", location=f"body.{field}", location_type="other")


def not_found(reason: str, what: str, location: str = "id") -> ApiError:
    """404 for an object that is not there, or belongs to somebody else and is not public."""
    message = f"The {what} that you are trying to reach cannot be found. Check its id."
    return ApiError(404, reason, message, domain="youtube.common", location=location, location_type="parameter")


class GoogleRoute(APIRoute):
    """A route whose handler may raise :class:`ApiError`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with Google's errors in place of exceptions."""
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await original(request)
            except ApiError as error:
                return error.response()

        return handle
