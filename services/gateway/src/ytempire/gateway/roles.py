"""Who may do what in an account: the one table. Each route names the permission it needs (``http/identity.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in an account. Its owner is the person whose account it is; there is exactly one."""

    OWNER = "owner"
    MEMBER = "member"
    ACCOUNTANT = "accountant"


class Permission(StrEnum):
    """What a route needs."""

    PERSONAL = "personal"
    """What concerns the person alone, whatever account they act on: who they are, accepting an invitation, leaving."""
    SECURITY = "security"
    """Passwords, sessions and everything else that opens the account."""
    MEMBERS = "members"
    """Who belongs to the account: reading it, inviting, roles, removal."""
    SEE_BILLING = "see_billing"
    """Subscription, card and invoices."""
    BILLING = "billing"
    """Changing what is paid for, and how."""
    SEE_MONEY = "see_money"
    """Revenue, cost and profit."""
    SEE_WORK = "see_work"
    """Videos, channels, niches, preferences, tickets."""
    WORK = "work"
    """Making and changing those."""
    OVERVIEW = "overview"
    """The dashboard, live updates, own operations. Parts that need another permission are left out of the answer."""


MAY: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.MEMBER: frozenset({Permission.PERSONAL, Permission.SEE_WORK, Permission.WORK, Permission.OVERVIEW}),
    Role.ACCOUNTANT: frozenset(
        {Permission.PERSONAL, Permission.SEE_BILLING, Permission.SEE_MONEY, Permission.OVERVIEW}
    ),
}
