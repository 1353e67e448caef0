"""Who may do what: every route of the application against a table written here."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from ytempire.eventstore import new_id
from ytempire.gateway.edge import Edge
from ytempire.gateway.http import app, tickets
from ytempire.gateway.http.answers import API
from ytempire.gateway.http.identity import ActingNow, EdgeNow, Overview
from ytempire.gateway.roles import MAY, Permission, Role

OMA = {"owner", "member", "accountant"}
OM, OA, ONLY = {"owner", "member"}, {"owner", "accountant"}, {"owner"}

TABLE: dict[str, set[str]] = {
    "GET /me": OMA,
    "POST /auth/logout": OMA,
    "POST /auth/password": OMA,
    "POST /auth/email": OMA,
    "POST /auth/email/confirm": OMA,
    "POST /invitations/accept": OMA,
    "POST /members/leave": OMA,
    "POST /members/names": OMA,
    "GET /members": ONLY,
    "GET /members/invitations": ONLY,
    "POST /members/invitations": ONLY,
    "POST /members/invitations/{invitation_id}/resend": ONLY,
    "POST /members/invitations/{invitation_id}/revoke": ONLY,
    "POST /members/{member_id}/role": ONLY,
    "POST /members/{member_id}/remove": ONLY,
    "GET /sessions": OMA,
    "GET /auth/second-factor": OMA,
    "POST /auth/second-factor": OMA,
    "POST /auth/second-factor/confirm": OMA,
    "POST /auth/second-factor/codes": OMA,
    "POST /auth/second-factor/off": OMA,
    "DELETE /sessions": OMA,
    "DELETE /sessions/{session_id}": OMA,
    "GET /onboarding": OM,
    "POST /onboarding/plan": ONLY,
    "POST /onboarding/payment": ONLY,
    "POST /onboarding/niches": OM,
    "POST /onboarding/niches/choice": OM,
    "POST /onboarding/preferences": OM,
    "GET /preferences": OM,
    "POST /preferences/reminders": OM,
    "GET /preferences/history": OM,
    "GET /billing": OA,
    "GET /billing/timeline": OA,
    "POST /billing/preview": ONLY,
    "POST /billing/subscription": ONLY,
    "POST /billing/card": ONLY,
    "POST /billing/tax": ONLY,
    "POST /billing/discount": ONLY,
    "POST /billing/pay": ONLY,
    "POST /billing/access": OA,
    "POST /channels/connect": OM,
    "GET /channels": OM,
    "GET /channels/{channel_id}": OM,
    "GET /channels/{channel_id}/preferences": OM,
    "POST /channels/{channel_id}/preferences": OM,
    "POST /videos/generate": OM,
    "GET /videos": OM,
    "GET /videos/status/{video_id}": OM,
    "GET /videos/{video_id}": OM,
    "POST /videos/{video_id}/approve": OM,
    "POST /videos/{video_id}/publish": OM,
    "GET /videos/{video_id}/file": OM,
    "GET /videos/{video_id}/thumbnail": OM,
    "GET /videos/{video_id}/captions": OM,
    "GET /pnl": OA,
    "GET /revenue": OA,
    "GET /dashboard": OMA,
    "POST /tickets": OM,
    "GET /tickets": OM,
    "GET /tickets/{ticket_id}": OM,
    "GET /operations/{operation_id}": OMA,
    "GET /events": OMA,
}
"""Which roles may, by route: a new route is added here, too, by whoever decided who may ask it."""

OPEN = {
    "POST /auth/signup",
    "POST /auth/verify",
    "POST /auth/verification/resend",
    "POST /auth/password/forgot",
    "POST /auth/password/reset",
    "POST /auth/login",
    "POST /auth/login/code",
    "POST /auth/refresh",
    "GET /plans",
    "GET /oauth/google/callback",
    "GET /mail/unsubscribe",
    "POST /mail/unsubscribe",
    "POST /webhooks/stripe",
}


def _routes() -> dict[str, APIRoute]:
    """Every route of the API as the application has it."""
    nothing_is_asked = cast(Edge, None)
    return {
        f"{method} {route.path.removeprefix(API)}": route
        for route in app.routed(nothing_is_asked).router.routes
        if isinstance(route, APIRoute) and route.path.startswith(API)
        for method in route.methods or ()
    }


def test_every_route_is_for_the_roles_of_the_table() -> None:
    found = {
        name: {role.value for role in Role if app.permissions(route.dependant) <= MAY[role]}
        for name, route in _routes().items()
        if app.permissions(route.dependant)
    }
    assert found == TABLE


def test_only_what_is_listed_stands_open() -> None:
    assert {name for name, route in _routes().items() if not app.permissions(route.dependant)} == OPEN


def test_a_route_without_a_permission_keeps_the_gateway_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = APIRouter(prefix=API)

    @forgotten.get("/secrets")
    async def secrets(edge: EdgeNow) -> None: ...

    @forgotten.get("/whoami")
    async def whoami(acting: ActingNow) -> None: ...

    for route in forgotten.routes:
        with pytest.raises(TypeError, match="must either need a permission"):
            app.check_permissions([route])
    monkeypatch.setattr(tickets.router, "routes", [*tickets.router.routes, *forgotten.routes])
    with pytest.raises(TypeError, match="/api/v1/secrets"):
        app.routed(cast(Edge, None))


def test_an_open_route_asks_for_no_permission() -> None:
    wrong = APIRouter(prefix=API)

    @wrong.get("/plans")
    async def plans(acting: Overview) -> None: ...

    with pytest.raises(TypeError, match="/api/v1/plans"):
        app.check_permissions(wrong.routes)


def test_the_owner_may_everything_and_an_accountant_writes_nothing() -> None:
    assert MAY[Role.OWNER] == set(Permission)
    writes = {Permission.WORK, Permission.BILLING, Permission.MEMBERS, Permission.SECURITY}
    assert not MAY[Role.ACCOUNTANT] & writes
    assert not MAY[Role.MEMBER] & {Permission.BILLING, Permission.SEE_BILLING, Permission.MEMBERS, Permission.SECURITY}


async def test_each_role_gets_what_the_table_says_at_every_route(team: Any) -> None:
    """Requests without a body or with unknown ids: what a role may not is refused before anything else is looked at."""
    unknown = {name: new_id() for name in ("channel_id", "video_id", "ticket_id", "operation_id", "session_id")}
    unknown |= {"member_id": new_id(), "invitation_id": new_id()}
    harmless = {"/auth/logout", "/members/leave", "/events", "/sessions"}
    asked = 0
    for name, roles in TABLE.items():
        method, path = name.split(" ")
        if path in harmless:  # they would do it, or never end: each has a test of its own
            continue
        for role in ("owner", "member", "accountant"):
            person, headers = team.acting(role)
            answered = await person.http.request(
                method, API + path.format(**unknown), headers={**headers, "Idempotency-Key": new_id()}
            )
            refused = answered.status_code == 403
            assert refused == (role not in roles), f"{role} {name}: {answered.status_code} {answered.text}"
            if refused:
                assert answered.json()["code"] == "not_allowed"
                assert role in answered.json()["detail"]
            asked += 1
    assert asked > 100
