"""Who asks, for which account, with which key: dependencies of the routes. Each names the permission it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ytempire.gateway.adapters.tokens import Access, TokenError, keyed
from ytempire.gateway.edge import Edge
from ytempire.gateway.membership import role_of
from ytempire.gateway.ports import STRANGER, Reservation
from ytempire.gateway.problems import Problem
from ytempire.gateway.reading import TenantReads
from ytempire.gateway.roles import MAY, Permission, Role
from ytempire.gateway.visitors import Visitor, visitor

_bearer = HTTPBearer(auto_error=False, description="The access_token of POST /api/v1/auth/login")
ACCOUNT_HEADER = "Ytempire-Account"
_KEY_CHARACTERS = 255
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def edge_of(request: Request) -> Edge:
    return cast(Edge, request.app.state.edge)


async def _edge_now(request: Request) -> Edge:
    # async, or each request would wait for a thread
    return edge_of(request)


EdgeNow = Annotated[Edge, Depends(_edge_now)]


def network_address(request: Request) -> str:
    """What limits count as one (see ``Visitor.network``)."""
    return visitor_of(request).network


def visitor_of(request: Request) -> Visitor:
    """Who asks, and whence. Behind a proxy the server is told to trust its headers, not this code."""
    return visitor(request.client.host if request.client else "unknown", request.headers.get("user-agent", ""))


async def visitor_now(request: Request) -> Visitor:
    return visitor_of(request)


VisitorNow = Annotated[Visitor, Depends(visitor_now)]


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


@dataclass(frozen=True, slots=True)
class Acting:
    """The person a token names, the account the request acts on, and what the person is there."""

    access: Access
    account: str
    role: Role

    @property
    def person(self) -> str:
        return self.access.user_id

    def reads(self, edge: Edge) -> TenantReads:
        """The account's read models."""
        return TenantReads(edge.models, self.account)

    @property
    def asked_by(self) -> str | None:
        """Whose operations they may follow: an owner everybody's, others their own."""
        return None if self.role == Role.OWNER else self.person

    def may(self, permission: Permission) -> bool:
        return permission in MAY[self.role]

    def need(self, permission: Permission) -> None:
        """:raises Problem: 403 if the role does not have the permission."""
        need(self.role, permission)


def need(role: Role | None, permission: Permission) -> None:
    """
    :raises Problem: 403 if the role does not have the permission, or there is none any more.
    """
    if role is None:
        message = "You do not belong to this account any more. Ask its owner to invite you again."
        raise Problem(403, "not_a_member", message)
    if permission not in MAY[role]:
        raise Problem(403, "not_allowed", f"As {role} of this account you may not do this. Ask its owner.")


AccountHeader = Annotated[
    str | None,
    Header(alias=ACCOUNT_HEADER, description="`user_id` of the account to act on; your own without it."),
]


async def acting_for(edge: Edge, access: Access, account: str | None) -> Acting:
    """
    :raises Problem: 404 if the person does not belong to the account, whether or not it exists.
    """
    wanted = account or access.user_id
    role = await role_of(edge.models, access.user_id, wanted)
    if role is None:
        raise Problem(
            404,
            "not_found",
            "There is no account with this id that you belong to. Ask its owner to invite you.",
            field=ACCOUNT_HEADER,
        )
    return Acting(access, wanted, role)


async def acting(edge: EdgeNow, access: Bearer, account: AccountHeader = None) -> Acting:
    return await acting_for(edge, access, account)


ActingNow = Annotated[Acting, Depends(acting)]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Dependency: who acts, if their role has the permission."""

    permission: Permission

    async def __call__(self, acting: ActingNow) -> Acting:
        acting.need(self.permission)
        return acting


@dataclass(frozen=True, slots=True)
class Reading:
    """Dependency: the account's read models, if the role has the permission."""

    permission: Permission

    async def __call__(self, edge: EdgeNow, acting: ActingNow) -> TenantReads:
        acting.need(self.permission)
        return acting.reads(edge)


WorkReads = Annotated[TenantReads, Depends(Reading(Permission.SEE_WORK))]
MoneyReads = Annotated[TenantReads, Depends(Reading(Permission.SEE_MONEY))]
BillingReads = Annotated[TenantReads, Depends(Reading(Permission.SEE_BILLING))]
Overview = Annotated[Acting, Depends(Allowed(Permission.OVERVIEW))]
Personal = Annotated[Acting, Depends(Allowed(Permission.PERSONAL))]


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
    acting: Acting

    @property
    def user_id(self) -> str:
        """The account it is for."""
        return self.acting.account

    @property
    def reads(self) -> TenantReads:
        return self.acting.reads(self.edge)


IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Any text of at most 255 characters, best a UUID. Required."),
]


@dataclass(frozen=True, slots=True)
class Writing:
    """Dependency: a POST of somebody whose role has the permission. Its key is the person's own."""

    permission: Permission

    async def __call__(self, request: Request, acting: ActingNow, key: IdempotencyKey = None) -> UserWrite:
        acting.need(self.permission)
        edge = edge_of(request)
        edge.writes.take(acting.person)
        fingerprint = await _fingerprint(request, edge.digest_key, acting.account)
        return UserWrite(edge, acting.person, _checked(key), fingerprint, acting)


async def stranger_write(request: Request, key: IdempotencyKey = None) -> Write:
    edge = edge_of(request)
    edge.strangers.take(network_address(request))
    return Write(edge, STRANGER, _checked(key), await _fingerprint(request, edge.digest_key, ""))


WorkWrites = Annotated[UserWrite, Depends(Writing(Permission.WORK))]
BillingViews = Annotated[UserWrite, Depends(Writing(Permission.SEE_BILLING))]
"""For what is read by asking its owner for it."""
BillingWrites = Annotated[UserWrite, Depends(Writing(Permission.BILLING))]
PersonalWrites = Annotated[UserWrite, Depends(Writing(Permission.PERSONAL))]
MemberReads = Annotated[TenantReads, Depends(Reading(Permission.MEMBERS))]
MemberWrites = Annotated[UserWrite, Depends(Writing(Permission.MEMBERS))]
SecurityWrites = Annotated[UserWrite, Depends(Writing(Permission.SECURITY))]
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


async def _fingerprint(request: Request, key: bytes, account: str) -> str:
    body = hashlib.sha256(await request.body()).hexdigest()
    return keyed(key, "request", request.method, request.url.path, body, account)
