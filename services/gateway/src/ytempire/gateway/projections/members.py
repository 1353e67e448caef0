"""Who belongs to an account: for the account its members and invitations, for a person the accounts they are in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.onboarding import (
    InvitationExpired,
    InvitationResent,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemoved,
    MemberRoleChanged,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

members = Table(
    "members",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    tenant_column(),
    mark_column("mark"),
    # null for somebody who belongs to the account no longer
    Column("role", Text),
    mark_column("joined_mark"),
    time_column("joined_at"),
)

memberships = Table(
    "memberships",
    TABLES,
    Column("member_id", Text, primary_key=True),
    Column("account_id", Text, primary_key=True),
    # the person's rows, not the account's: who asks for an account is looked up by who they are
    tenant_column(),
    mark_column("mark"),
    Column("role", Text),
)

invitations = Table(
    "invitations",
    TABLES,
    Column("invitation_id", Text, primary_key=True),
    tenant_column(),
    Column("role", Text),
    time_column("invited_at"),
    mark_column("mark"),
    # open, accepted, revoked or expired
    Column("status", Text),
    mark_column("letter_mark"),
    time_column("expires_at"),
    # the address, readable here alone and only for as long as the invitation can be open
    Column("sealed", JSON),
)


async def _is_now(
    connection: Writing, account_id: str, member_id: str, envelope: Envelope, role: str | None, **columns: Any
) -> None:
    """Write what somebody is in an account, on both sides, and tell both."""
    mark = {"mark": envelope.position, "role": role}
    row = {"user_id": account_id, "member_id": member_id, "tenant_id": account_id, **mark, **columns}
    groups = {"mark": ("role",), **({"joined_mark": ("joined_at",)} if columns else {})}
    await upsert(connection, members, row, groups=groups)
    side = {"member_id": member_id, "account_id": account_id, "tenant_id": member_id, **mark}
    await upsert(connection, memberships, side, "mark")
    await announce(connection, account_id, "members", member_id, envelope)
    await announce(connection, member_id, "membership", account_id, envelope)


async def _joined(connection: Writing, event: MemberJoined, envelope: Envelope) -> None:
    when = {"joined_at": envelope.time, "joined_mark": envelope.position}
    await _is_now(connection, event.user_id, event.member_id, envelope, event.role, **when)
    await _over(connection, event, envelope, "accepted")


async def _changed(connection: Writing, event: MemberRoleChanged, envelope: Envelope) -> None:
    await _is_now(connection, event.user_id, event.member_id, envelope, event.role)


async def _removed(connection: Writing, event: MemberRemoved, envelope: Envelope) -> None:
    await _is_now(connection, event.user_id, event.member_id, envelope, None)


async def _invited(connection: Writing, event: MemberInvited, envelope: Envelope) -> None:
    row = {
        "invitation_id": event.invitation_id,
        "tenant_id": event.user_id,
        "role": event.role,
        "invited_at": envelope.time,
        "status": "open",
        "mark": envelope.position,
        **_letter(event, envelope),
    }
    groups = {"mark": ("status",), "letter_mark": ("expires_at", "sealed")}
    await upsert(connection, invitations, row, groups=groups)
    await announce(connection, event.user_id, "members", event.invitation_id, envelope)


async def _resent(connection: Writing, event: InvitationResent, envelope: Envelope) -> None:
    row = {"invitation_id": event.invitation_id, "tenant_id": event.user_id, **_letter(event, envelope)}
    await upsert(connection, invitations, row, "letter_mark")
    await announce(connection, event.user_id, "members", event.invitation_id, envelope)


async def _revoked(connection: Writing, event: InvitationRevoked, envelope: Envelope) -> None:
    await _over(connection, event, envelope, "revoked")


async def _expired(connection: Writing, event: InvitationExpired, envelope: Envelope) -> None:
    await _over(connection, event, envelope, "expired")


async def _over(
    connection: Writing, event: MemberJoined | InvitationRevoked | InvitationExpired, envelope: Envelope, status: str
) -> None:
    row = {
        "invitation_id": event.invitation_id,
        "tenant_id": event.user_id,
        "status": status,
        "mark": envelope.position,
    }
    await upsert(connection, invitations, row, "mark")
    await announce(connection, event.user_id, "members", event.invitation_id, envelope)


def _letter(event: MemberInvited | InvitationResent, envelope: Envelope) -> dict[str, Any]:
    return {
        "expires_at": event.expires_at,
        "sealed": event.sealed.model_dump(mode="json"),
        "letter_mark": envelope.position,
    }


MEMBERS = Projection(
    "members",
    TABLES,
    {
        MemberInvited: _invited,
        InvitationResent: _resent,
        InvitationRevoked: _revoked,
        InvitationExpired: _expired,
        MemberJoined: _joined,
        MemberRoleChanged: _changed,
        MemberRemoved: _removed,
    },
)
