"""What every API call passes: token, parameters, scope, quota."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from ytempire.sandbox.google import accounts, discovery
from ytempire.sandbox.google.errors import ApiError
from ytempire.sandbox.google.quota import Quota
from ytempire.sandbox.google.settings import GoogleSettings
from ytempire.sandbox.google.tokens import Access, TokenBook
from ytempire.sandbox.world import World


@dataclass(frozen=True)
class Caller:
    """Who calls: the channel chosen at consent, and what was granted."""

    access: Access
    channel: dict[str, Any]

    @property
    def channel_id(self) -> str:
        """Id of the caller's channel."""
        return str(self.channel["id"])


class Gate:
    """Checks calls of the YouTube APIs; shared by all their routes."""

    def __init__(self, world: World, settings: GoogleSettings, book: TokenBook) -> None:
        self.world, self.settings, self.book = world, settings, book
        self.quota = Quota(world, settings)

    def authenticate(self, request: Request) -> Caller:
        """The caller behind the bearer token; raises 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Request is missing required authentication credential. Expected OAuth 2 access token."
            raise self._unauthorized(message, "required")
        path = request.url.path.removeprefix("/youtube")
        access = self.book.check(token.strip())
        channel = accounts.channel_by_id(self.world, access.channel_id) if access else None
        if access is None or channel is None or self.world.faults.switched("youtube", "expire", request.method, path):
            raise self._unauthorized("Request had invalid authentication credentials.", "authError")
        if self.world.faults.switched("youtube", "suspended", request.method, path):
            message = "The YouTube account of the authenticated user is suspended."
            raise ApiError(403, "authenticatedUserAccountSuspended", message, domain="youtube.common")
        return Caller(access, channel)

    def admit(self, request: Request, method_id: str) -> Caller:
        """Check a call of YouTube Data API v3 (``videos.list``) and count it; raises 400, 401 or 403."""
        method = discovery.youtube_method(method_id)
        caller = self.authenticate(request)
        try:
            discovery.check_parameters(("youtube", "v3"), method, request.query_params)
        finally:
            # A malformed request costs too, as on the real service.
            self.quota.charge(request, caller.access.client_id, method.id, method.http_method)
        check_scope(caller, method.scopes)
        return caller

    @staticmethod
    def _unauthorized(message: str, reason: str) -> ApiError:
        return ApiError(
            401,
            reason,
            message,
            location="Authorization",
            location_type="header",
            headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
        )


def check_scope(caller: Caller, scopes: frozenset[str]) -> None:
    """Raise 403 ``insufficientPermissions`` unless one of the scopes was granted."""
    if not caller.access.scopes & scopes:
        wanted = ", ".join(sorted(scopes))
        message = f"Request had insufficient authentication scopes. One of these is needed: {wanted}"
        raise ApiError(403, "insufficientPermissions", message)


async def json_body(request: Request, method: discovery.Method) -> dict[str, Any]:
    """The request's JSON body, checked against the discovery document; raises 400."""
    return parse_body(await request.body(), method)


def parse_body(raw: bytes, method: discovery.Method) -> dict[str, Any]:
    """JSON bytes as a checked resource; raises 400."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise ApiError(400, "parseError", "Invalid JSON payload received: it is not valid JSON.") from None
    return discovery.check_body(method, body)
