"""Intents: record what a person asked for, then wait, bounded, for what its owner decides."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import psycopg

from ytempire.chassis import Clock
from ytempire.chassis.telemetry import current_traceparent
from ytempire.events import PLATFORM_TENANT, Envelope, Event, Rejected, lookup
from ytempire.eventstore import Claim, EventStore, MessageContext, ReadModels, StreamAppend, Unit, new_id
from ytempire.gateway.live import Hub
from ytempire.gateway.ports import IdempotencyKeys, Reservation
from ytempire.gateway.problems import Problem
from ytempire.gateway.projections.operations import OPERATIONS, operations, outcome_types, outcomes, shown
from ytempire.gateway.reading import Row, StrangerReads, TenantReads

T = TypeVar("T")

_LOOK_AGAIN_S = 4.0
"""A notification can be missed while its listener reconnects."""
_TRIES = 3
KEY_LIFE = timedelta(hours=24)
"""How long a repeated POST answers with the first outcome, in business time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an intent so far."""

    operation_id: str
    intent: str
    event: dict[str, Any]
    """The intent's own fields as they were recorded first."""
    status: str
    """``pending``, ``succeeded`` or ``rejected``."""
    data: dict[str, Any]
    """Fields of the owner's event; empty while pending."""


class Intents:
    """Appends intents to the gateway's store, each once for each idempotency key."""

    def __init__(
        self,
        store: EventStore,
        models: ReadModels,
        keys: IdempotencyKeys,
        hub: Hub,
        clock: Clock,
        wait_s: float,
    ) -> None:
        self._store, self._models, self._keys = store, models, keys
        self._hub, self._clock, self._wait_s = hub, clock, wait_s

    async def reserve(self, scope: str, key: str, fingerprint: str) -> Reservation:
        """Take an idempotency key, or find what was done under it.

        :raises Problem: 422 if the key came with another request before; 503 if the database cannot be reached.
        """
        now = self._clock.now()
        wanted = Reservation(scope, key, fingerprint, new_id(), new_id(), now)
        held = await _insisting(lambda: self._keys.reserve(wanted, now - KEY_LIFE))
        if held.fingerprint != fingerprint:
            raise Problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used for a different request in the last 24 hours. Send a new key.",
                field="Idempotency-Key",
            )
        return held

    async def record(
        self, tenant: str, reservation: Reservation, stream: str, event: Event, expected: int | None = None
    ) -> tuple[dict[str, Any], bool]:
        """Append an intent once.

        :param expected: ``NO_STREAM`` where the stream is the reservation's own resource.
        :returns: its fields as they were recorded the first time, and whether that was before.

        :raises Problem: 503 if the store cannot be reached.
        """
        actor = reservation.person if reservation.person != tenant else None
        unit = Unit(
            (StreamAppend(stream, (event,), expected),),
            Claim(f"http:{reservation.scope}", reservation.operation_id),
            context=MessageContext(tenant=tenant, traceparent=current_traceparent(), actor=actor),
            ids=(reservation.operation_id,),
        )
        committed = await _insisting(lambda: self._store.submit(unit))
        return committed.events[0].data, committed.duplicate

    async def request(
        self, tenant: str, reservation: Reservation, stream: str, event: Event, expected: int | None = None
    ) -> Outcome:
        """Record an intent (see ``record``) and wait for its outcome."""
        intent = type(event).__name__
        with self._hub.waiting(reservation.operation_id) as waiter:
            fields, known = await self.record(tenant, reservation, stream, event, expected)
            outcome = Outcome(reservation.operation_id, intent, fields, "pending", {})
            deadline = time.monotonic() + self._wait_s
            while True:
                if waiter.events:
                    outcome = _decided(outcome, tenant, waiter.events)
                if outcome.status == "pending" and (known or waiter.changed.is_set()):
                    waiter.changed.clear()
                    outcome = await self._outcome(tenant, reservation.operation_id, intent, fields)
                left = deadline - time.monotonic()
                if outcome.status != "pending" or left <= 0:
                    return outcome
                # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_AGAIN_S)):
                        await waiter.changed.wait()
                known = True

    async def find(self, tenant: str, operation_id: str, asked_by: str | None = None) -> Outcome | None:
        """An operation of a tenant, by id; with ``asked_by`` only if that person asked for it."""
        row = await self._operation(tenant, operation_id, asked_by)
        if row is None:
            return None
        return await self._outcome(tenant, operation_id, row["intent"], {})

    async def asked(self, tenant: str, operation_id: str, asked_by: str | None) -> bool:
        """Whether there is such an operation."""
        return await self._operation(tenant, operation_id, asked_by) is not None

    async def _operation(self, tenant: str, operation_id: str, asked_by: str | None) -> Row | None:
        conditions = [operations.c.operation_id == operation_id]
        if asked_by is not None:
            conditions.append(operations.c.asked_by == asked_by)
        return await TenantReads(self._models, tenant).one(OPERATIONS, operations, *conditions)

    async def _outcome(self, tenant: str, operation_id: str, intent: str, fields: dict[str, Any]) -> Outcome:
        reads = TenantReads(self._models, tenant) if tenant != PLATFORM_TENANT else StrangerReads(self._models)
        rows = await reads.rows(
            OPERATIONS,
            outcomes,
            outcomes.c.operation_id == operation_id,
            outcomes.c.type.in_(outcome_types(intent)),
            order=(outcomes.c.decided_at, outcomes.c.type),
            limit=1,
        )
        if not rows:
            return Outcome(operation_id, intent, fields, "pending", {})
        model = lookup(rows[0]["type"], "gateway")
        rejected = model is not None and issubclass(model, Rejected)
        return Outcome(operation_id, intent, fields, "rejected" if rejected else "succeeded", rows[0]["data"])


def _decided(asked: Outcome, tenant: str, events: Sequence[Envelope]) -> Outcome:
    """The outcome, if it is among the events that were just applied: what would be read of its row."""
    for envelope in events:
        if envelope.type in outcome_types(asked.intent) and tenant in (envelope.tenantid, PLATFORM_TENANT):
            event = envelope.event()
            status = "rejected" if isinstance(event, Rejected) else "succeeded"
            return replace(asked, status=status, data=shown(event))
    return asked


async def _insisting(step: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice, again if the connection broke.

    :raises Problem: 503 if it stays broken.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return await step()
        except (psycopg.OperationalError, OSError) as error:
            if attempt == _TRIES:
                raise unavailable() from error
            await asyncio.sleep(0.2 * attempt)
    raise AssertionError("unreachable: the loop returns or raises")


def unavailable() -> Problem:
    """The store did not answer: nothing is known to be done, the same key may be sent again."""
    return Problem(
        503,
        "temporarily_unavailable",
        "The platform could not record the request just now. Send it again with the same Idempotency-Key.",
        headers={"Retry-After": "2"},
    )
