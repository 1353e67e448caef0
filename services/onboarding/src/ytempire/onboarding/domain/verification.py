"""One verification link: stream ``verification-<digest of its token>``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ytempire.events import Event
from ytempire.events.onboarding import EmailVerificationRejected
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import VerificationIssued

LINK_LIFE = timedelta(hours=24)
"""How long a link may be followed, in business time."""


@dataclass(frozen=True, slots=True)
class Verification:
    user_id: str | None = None
    email_digest: str = ""
    expires_at: datetime | None = None


def evolve(state: Verification, event: Event) -> Verification:
    if isinstance(event, VerificationIssued):
        return Verification(event.user_id, event.email_digest, event.expires_at)
    return state


VERIFICATION: Decider[Verification, None] = Decider(Verification, lambda state, command: (), evolve)
"""Only folded: what following a link leads to concerns the account and is decided there."""


def unknown_link() -> EmailVerificationRejected:
    return EmailVerificationRejected(
        code="unknown_token",
        field="token",
        message="We do not know this link. Open the newest mail from us and use the whole link, or sign up again.",
    )


def expired_link(expired_at: datetime) -> EmailVerificationRejected:
    return EmailVerificationRejected(
        code="expired_token",
        field="token",
        message=f"This link was valid until {expired_at:%d %B %Y, %H:%M} UTC. Sign up again with the same address"
        " and we send a new one.",
    )
