"""Who belongs to an account: invitations, roles, removal; and the invited person's side of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import StringConstraints

from ytempire.events.gateway import (
    InvitationAcceptanceRequested,
    InvitationRequested,
    InvitationResendRequested,
    InvitationRevocationRequested,
    MemberRemovalRequested,
    MemberRoleChangeRequested,
    NamesRequested,
)
from ytempire.events.values import MemberRole, Sealed
from ytempire.eventstore import PermanentError
from ytempire.gateway.adapters.tokens import sha256
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, known_id
from ytempire.gateway.http.fields import Body, Email
from ytempire.gateway.http.identity import EdgeNow, MemberReads, MemberWrites, PersonalWrites
from ytempire.gateway.http.payments import opened
from ytempire.gateway.membership import accounts_of
from ytempire.gateway.projections.members import MEMBERS, invitations, members
from ytempire.gateway.reading import Row, TenantReads

router = APIRouter(prefix=API, tags=["members"], responses=PROBLEMS)

_SEALED_FOR = timedelta(days=1)


class InviteBody(Body):
    email: Email
    role: MemberRole


class RoleBody(Body):
    role: MemberRole


class AcceptBody(Body):
    token: Annotated[str, StringConstraints(min_length=1, max_length=512)]


@router.get("/members", summary="Who belongs to the account, its owner first")
async def list_members(reads: MemberReads) -> Response:
    rows = await reads.rows(MEMBERS, members, members.c.role.is_not(None), order=(members.c.joined_at,))
    owner = {"member_id": reads.tenant, "role": "owner", "joined_at": None}
    return Json({"members": [owner, *({key: row[key] for key in owner} for row in rows)]})


@router.post("/members/names", responses=PENDING, summary="Names of your members and of the owners of your accounts")
async def names(write: PersonalWrites, edge: EdgeNow) -> Response:
    """The answer alone has them; events, tables and logs have them sealed."""
    person = write.acting.person
    rows = await TenantReads(edge.models, person).rows(MEMBERS, members, members.c.role.is_not(None))
    people = {row["member_id"] for row in rows} | {row["account_id"] for row in await accounts_of(edge.models, person)}
    reservation = await write.reserve()
    if not people:
        return Json({"operation_id": reservation.operation_id, "names": []})
    event = NamesRequested(user_id=person, people=tuple(sorted(people)))
    outcome = await edge.intents.request(person, reservation, f"names-{person}", event)
    return answer(outcome, lambda told: {"names": _names(edge, outcome.data["sealed"])})


def _names(edge: EdgeNow, sealed: dict[str, Any]) -> list[dict[str, str]]:
    told = opened(edge, sealed)
    return [{"user_id": person, "full_name": name} for person, name in sorted(told.items())]


@router.get("/members/invitations", summary="Open invitations, the newest first")
async def list_invitations(edge: EdgeNow, reads: MemberReads) -> Response:
    order = (invitations.c.invited_at.desc(), invitations.c.invitation_id)
    rows = await reads.rows(MEMBERS, invitations, invitations.c.status == "open", order=order)
    now = edge.clock.now()
    return Json({"invitations": [_invitation(edge, row) for row in rows if row["expires_at"] > now]})


def _invitation(edge: EdgeNow, row: Row) -> dict[str, Any]:
    try:
        email = edge.opener.open(Sealed.model_validate(row["sealed"]), edge.clock.now())["email"]
    except PermanentError:
        email = None
    shown = ("invitation_id", "role", "invited_at", "expires_at")
    return {**{key: row[key] for key in shown}, "email": email}


@router.post("/members/invitations", status_code=201, responses=PENDING, summary="Invite somebody by mail")
async def invite(body: InviteBody, write: MemberWrites, edge: EdgeNow) -> Response:
    """The answer is the same whether or not there is an account with this address."""
    reservation = await write.reserve()
    event = InvitationRequested(
        user_id=write.user_id,
        invitation_id=reservation.resource_id,
        email_digest=email_digest(edge.digest_key, body.email),
        role=body.role,
        sealed=edge.sealer.seal("onboarding", {"email": body.email}, edge.clock.now(), _SEALED_FOR),
    )
    outcome = await edge.intents.request(write.user_id, reservation, f"members-{write.user_id}", event)
    created = f"{API}/members/invitations"
    return answer(outcome, created=created, resource={"invitation_id": reservation.resource_id})


@router.post(
    "/members/invitations/{invitation_id}/resend",
    responses=PENDING,
    summary="Mail an open invitation again, for seven days from now; its earlier link is void",
)
async def resend(invitation_id: str, write: MemberWrites, edge: EdgeNow) -> Response:
    event = InvitationResendRequested(user_id=write.user_id, invitation_id=known_id(invitation_id, "open invitation"))
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"members-{write.user_id}", event))


@router.post("/members/invitations/{invitation_id}/revoke", responses=PENDING, summary="Withdraw an open invitation")
async def revoke(invitation_id: str, write: MemberWrites, edge: EdgeNow) -> Response:
    event = InvitationRevocationRequested(
        user_id=write.user_id, invitation_id=known_id(invitation_id, "open invitation")
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"members-{write.user_id}", event))


@router.post("/members/{member_id}/role", responses=PENDING, summary="Give a member another role, at once")
async def change_role(member_id: str, body: RoleBody, write: MemberWrites, edge: EdgeNow) -> Response:
    event = MemberRoleChangeRequested(user_id=write.user_id, member_id=known_id(member_id, "member"), role=body.role)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"members-{write.user_id}", event))


@router.post("/members/{member_id}/remove", responses=PENDING, summary="Remove a member, at once")
async def remove(member_id: str, write: MemberWrites, edge: EdgeNow) -> Response:
    event = MemberRemovalRequested(user_id=write.user_id, member_id=known_id(member_id, "member"))
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"members-{write.user_id}", event))


@router.post("/members/leave", responses=PENDING, summary="Leave the account that Ytempire-Account names")
async def leave(write: PersonalWrites, edge: EdgeNow) -> Response:
    event = MemberRemovalRequested(user_id=write.user_id, member_id=write.acting.person, leaves=True)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"members-{write.user_id}", event))


@router.post("/invitations/accept", responses=PENDING, summary="Accept the invitation of a mail, as who you are")
async def accept(body: AcceptBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """Your own address must be the one the invitation was sent to. Then name the account in ``Ytempire-Account``."""
    person, digest = write.acting.person, sha256(body.token)
    event = InvitationAcceptanceRequested(user_id=person, token_digest=digest)
    outcome = await edge.intents.request(person, await write.reserve(), f"invitation-{digest}", event)
    return answer(outcome, lambda told: {"account_id": outcome.data["user_id"], "role": told["role"]})
