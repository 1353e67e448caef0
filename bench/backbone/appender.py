"""Callers that append full units, as a handler of the platform does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bench.backbone.world import (
    CONTEXT,
    EVENT,
    PLAIN,
    PRIVATE_EVENT,
    SERVICE,
    STREAM_LENGTH,
    encrypted,
    fresh,
    now,
    vault_of,
)
from bench.harness import rate

from ytempire.chassis.telemetry import traced
from ytempire.events import Envelope
from ytempire.eventstore import (
    NO_STREAM,
    Claim,
    EventStore,
    MessageContext,
    StreamAppend,
    Unit,
    VersionConflictError,
    new_id,
)

BATCH, CONFLICT_EVERY = 100, 20
_SUBJECTS = 50

_CAUSE = Envelope(
    id=new_id(),
    source=f"/ytempire/{SERVICE}",
    type=EVENT.type_name(),
    subject="cause",
    time=now(),
    data={},
    tenantid=CONTEXT.tenant,
    correlationid=new_id(),
    causationid=new_id(),
    position=1,
    streamversion=1,
)


@dataclass
class Appender:
    """Appends to one store from any number of callers."""

    store: EventStore
    encrypt: int = STREAM_LENGTH
    """Every so many events of a stream one holds a personal field; 0 for none."""
    trace: bool = True

    def __post_init__(self) -> None:
        self._vault = vault_of(self.store)

    async def append(self, callers: int, count: int) -> float:
        """Events a second; each stream gets a few events, each with the version it must have."""

        async def stream() -> None:
            name = fresh("stream")
            for version in range(STREAM_LENGTH):
                await self.one(name, version)

        return await self._spread(callers, count // STREAM_LENGTH, stream) * STREAM_LENGTH

    async def conflicting(self, callers: int, count: int, known: list[str]) -> float:
        """The same with a conflict in twenty; a conflict must not fail anything else.

        :param known: streams that exist; appending to them as if they did not is the conflict.
        """
        refused = 0

        async def some() -> None:
            nonlocal refused
            name = fresh("stream")
            for version in range(CONFLICT_EVERY - 1):
                await self.one(name, version)
            try:
                await self.one(known.pop(), NO_STREAM)
            except VersionConflictError:
                refused += 1

        rounds = count // CONFLICT_EVERY
        speed = await self._spread(callers, rounds, some) * (CONFLICT_EVERY - 1)
        if refused != rounds:
            raise AssertionError(f"{refused} of {rounds} conflicts were found")
        return speed

    async def batches(self, count: int, *, private: bool) -> float:
        """Events a second, a hundred in one unit."""
        event = PRIVATE_EVENT if private else EVENT

        async def batch() -> None:
            append = StreamAppend(fresh("stream"), [event] * BATCH, NO_STREAM)
            await self.store.submit(Unit((append,), Claim("bench", new_id()), context=CONTEXT))

        return await self._spread(1, count, batch) * BATCH

    async def one(self, stream: str, version: int) -> None:
        event = EVENT
        if self.encrypt and version % self.encrypt == 0:
            subject = f"subject-{hash(stream) % _SUBJECTS}"
            event = encrypted(await self._vault.encrypt(subject, "notes", PLAIN))
        span: AbstractContextManager[str | None] = traced("bench", _CAUSE) if self.trace else nullcontext()
        with span as traceparent:
            context = MessageContext(CONTEXT.tenant, CONTEXT.correlation, CONTEXT.causation, traceparent)
            unit = Unit((StreamAppend(stream, (event,), version),), Claim("bench", new_id()), context=context)
            await self.store.submit(unit)

    @staticmethod
    async def _spread(callers: int, rounds: int, act: Callable[[], Awaitable[None]]) -> float:
        """Rounds a second, over all callers."""
        left = iter(range(rounds))

        async def caller() -> None:
            for _ in left:
                await act()

        begin = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller())
        return rate(rounds, begin)
