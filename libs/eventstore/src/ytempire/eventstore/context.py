"""The message being handled: who it concerns, what began the chain and what caused this step.

Kept in a context variable by whoever delivers a message, read by the store when it appends. Handlers never set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ytempire.events import PLATFORM_TENANT, Envelope


@dataclass(frozen=True, slots=True)
class MessageContext:
    tenant: str = PLATFORM_TENANT
    correlation: str | None = None
    """None where a new chain begins: the first event's own id becomes the correlation."""
    causation: str | None = None
    traceparent: str | None = None
    actor: str | None = None
    """The person who asks, where that is not the tenant. What follows from it leads back there by the correlation."""

    @classmethod
    def of(cls, envelope: Envelope, traceparent: str | None = None) -> MessageContext:
        return cls(envelope.tenantid, envelope.correlationid, envelope.id, traceparent or envelope.traceparent)


_NOTHING = MessageContext()
_current: ContextVar[MessageContext] = ContextVar("message_context", default=_NOTHING)


def current() -> MessageContext:
    return _current.get()


@contextmanager
def handling(context: MessageContext) -> Iterator[None]:
    """Everything appended inside is a consequence of ``context``."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
