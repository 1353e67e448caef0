"""What a person is in an account, as it is now."""

from __future__ import annotations

from ytempire.eventstore import ReadModels
from ytempire.gateway.projections.members import MEMBERS, memberships
from ytempire.gateway.reading import Row, TenantReads
from ytempire.gateway.roles import Role


async def role_of(models: ReadModels, person: str, account: str) -> Role | None:
    """The person's role; None if they do not belong to the account, whether or not there is one.

    Asked for each request: who is removed is out with the next one.
    """
    if account == person:
        return Role.OWNER
    row = await TenantReads(models, person).one(MEMBERS, memberships, memberships.c.account_id == account)
    return Role(row["role"]) if row is not None and row["role"] is not None else None


async def accounts_of(models: ReadModels, person: str) -> list[Row]:
    """Every account the person belongs to beside their own."""
    return await TenantReads(models, person).rows(
        MEMBERS, memberships, memberships.c.role.is_not(None), order=(memberships.c.account_id,)
    )
