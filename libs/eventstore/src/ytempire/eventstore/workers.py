"""The loops that read a service's own log: read models in order, reactions with low-water marks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ytempire.events import Envelope
from ytempire.events.platform import EventDeadLettered
from ytempire.eventstore import crash
from ytempire.eventstore.context import MessageContext, handling
from ytempire.eventstore.delivery import Delivery, Handlers
from ytempire.eventstore.errors import PermanentError, RewindError
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Claim, Recorded
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.tasks import end
from ytempire.eventstore.tracking import apply_own, own_position

_PAGE = 500
_POLL_S = 1.0
log = structlog.get_logger()


class Projector:
    """Keeps one projection level with its service's own log."""

    def __init__(self, store: EventStore, models: ReadModels, projection: Projection) -> None:
        self._store, self._models, self._projection = store, models, projection
        self.name = f"projection {projection.name}"
        self.position = 0

    async def run(self) -> None:
        listener = self._store.listen()
        self.position = await own_position(self._models, self._projection)
        while True:
            listener.clear()
            records = await self._store.read(self.position, _PAGE)
            if not records:
                await _wait(listener)
                continue
            try:
                await apply_own(self._models, self._projection, records, records[-1].position)
                self.position = records[-1].position
            except RewindError:
                self.position = await own_position(self._models, self._projection)


@dataclass(frozen=True)
class Reaction:
    """Effects that follow a service's own events: mails, calls to providers, renders.

    Deliveries of one stream keep their order; streams run beside each other up to ``concurrency``.
    """

    name: str
    handlers: Handlers
    concurrency: int = 4


@dataclass
class _Progress:
    """Which positions are done: the mark moves over a contiguous run only, so that a crash repeats what was open."""

    mark: int
    seen: int
    open: set[int] = field(default_factory=set)

    def settle(self, position: int) -> int:
        self.open.discard(position)
        self.mark = min(self.open) - 1 if self.open else self.seen
        return self.mark


Traced = Callable[[str, Envelope], "contextlib.AbstractContextManager[str | None]"]


class Reactor:
    """Runs one reaction."""

    def __init__(self, store: EventStore, reaction: Reaction, traced: Traced) -> None:
        self._store, self._reaction, self._traced = store, reaction, traced
        self.name = f"reaction {reaction.name}"
        self._slots = asyncio.Semaphore(reaction.concurrency)
        self._by_type = {event.type_name(): handler for event, handler in reaction.handlers.items()}
        self._last: dict[str, asyncio.Task[None]] = {}
        self._progress = _Progress(0, 0)

    @property
    def busy(self) -> int:
        """How many deliveries are open."""
        return len(self._progress.open)

    @property
    def position(self) -> int:
        """How far the log was read (not: handled)."""
        return self._progress.seen

    async def run(self) -> None:
        listener = self._store.listen()
        mark = await self._load_mark()
        self._progress = _Progress(mark, mark)
        try:
            while True:
                listener.clear()
                records = await self._store.read(self._progress.seen, _PAGE)
                for record in records:
                    self._progress.seen = record.position
                    if record.type in self._by_type:
                        self._start(record)
                if records and not self._progress.open:
                    await self._save_mark(self._progress.settle(self._progress.seen))
                if not records:
                    await _wait(listener)
        finally:
            await end(self._last.values())

    def _start(self, record: Recorded) -> None:
        self._progress.open.add(record.position)
        before = self._last.get(record.stream)
        task = asyncio.create_task(self._after(before, record), name=f"{self._reaction.name}:{record.type}")
        self._last[record.stream] = task
        task.add_done_callback(lambda done: self._forget(record.stream, done))

    def _forget(self, stream: str, task: asyncio.Task[None]) -> None:
        if self._last.get(stream) is task:
            del self._last[stream]

    async def _after(self, before: asyncio.Task[None] | None, record: Recorded) -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        async with self._slots:
            await self._deliver(record)
        await self._save_mark(self._progress.settle(record.position))

    async def _deliver(self, record: Recorded) -> None:
        attempt = 1
        while True:
            delivery = Delivery(record.envelope(), self._reaction.name, attempt)
            try:
                with (
                    self._traced(self._reaction.name, delivery.envelope) as traceparent,
                    handling(MessageContext.of(delivery.envelope, traceparent)),
                ):
                    crash.point("react.before_handler")
                    await self._by_type[record.type](record.event, delivery)
                    crash.point("react.after_commit")
                return
            except PermanentError as error:
                await dead_letter(self._store, delivery, str(error))
                return
            except Exception as error:
                if delivery.last:
                    await dead_letter(self._store, delivery, f"{type(error).__name__}: {error}")
                    return
                log.warning(
                    "reaction failed, will be tried again",
                    reaction=self._reaction.name,
                    kind=record.type,
                    attempt=attempt,
                    error=f"{type(error).__name__}: {error}",
                )
                await asyncio.sleep(delivery.delay_s)
                attempt += 1

    async def _load_mark(self) -> int:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(
                "select position from es.checkpoints where consumer = %s", [self._reaction.name]
            )
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def _save_mark(self, mark: int) -> None:
        async with self._store.pool.connection() as connection:
            await connection.execute(
                "insert into es.checkpoints values (%s, %s) on conflict (consumer)"
                " do update set position = greatest(es.checkpoints.position, excluded.position)",
                [self._reaction.name, mark],
            )


async def dead_letter(store: EventStore, delivery: Delivery, reason: str) -> None:
    """Keep a message that cannot be handled, and say so in the log."""
    envelope = delivery.envelope
    log.error("dead letter", consumer=delivery.consumer, kind=envelope.type, id=envelope.id, reason=reason)
    async with store.pool.connection() as connection:
        await connection.execute(
            "insert into es.dead_letters values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                delivery.consumer,
                envelope.id,
                envelope.type,
                reason[:2000],
                envelope.model_dump_json(exclude_none=True),
                store.clock(),
            ],
        )
    event = EventDeadLettered(
        consumer=delivery.consumer, event_id=envelope.id, event_type=envelope.type, reason=reason[:500]
    )
    with handling(MessageContext.of(envelope)):
        await store.append(
            f"dead-letters-{delivery.consumer}", event, claim=Claim("dead-letter", f"{delivery.consumer}:{envelope.id}")
        )


async def _wait(listener: asyncio.Event) -> None:
    # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_POLL_S):
            await listener.wait()
