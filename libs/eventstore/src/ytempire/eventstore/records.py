"""What goes into the store and what comes out of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, overload

import orjson

from ytempire.events import Envelope, Event, newest, registry
from ytempire.eventstore.context import MessageContext

T = TypeVar("T")

PARTITIONS = 8
"""Ordered work is shared by partition; a stream never changes its partition."""

NO_STREAM = 0
"""Expected version of a stream that must not exist yet."""


def partition_of(stream: str) -> int:
    return zlib.crc32(stream.encode()) % PARTITIONS


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do something once: a command id, or a consumer with the event it handles."""

    scope: str
    key: str


@dataclass(frozen=True, slots=True)
class StreamAppend:
    stream: str
    events: Sequence[Event]
    expected: int | None = None
    """Version the stream must have; None appends to whatever is there."""
    at: datetime | None = None
    """Business time of the events; None: now. Never before the last event of the log."""
    context: MessageContext | None = None
    """Whose consequence the events are; None: the unit's."""

    def __post_init__(self) -> None:
        for event in self.events:
            if (today := newest(type(event))) is not type(event):
                raise TypeError(f"{event.type_name()} is an old version, kept to be read: append {today.type_name()}")


@dataclass(frozen=True, slots=True)
class Timer:
    """A row that becomes an event when its time has come."""

    key: str
    due: datetime
    stream: str
    event: Event


@dataclass(frozen=True, slots=True)
class Unit:
    """Everything that commits together: events, their outbox rows, the claim, timers set and cancelled."""

    appends: Sequence[StreamAppend]
    claim: Claim | None = None
    timers: Sequence[Timer] = ()
    cancel: Sequence[str] = ()
    """Keys of timers that are no longer wanted."""
    fired: Sequence[tuple[str, datetime]] = ()
    """Timers that this unit is the firing of. If one was cancelled, or set anew, meanwhile, nothing is written and the
    answer is a duplicate."""
    context: MessageContext | None = None
    """None takes the context of the message being handled."""
    ids: Sequence[str] = field(default=())
    """Event ids chosen by the caller, in order; made here where there are none."""


class _parsed(Generic[T]):
    """``functools.cached_property`` without the lock that Python 3.11 takes at every first look."""

    def __init__(self, parse: Callable[[Recorded], T]) -> None:
        self._parse, self._name = parse, parse.__name__
        self.__doc__ = parse.__doc__

    @overload
    def __get__(self, record: None, owner: object) -> _parsed[T]: ...
    @overload
    def __get__(self, record: Recorded, owner: object) -> T: ...
    def __get__(self, record: Recorded | None, owner: object) -> T | _parsed[T]:
        if record is None:
            return self
        value = record.__dict__[self._name] = self._parse(record)
        return value


class _Columns(NamedTuple):
    service: str
    """Whose store it is in."""
    position: int
    stream: str
    version: int
    id: str
    type: str
    time: datetime
    data_text: str
    """The event's fields as they are stored: JSON."""
    meta_text: str


class Recorded(_Columns):
    """One event as the store has it. A tuple, because logs are read by the million; parsed when somebody asks."""

    @_parsed
    def data(self) -> dict[str, Any]:
        """The event's fields."""
        fields: dict[str, Any] = orjson.loads(self.data_text)
        return fields

    @_parsed
    def meta(self) -> dict[str, Any]:
        """Tenant, actor, correlation, causation and trace context."""
        fields: dict[str, Any] = orjson.loads(self.meta_text)
        return fields

    @_parsed
    def event(self) -> Event:
        """The typed event as it reads today, whatever version was written.

        :raises LookupError: if this process does not know the type.
        :raises pydantic.ValidationError: if a needed field is missing or of another kind.
        """
        return registry.read(self.type, self.service, self.data_text)

    def envelope(self) -> Envelope:
        return Envelope(
            id=self.id,
            source=f"/ytempire/{self.service}",
            type=self.type,
            subject=self.stream,
            time=self.time,
            data=self.data,
            tenantid=self.meta["tenant"],
            actorid=self.meta.get("actor"),
            correlationid=self.meta["correlation"],
            causationid=self.meta["causation"],
            position=self.position,
            streamversion=self.version,
            traceparent=self.meta.get("traceparent"),
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """How far something has read a log."""

    position: int
    sequence: int = 0
    """Where the stream that carried it had the event; 0 where no stream did."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event of another service as its stream brought it."""

    envelope: Envelope
    previous: int
    """Position of the event before it in the same partition; 0 for the first."""
    sequence: int


@dataclass(frozen=True, slots=True)
class Committed:
    events: tuple[Recorded, ...]
    duplicate: bool = False
    """The claim was taken before: these are the events of the first time; none for a timer that is no longer set."""
