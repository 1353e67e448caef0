"""Events that every service produces about its own log."""

from __future__ import annotations

from ytempire.events.base import SERVICES, Event
from ytempire.events.values import Digest, Signature


class LogHeadSealed(Event, owner="platform", producers=SERVICES):
    """The head of a service's hash chain at a moment, for others to witness."""

    service: str
    position: int
    hash: Digest
    """Hash of the row at that position, which covers every row before it."""
    key_id: str
    """The first 16 hex digits of the SHA-256 of the public key."""
    signature: Signature


class EventDeadLettered(Event, owner="platform", producers=SERVICES):
    """A message could not be handled and waits for a person."""

    consumer: str
    event_id: str
    event_type: str
    reason: str
