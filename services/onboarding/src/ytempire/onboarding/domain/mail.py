"""One mail to a customer: stream ``mail-<mail_id>``. The same occasion always has the same id, so it is sent once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ytempire.events import Event
from ytempire.events.onboarding import MailSent
from ytempire.eventstore import Decider, derived_id
from ytempire.onboarding.domain.events import MailQueued, MailWithheld

UNSUBSCRIBE = "unsubscribe"
"""Under which name a mail carries the token that stops mails of its kind."""
UNSUBSCRIBE_PATH = "/api/v1/mail/unsubscribe"
TICKET_PREFIX = "ticket_"
TICKET_FALLBACK = "ticket_received"
LONGEST_NAME = 60
_MORE_THAN_A_NAME = re.compile(r"[/:@\[\]<>]|\bwww\b|\.\w{2,}", re.IGNORECASE)


def stream_of(mail_id: str) -> str:
    """Name of a mail's stream."""
    return f"mail-{mail_id}"


def mail_id_for(template: str, *occasion: str) -> str:
    """The id of the mail of an occasion, such as a video's first publication."""
    return derived_id("mail", template, *occasion)


def presentable(name: str) -> str:
    """Somebody's name as a mail to somebody else may show it; empty where it could be more than a name.

    Names are what people typed, and a mail of ours that invites a stranger must not carry a stranger's address or text.
    """
    return name if len(name) <= LONGEST_NAME and not _MORE_THAN_A_NAME.search(name) else ""


def secret_field(mail_id: str, name: str) -> str:
    """Under which name the vault binds a personal value to its mail."""
    return f"mail:{mail_id}:{name}"


@dataclass(frozen=True, slots=True)
class MailState:
    queued: MailQueued | None = None
    finished: bool = False
    """Sent, or never to be sent."""


def evolve(state: MailState, event: Event) -> MailState:
    match event:
        case MailQueued():
            return replace(state, queued=event)
        case MailSent() | MailWithheld():
            return replace(state, finished=True)
        case _:
            return state


MAIL: Decider[MailState, None] = Decider(MailState, lambda state, command: (), evolve)
"""Only folded: a mail has no choices to make."""
