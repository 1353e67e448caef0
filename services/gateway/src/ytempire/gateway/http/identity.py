"""Who asks, with which key: dependencies of the routes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ytempire.gateway.adapters.tokens import Access, TokenError, keyed
from ytempire.gateway.edge import Edge
from ytempire.gateway.ports import Reservation
from ytempire.gateway.problems import Problem
from ytempire.gateway.reading import TenantReads

_bearer = HTTPBearer(auto_error=False, description="The access_token of POST /api/v1/auth/login")
_KEY_CHARACTERS = 255
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def edge_of(request: Request) -> Edge:
    return cast(Edge, request.app.state.edge)


async def _edge_now(request: Request) -> Edge:
    # async, or each request would wait for a thread
    return edge_of(request)


EdgeNow = Annotated[Edge, Depends(_edge_now)]


def network_address(request: Request) -> str:
    """Where the request came from. Behind a proxy the server is told to trust its headers, not this code."""
    return request.client.host if request.client else "unknown"


async def bearer(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Access:
    if credentials is None:
        raise Problem(
            401,
            "not_authenticated",
            "Log in first, and send the access token as `Authorization: Bearer`.",
            headers=_CHALLENGE,
        )
    try:
        return edge_of(request).tokens.read_access(credentials.credentials)
    except TokenError as error:
        raise Problem(401, error.code, str(error), headers=_CHALLENGE) from error


Bearer = Annotated[Access, Depends(bearer)]


async def reads(request: Request, access: Bearer) -> TenantReads:
    """Read models as the person who asks may see them."""
    return TenantReads(edge_of(request).models, access.user_id)


Reads = Annotated[TenantReads, Depends(reads)]


@dataclass(frozen=True, slots=True)
class Write:
    """One POST: who sends it, under which key, and a digest of what it says."""

    edge: Edge
    scope: str
    key: str
    fingerprint: str

    async def reserve(self) -> Reservation:
        """Take the key, once everything that can be checked here was found right."""
        return await self.edge.intents.reserve(self.scope, self.key, self.fingerprint)


@dataclass(frozen=True, slots=True)
class UserWrite(Write):
    user_id: str

    @property
    def reads(self) -> TenantReads:
        return TenantReads(self.edge.models, self.user_id)


IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Any text of at most 255 characters, best a UUID. Required."),
]


async def user_write(request: Request, access: Bearer, key: IdempotencyKey = None) -> UserWrite:
    edge = edge_of(request)
    edge.writes.take(access.user_id)
    return UserWrite(edge, access.user_id, _checked(key), await _fingerprint(request, edge.digest_key), access.user_id)


async def stranger_write(request: Request, key: IdempotencyKey = None) -> Write:
    edge = edge_of(request)
    edge.strangers.take(network_address(request))
    return Write(edge, "stranger", _checked(key), await _fingerprint(request, edge.digest_key))


UserWrites = Annotated[UserWrite, Depends(user_write)]
StrangerWrites = Annotated[Write, Depends(stranger_write)]


def _checked(key: str | None) -> str:
    if key is None or not key.strip():
        raise Problem(
            400,
            "idempotency_key_missing",
            "Send the header Idempotency-Key with a fresh UUID, so that a repeated request is done once.",
            field="Idempotency-Key",
        )
    if len(key) > _KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        raise Problem(
            400,
            "idempotency_key_malformed",
            "The header Idempotency-Key takes at most 255 printable ASCII characters.",
            field="Idempotency-Key",
        )
    return key


async def _fingerprint(request: Request, key: bytes) -> str:
    body = hashlib.sha256(await request.body()).hexdigest()
    return keyed(key, "request", request.method, request.url.path, body)
