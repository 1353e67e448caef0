"""Sign-up and sessions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from ytempire.gateway.edge import Edge
from ytempire.gateway.features.log_in import Challenge, Grant, LoggedIn
from ytempire.gateway.features.sign_up import NewAccount
from ytempire.gateway.http.answers import API, PROBLEMS, Json
from ytempire.gateway.http.devices import COOKIE, remember
from ytempire.gateway.http.fields import Body, Email, GivenPassword, Name
from ytempire.gateway.http.identity import (
    EdgeNow,
    Personal,
    PersonalWrites,
    StrangerWrites,
    VisitorNow,
)
from ytempire.gateway.http.second_factor import Code
from ytempire.gateway.membership import accounts_of
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts
from ytempire.gateway.reading import TenantReads
from ytempire.gateway.roles import Role
from ytempire.gateway.views import account_view

router = APIRouter(prefix=API, tags=["account"], responses=PROBLEMS)

_Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]


_DeviceToken = Annotated[
    _Secret | None,
    Field(description="The cookie `ytempire_device` of an earlier log-in, for programs that keep no cookies."),
]


class SignUpBody(Body):
    email: Email
    full_name: Name
    company_name: Name | None = None


class LogInBody(Body):
    email: Email
    password: GivenPassword
    device_token: _DeviceToken = None


class LogInCodeBody(Body):
    challenge: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    code: Code
    device_token: _DeviceToken = None


class RefreshBody(Body):
    refresh_token: _Secret


class LogOutBody(Body):
    refresh_token: _Secret | None = None


@router.post("/auth/signup", status_code=202, summary="Ask for an account; a mail says what comes next")
async def sign_up(body: SignUpBody, write: StrangerWrites, edge: EdgeNow) -> Response:
    account = NewAccount(body.email, body.full_name, body.company_name)
    await edge.sign_up.sign_up(account, await write.reserve())
    return Json({"status": "verification_sent", "message": "Look into your mailbox and follow the link."}, 202)


@router.post("/auth/login", summary="Log in")
async def log_in(body: LogInBody, request: Request, visitor: VisitorNow, edge: EdgeNow) -> Response:
    """The answer sets the cookie `ytempire_device`. A device that brings it is not held up by other people's failed
    attempts. With a second factor the answer is `{"status": "second_factor_required", "challenge", "expires_in"}`:
    send the challenge with a code to `/auth/login/code`. Refusals: 401 `invalid_credentials`,
    429 `too_many_attempts`, 503 `busy`."""
    brought = body.device_token or request.cookies.get(COOKIE)
    done = await edge.log_in.log_in(body.email, body.password, visitor, brought)
    if isinstance(done, Challenge):
        return Json({"status": "second_factor_required", **asdict(done)})
    return _logged_in(edge, done)


@router.post("/auth/login/code", summary="Log in, second step: a code of the second factor")
async def log_in_with_code(body: LogInCodeBody, request: Request, visitor: VisitorNow, edge: EdgeNow) -> Response:
    """Answers like `POST /auth/login` without a second factor. Refusals: 401 `wrong_code`, 401 `challenge_over`,
    429 `too_many_attempts`."""
    brought = body.device_token or request.cookies.get(COOKIE)
    return _logged_in(edge, await edge.log_in.log_in_with_code(body.challenge, body.code, visitor, brought))


@router.post("/auth/refresh", summary="Continue a session; the refresh token is spent and replaced")
async def refresh(body: RefreshBody, visitor: VisitorNow, edge: EdgeNow) -> Response:
    """A client that lost the answer may repeat the request within ten seconds and gets the same refresh token."""
    edge.strangers.take(visitor.network)
    return _granted(await edge.log_in.refresh(body.refresh_token, visitor))


@router.post("/auth/logout", status_code=204, summary="End this session, or without a refresh token every session")
async def log_out(body: LogOutBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    await edge.log_in.log_out(write.acting.person, body.refresh_token)
    return Response(status_code=204)


@router.get("/me", summary="The person of the access token, their own account, and their role in each account")
async def me(acting: Personal, edge: EdgeNow) -> Response:
    person = acting.person
    row, others = await TenantReads(edge.models, person).one(ACCOUNTS, accounts), await accounts_of(edge.models, person)
    own = {"account_id": person, "role": Role.OWNER}
    belongs = [own, *({"account_id": other["account_id"], "role": other["role"]} for other in others)]
    return Json({**account_view(person, row), "accounts": belongs})


def _logged_in(edge: Edge, done: LoggedIn) -> Response:
    return remember(_granted(done.grant), edge, done.device_token)


def _granted(grant: Grant) -> Response:
    body: dict[str, Any] = {**asdict(grant), "token_type": "Bearer"}
    return Json(body)
