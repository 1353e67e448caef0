"""What onboarding decides of an account's members in the gateway's tests, by visible words in the request."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from ytempire.events import Envelope, Event
from ytempire.events.gateway import (
    InvitationAcceptanceRequested,
    InvitationRequested,
    InvitationResendRequested,
    InvitationRevocationRequested,
    MemberRemovalRequested,
    MemberRoleChangeRequested,
    NamesRequested,
)
from ytempire.events.onboarding import (
    InvitationAcceptanceRejected,
    InvitationRejected,
    InvitationResendRejected,
    InvitationResent,
    InvitationRevocationRejected,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemovalRejected,
    MemberRemoved,
    MemberRoleChanged,
    MemberRoleChangeRejected,
    NamesTold,
)

Answers = list[tuple[str, list[Event]]]


def _sealed(world: Any, email: str) -> dict[str, Any]:
    now, life = datetime.now(UTC), timedelta(days=7)
    return {"expires_at": now + life, "sealed": world.sealer.seal("gateway", {"email": email}, now, life)}


def _refused(model: Any, user_id: str, code: str, field: str) -> Answers:
    return [("onboarding", [model(user_id=user_id, code=code, field=field, message="Look at the list.")])]


def invite(world: Any, event: InvitationRequested, _: Envelope) -> Answers:
    email = world.openers["onboarding"].open(event.sealed, datetime.now(UTC))["email"]
    if email.startswith("known"):
        return _refused(InvitationRejected, event.user_id, "already_invited", "email")
    token = hashlib.sha256(f"invitation-of-{email}".encode()).hexdigest()
    world.invited[token] = (event.user_id, event.invitation_id, event.role)
    ids = {"user_id": event.user_id, "invitation_id": event.invitation_id}
    return [("onboarding", [MemberInvited(**ids, role=event.role, **_sealed(world, email))])]


def _open(world: Any, user_id: str, invitation_id: str) -> bool:
    return any((user_id, invitation_id) == known[:2] for known in world.invited.values())


def resend(world: Any, event: InvitationResendRequested, _: Envelope) -> Answers:
    if not _open(world, event.user_id, event.invitation_id):
        return _refused(InvitationResendRejected, event.user_id, "invitation_not_found", "invitation_id")
    return [("onboarding", [InvitationResent(**event.model_dump(), **_sealed(world, "again@example.com"))])]


def revoke(world: Any, event: InvitationRevocationRequested, _: Envelope) -> Answers:
    if not _open(world, event.user_id, event.invitation_id):
        return _refused(InvitationRevocationRejected, event.user_id, "invitation_not_found", "invitation_id")
    return [("onboarding", [InvitationRevoked(**event.model_dump())])]


def accept(world: Any, event: InvitationAcceptanceRequested, _: Envelope) -> Answers:
    invited = world.invited.pop(event.token_digest, None)
    if invited is None:
        return _refused(InvitationAcceptanceRejected, event.user_id, "invitation_not_found", "token")
    account, invitation_id, role = invited
    world.members.add((account, event.user_id))
    joined = MemberJoined(user_id=account, member_id=event.user_id, invitation_id=invitation_id, role=role)
    return [("onboarding", [joined])]


def change_role(world: Any, event: MemberRoleChangeRequested, _: Envelope) -> Answers:
    if (event.user_id, event.member_id) not in world.members:
        return _refused(MemberRoleChangeRejected, event.user_id, "member_not_found", "member_id")
    return [("onboarding", [MemberRoleChanged(**event.model_dump())])]


def remove(world: Any, event: MemberRemovalRequested, _: Envelope) -> Answers:
    if event.member_id == event.user_id:
        return _refused(MemberRemovalRejected, event.user_id, "owner_stays", "member_id")
    if (event.user_id, event.member_id) not in world.members:
        return _refused(MemberRemovalRejected, event.user_id, "member_not_found", "member_id")
    world.members.discard((event.user_id, event.member_id))
    removed = MemberRemoved(user_id=event.user_id, member_id=event.member_id, left=event.leaves)
    return [("onboarding", [removed])]


def names(world: Any, event: NamesRequested, _: Envelope) -> Answers:
    people = {person: f"Name of {person[-4:]}" for person in event.people}
    sealed = world.sealer.seal("gateway", people, datetime.now(UTC), timedelta(hours=1))
    return [("onboarding", [NamesTold(user_id=event.user_id, sealed=sealed)])]


RULES = {
    NamesRequested: names,
    InvitationRequested: invite,
    InvitationResendRequested: resend,
    InvitationRevocationRequested: revoke,
    InvitationAcceptanceRequested: accept,
    MemberRoleChangeRequested: change_role,
    MemberRemovalRequested: remove,
}
