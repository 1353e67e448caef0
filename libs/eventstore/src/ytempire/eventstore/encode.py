"""From a unit to rows: versions, positions, hashes and outbox bodies, computed in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from ytempire.events import Event
from ytempire.eventstore.context import MessageContext
from ytempire.eventstore.feed import OutboxRow
from ytempire.eventstore.ids import new_id
from ytempire.eventstore.records import Recorded, Timer, Unit, partition_of


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: gapless position, hash and business time of the last row."""

    position: int
    hash: bytes
    time: datetime = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Rows:
    """What one statement writes."""

    events: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    cancel: list[dict[str, Any]] = field(default_factory=list)


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


def timestamp(at: datetime) -> str:
    """The one text form of a time that is hashed and stored: UTC with microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Encoder:
    """Turns units into rows behind a head. Knows nothing of the database."""

    def __init__(self, service: str) -> None:
        self._service = service

    def encode(
        self,
        unit: Unit,
        context: MessageContext,
        head: Head,
        versions: Mapping[str, int],
        previous: dict[int, int],
        now: datetime,
        rows: Rows,
    ) -> tuple[Head, tuple[Recorded, ...]]:
        """Add the unit's rows to ``rows`` and return the new head with what will have been recorded.

        ``previous`` (last outbox position by partition) is advanced in place.
        """
        recorded: list[Recorded] = []
        ids = iter(unit.ids)
        reached: dict[str, int] = {}
        correlation = context.correlation
        for append in unit.appends:
            cause = append.context or replace(context, correlation=correlation)
            version = reached.get(append.stream, versions[append.stream])
            time = max(append.at or now, head.time)
            for event in append.events:
                version += 1
                event_id = next(ids, None) or new_id()
                record = self._record(append.stream, version, event, event_id, cause, head.position + 1, time)
                head = self._add(record, head, rows)
                recorded.append(record)
                cause = replace(cause, correlation=record.meta["correlation"])
                if not event.private:
                    self._publish(record, previous, rows)
            reached[append.stream] = version
            if append.context is None:
                correlation = cause.correlation
        self._claim(unit, recorded, head, rows)
        rows.timers.extend(_timer_row(timer, context, correlation) for timer in unit.timers)
        rows.cancel.extend({"key": key, "due": None} for key in unit.cancel)
        rows.cancel.extend({"key": key, "due": timestamp(due)} for key, due in unit.fired)
        return head, tuple(recorded)

    def _record(
        self,
        stream: str,
        version: int,
        event: Event,
        event_id: str,
        cause: MessageContext,
        position: int,
        time: datetime,
    ) -> Recorded:
        meta = {
            "tenant": cause.tenant,
            "correlation": cause.correlation or event_id,
            "causation": cause.causation or event_id,
        }
        if cause.traceparent:
            meta["traceparent"] = cause.traceparent
        return Recorded(
            service=self._service,
            position=position,
            stream=stream,
            version=version,
            id=event_id,
            type=event.type_name(),
            time=time,
            data=event.model_dump(mode="json"),
            meta=meta,
        )

    def _add(self, record: Recorded, head: Head, rows: Rows) -> Head:
        data, meta = orjson.dumps(record.data), orjson.dumps(record.meta)
        time = timestamp(record.time)
        digest = row_hash(
            head.hash,
            record.position,
            record.stream,
            record.version,
            record.id,
            record.type,
            time,
            data.decode(),
            meta.decode(),
        )
        rows.events.append(
            {
                "position": record.position,
                "stream": record.stream,
                "version": record.version,
                "event_id": record.id,
                "type": record.type,
                "occurred_at": time,
                "data": orjson.Fragment(data),
                "meta": orjson.Fragment(meta),
                "hash": digest.hex(),
            }
        )
        return Head(record.position, digest, record.time)

    def _publish(self, record: Recorded, previous: dict[int, int], rows: Rows) -> None:
        partition = partition_of(record.stream)
        body = record.envelope().model_dump_json(exclude_none=True)
        rows.outbox.append(
            OutboxRow(
                position=record.position,
                event_id=record.id,
                subject=f"yt.{self._service}.{record.type}.{partition}",
                partition=partition,
                previous=previous.get(partition, 0),
                body=body.encode(),
                traceparent=record.meta.get("traceparent"),
            )
        )
        previous[partition] = record.position

    @staticmethod
    def _claim(unit: Unit, recorded: list[Recorded], head: Head, rows: Rows) -> None:
        if unit.claim is None:
            return
        first = recorded[0].position if recorded else head.position + 1
        rows.claims.append(
            {
                "scope": unit.claim.scope,
                "key": unit.claim.key,
                "first_position": first,
                "last_position": head.position,
                "hash": claim_hash(head.hash, unit.claim.scope, unit.claim.key, first, head.position).hex(),
            }
        )


def _timer_row(timer: Timer, context: MessageContext, correlation: str | None) -> dict[str, Any]:
    return {
        "key": timer.key,
        "due": timestamp(timer.due),
        "stream": timer.stream,
        "type": timer.event.type_name(),
        "data": orjson.Fragment(timer.event.model_dump_json()),
        "meta": {"tenant": context.tenant, "correlation": correlation, "causation": context.causation},
    }
