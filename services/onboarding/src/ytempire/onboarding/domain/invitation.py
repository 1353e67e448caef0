"""One link of an invitation: stream ``invitation-<digest of its token>``."""

from __future__ import annotations

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import InvitationLinkIssued


def evolve(state: InvitationLinkIssued | None, event: Event) -> InvitationLinkIssued | None:
    return event if isinstance(event, InvitationLinkIssued) else state


def _unknown() -> InvitationLinkIssued | None:
    return None


LINK: Decider[InvitationLinkIssued | None, None] = Decider(_unknown, lambda state, command: (), evolve)
"""Only folded: what following a link leads to concerns the account and is decided there."""
