"""Links in mails: each is for one thing and works once. Stream ``<purpose>-<digest of its token>``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import EmailLinkIssued, LinkUsed, PasswordLinkIssued, VerificationIssued


class Purpose(StrEnum):
    """What a link is for. Nobody can use it for anything else: the purpose is part of its stream's name."""

    VERIFICATION = "verification"
    RESET = "reset"
    EMAIL = "newemail"


LIFE = {
    Purpose.VERIFICATION: timedelta(hours=24),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.EMAIL: timedelta(hours=24),
}
"""How long a link may be followed, in business time."""

_AGAIN = {
    Purpose.VERIFICATION: "Ask for a new link with the same address.",
    Purpose.RESET: "Ask for a new link under 'Forgotten your password?'.",
    Purpose.EMAIL: "Ask for the change of address again.",
}


def stream_of(purpose: Purpose, token_digest: str) -> str:
    """Name of a link's stream."""
    return f"{purpose}-{token_digest}"


@dataclass(frozen=True, slots=True)
class Link:
    purpose: Purpose
    user_id: str | None = None
    """Whose it is; None: nobody ever made it."""
    expires_at: datetime | None = None
    email_digest: str = ""
    email: str = ""
    """The address it was sent to, encrypted, where it is to become the account's."""
    generation: int = 0
    """How often the account's password or address had been changed before: each change ends the links from before."""
    used: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a link cannot be followed."""

    code: str
    message: str


def fault(link: Link, generation: int, at: datetime) -> Fault | None:
    """Why a link cannot be followed at a time; None if it can."""
    again = _AGAIN[link.purpose]
    if link.user_id is None or link.expires_at is None:
        return Fault("unknown_token", f"We do not know this link. Use the whole link of our newest mail. {again}")
    if link.used:
        return Fault("used_token", f"This link was used already, and each works once. Log in. {again}")
    if link.expires_at <= at:
        return Fault("expired_token", f"This link was valid until {link.expires_at:%d %B %Y, %H:%M} UTC. {again}")
    if link.generation != generation:
        return Fault("outdated_token", f"Something changed in the account since this link was sent. {again}")
    return None


def _evolve(state: Link, event: Event) -> Link:
    match event:
        case VerificationIssued():
            return replace(state, user_id=event.user_id, expires_at=event.expires_at, email_digest=event.email_digest)
        case PasswordLinkIssued():
            return replace(state, user_id=event.user_id, expires_at=event.expires_at, generation=event.generation)
        case EmailLinkIssued():
            return replace(
                state,
                user_id=event.user_id,
                expires_at=event.expires_at,
                email_digest=event.email_digest,
                email=event.email,
                generation=event.generation,
            )
        case LinkUsed():
            return replace(state, used=True)
        case _:
            return state


def _folded(purpose: Purpose) -> Decider[Link, None]:
    return Decider(partial(Link, purpose), lambda state, command: (), _evolve)


LINKS = {purpose: _folded(purpose) for purpose in Purpose}
"""Only folded: what following a link leads to concerns the account and is decided there."""
