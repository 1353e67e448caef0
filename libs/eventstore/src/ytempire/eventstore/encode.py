"""From a unit to rows. What needs no place in the log is encoded when the unit arrives; positions, versions, hashes
and outbox rows follow when it gets its place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from ytempire.events import Event
from ytempire.eventstore.context import MessageContext
from ytempire.eventstore.errors import UnitRefusedError
from ytempire.eventstore.feed import OutboxRow
from ytempire.eventstore.ids import new_id
from ytempire.eventstore.records import Recorded, Timer, Unit, partition_of

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of a NUL character, not behind a backslash that is text itself."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: gapless position, hash and business time of the last row."""

    position: int
    hash: bytes
    time: datetime = datetime(1, 1, 1, tzinfo=UTC)


START = Head(0, bytes(32))
"""The head of an empty log."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no place in the log yet."""

    stream: str
    id: str
    type: str
    event: Event
    at: datetime | None
    data: str
    meta: str
    traceparent: str | None
    causes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A unit with everything encoded that does not depend on its place."""

    unit: Unit
    drafts: list[Draft]
    timers: dict[str, dict[str, Any] | None]
    """By key: the row to set, None to cancel."""


@dataclass(slots=True)
class Rows:
    """What one statement writes."""

    events: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    timers: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """By key: the row to set, None to delete."""
    fired: list[tuple[str, datetime]] = field(default_factory=list)
    """Timers that must still be set for this time, or nothing is written."""


def row_hash(
    previous: bytes,
    position: int,
    stream: str,
    version: int,
    event_id: str,
    type_: str,
    time: str,
    data: str,
    meta: str,
) -> bytes:
    """SHA-256 over the previous hash and every column of the row, in canonical JSON."""
    row = orjson.dumps([position, stream, version, event_id, type_, time, data, meta])
    return hashlib.sha256(previous + row).digest()


def claim_hash(log: bytes, scope: str, key: str, first: int, last: int) -> bytes:
    """SHA-256 that ties a claim to the log as it was when the claim was taken: the hash of the row at ``last``."""
    return hashlib.sha256(log + orjson.dumps([scope, key, first, last])).digest()


def outbox_row(
    service: str,
    position: int,
    stream: str,
    version: int,
    event_id: str,
    type_: str,
    time: str,
    data: str,
    causes: Mapping[str, str],
    previous: dict[int, int],
) -> OutboxRow:
    """What is told of a public event: its envelope (see ``ytempire.events.Envelope``), written straight so that the
    data is not encoded again.

    :param previous: last outbox position of each partition; advanced in place.
    """
    partition = partition_of(stream)
    envelope: dict[str, object] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/ytempire/{service}",
        "type": type_,
        "subject": stream,
        "time": time,
        "datacontenttype": "application/json",
        "data": orjson.Fragment(data),
        "tenantid": causes["tenant"],
        "correlationid": causes["correlation"],
        "causationid": causes["causation"],
        "position": position,
        "streamversion": version,
    }
    if actor := causes.get("actor"):
        envelope["actorid"] = actor
    traceparent = causes.get("traceparent")
    if traceparent:
        envelope["traceparent"] = traceparent
    row = OutboxRow(
        position=position,
        event_id=event_id,
        subject=f"yt.{service}.{type_}.{partition}",
        partition=partition,
        previous=previous.get(partition, 0),
        body=orjson.dumps(envelope),
        traceparent=traceparent,
    )
    previous[partition] = position
    return row


def timestamp(at: datetime) -> str:
    """The one text form of a time that is hashed and stored: UTC with microseconds."""
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def prepare(unit: Unit, context: MessageContext) -> Prepared:
    """Encode a unit as far as it can be without knowing its place.

    :raises UnitRefusedError: if a text holds a NUL character, which PostgreSQL does not keep.
    """
    names = [append.stream for append in unit.appends] + [timer.key for timer in unit.timers] + list(unit.cancel)
    if "\0" in "".join((unit.claim.scope + unit.claim.key if unit.claim else "", *names)):
        raise UnitRefusedError("the name of a stream, a timer or a claim holds a NUL character, which no store keeps")
    drafts: list[Draft] = []
    ids = iter(unit.ids)
    correlation = context.correlation
    for append in unit.appends:
        cause = append.context or context
        chain = append.context.correlation if append.context else correlation
        for event in append.events:
            event_id = next(ids, None) or new_id()
            chain = chain or event_id
            drafts.append(_draft(append.stream, event, event_id, append.at, cause, chain))
        if append.context is None:
            correlation = chain
    timers: dict[str, dict[str, Any] | None] = dict.fromkeys(unit.cancel)
    timers.update(dict.fromkeys(key for key, _ in unit.fired))
    timers.update((timer.key, _timer_row(timer, context, correlation)) for timer in unit.timers)
    return Prepared(unit, drafts, timers)


def _draft(
    stream: str, event: Event, event_id: str, at: datetime | None, context: MessageContext, correlation: str
) -> Draft:
    causes = {
        "tenant": context.tenant,
        "correlation": correlation,
        "causation": context.causation or event_id,
    }
    if context.actor:
        causes["actor"] = context.actor
    if context.traceparent:
        causes["traceparent"] = context.traceparent
    data = event.model_dump_json()
    if "\\u0000" in data and _NUL.search(data):
        raise UnitRefusedError(f"{event.type_name()} for {stream} holds a NUL character, which no store keeps")
    meta = orjson.dumps(causes).decode()
    return Draft(stream, event_id, event.type_name(), event, at, data, meta, context.traceparent, causes)


def _timer_row(timer: Timer, context: MessageContext, correlation: str | None) -> dict[str, Any]:
    return {
        "key": timer.key,
        "due": timestamp(timer.due),
        "stream": timer.stream,
        "type": timer.event.type_name(),
        "data": orjson.Fragment(timer.event.model_dump_json()),
        "meta": {"tenant": context.tenant, "correlation": correlation, "causation": context.causation},
    }


class Placer:
    """Gives prepared units their places behind the end of a log, one after the other. Knows nothing of a database.

    :param versions: of every stream that is appended to; advanced in place.
    :param previous: last outbox position of each partition; advanced in place.
    """

    def __init__(self, service: str, head: Head, versions: dict[str, int], previous: dict[int, int]) -> None:
        self._service = service
        self.head, self.versions, self.previous = head, versions, previous
        self.rows = Rows()

    def place(self, prepared: Prepared, now: datetime) -> tuple[Recorded, ...]:
        """Add the unit's rows; what will have been recorded when they are written."""
        first = self.head.position + 1
        recorded = tuple(self._place(draft, now) for draft in prepared.drafts)
        claim = prepared.unit.claim
        if claim is not None:
            self.rows.claims.append(
                {
                    "scope": claim.scope,
                    "key": claim.key,
                    "first_position": first,
                    "last_position": self.head.position,
                    "hash": claim_hash(self.head.hash, claim.scope, claim.key, first, self.head.position).hex(),
                }
            )
        self.rows.timers.update(prepared.timers)
        self.rows.fired.extend(prepared.unit.fired)
        return recorded

    def _place(self, draft: Draft, now: datetime) -> Recorded:
        position, stream = self.head.position + 1, draft.stream
        version = self.versions[stream] = self.versions[stream] + 1
        at = max(draft.at or now, self.head.time)
        time = timestamp(at)
        digest = row_hash(self.head.hash, position, stream, version, draft.id, draft.type, time, draft.data, draft.meta)
        self.head = Head(position, digest, at)
        self.rows.events.append(
            {
                "position": position,
                "stream": stream,
                "version": version,
                "event_id": draft.id,
                "type": draft.type,
                "occurred_at": time,
                "data": orjson.Fragment(draft.data),
                "meta": orjson.Fragment(draft.meta),
                "hash": digest.hex(),
            }
        )
        if not draft.event.private:
            place = (position, stream, version, draft.id, draft.type, time)
            self.rows.outbox.append(outbox_row(self._service, *place, draft.data, draft.causes, self.previous))
        record = Recorded(self._service, position, stream, version, draft.id, draft.type, at, draft.data, draft.meta)
        record.__dict__["event"] = draft.event  # no need to parse what is at hand
        return record
