"""The envelope: CloudEvents 1.0 attribute names in JSON, with our extensions. Set by the library, never by handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ytempire.events import registry
from ytempire.events.base import Event

PLATFORM_TENANT = "platform"


class Envelope(BaseModel):
    """One event as it travels and as the outbox keeps it. See https://github.com/cloudevents/spec (1.0.2)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    """``/ytempire/<service>``: the store the event was appended to."""
    type: str
    subject: str
    """The stream (aggregate) it belongs to."""
    time: datetime
    """Business time, from the platform's clock."""
    datacontenttype: str = "application/json"
    data: dict[str, Any]

    tenantid: str
    correlationid: str
    """Id of the intent that began the chain."""
    actorid: str | None = None
    """Who asked, on the intent of a person who is not the tenant: a member of the tenant's account."""
    causationid: str
    """Id of the message this event is the consequence of; its own id where nothing caused it."""
    position: int
    """Place in the producer's global order, gapless from 1."""
    streamversion: int
    traceparent: str | None = None

    @property
    def producer(self) -> str:
        return self.source.rsplit("/", 1)[-1]

    def event(self) -> Event:
        """The typed event as it reads today, whatever version was sent.

        :raises LookupError: if this process does not know the type.
        :raises pydantic.ValidationError: if a needed field is missing or of another kind.
        """
        return registry.read(self.type, self.producer, self.data)
