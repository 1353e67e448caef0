"""The loops that read a service's own log: read models in order, reactions with low-water marks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from pydantic import ValidationError

from ytempire.events import Envelope, type_names
from ytempire.eventstore import crash
from ytempire.eventstore.context import MessageContext, handling
from ytempire.eventstore.deadletters import DeadLetters, Verdicts, reason_of
from ytempire.eventstore.delivery import Delivery, Handlers
from ytempire.eventstore.errors import PermanentError, RewindError
from ytempire.eventstore.parking import DATABASE_TROUBLE
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Recorded
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.tasks import end
from ytempire.eventstore.tracking import OWN, apply_own, own_position, release_parked

_PAGE = 500
_POLL_S = 1.0
log = structlog.get_logger()


class _Log:
    """A service's own log as its loops follow it: from memory what this process wrote, selected what it did not."""

    def __init__(self, store: EventStore) -> None:
        self._store, self._listener = store, store.listen()
        self._look = True

    async def after(self, position: int) -> Sequence[Recorded]:
        """The next events; none where there are none, or where only another process wrote since the last look."""
        self._listener.clear()
        recent = self._store.recent.take(position, _PAGE)
        if recent or (recent is not None and not self._look):
            return recent
        selected = await self._store.read(position, _PAGE)
        self._look = bool(selected)
        return selected

    async def wait(self) -> bool:
        """Until this process commits, or it is time to look for what another one wrote; whether it commits."""
        # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
        try:
            async with asyncio.timeout(_POLL_S):
                await self._listener.wait()
            return True
        except TimeoutError:
            self._look = True
            return False


class Projector:
    """Keeps one projection level with its service's own log."""

    def __init__(self, store: EventStore, models: ReadModels, projection: Projection) -> None:
        self._store, self._models, self._projection = store, models, projection
        self.name = f"projection {projection.name}"
        self.position = self._mark = 0

    @property
    def projection(self) -> str:
        """Which one."""
        return self._projection.name

    async def run(self) -> None:
        log_ = _Log(self._store)
        self.position = self._mark = await own_position(self._models, self._projection)
        verdicts = Verdicts(self._store, [self._projection.schema])
        while True:
            for judged in await verdicts.take():
                if judged.source == self._store.service:
                    await release_parked(self._models, self._projection, judged.source, OWN, judged.stream)
            records = await log_.after(self.position)
            quiet = not records and not await log_.wait()
            try:
                await self._apply(records, quiet=quiet)
            except RewindError:
                self.position = self._mark = await own_position(self._models, self._projection)
            except DATABASE_TROUBLE as error:
                log.warning("read model will go on", projection=self._projection.name, error=reason_of(error))
                await asyncio.sleep(_POLL_S)

    async def _apply(self, records: Sequence[Recorded], *, quiet: bool) -> None:
        """Events that do not concern it move the mark when it is quiet, or when they are many."""
        position = records[-1].position if records else self.position
        concerned = any(self._projection.handles(record.type) for record in records)
        if concerned or position >= self._mark + (1 if quiet else _PAGE):
            await apply_own(self._models, self._projection, records, self._mark, position)
            self._mark = position
        self.position = position


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


class _DeadError(Exception):
    def __init__(self, delivery: Delivery, reason: str) -> None:
        super().__init__(reason)
        self.delivery, self.reason = delivery, reason


class Reactor:
    """Runs one reaction. A dead letter parks its stream: later deliveries of it wait, the others go on."""

    def __init__(self, store: EventStore, reaction: Reaction, traced: Traced) -> None:
        self._store, self._reaction, self._traced = store, reaction, traced
        self.name = f"reaction {reaction.name}"
        self._slots = asyncio.Semaphore(reaction.concurrency)
        self._by_type = {name: handler for event, handler in reaction.handlers.items() for name in type_names(event)}
        self._last: dict[str, asyncio.Task[None]] = {}
        self._letters = DeadLetters(store)
        self._parked: set[str] = set()
        self._progress = _Progress(0, 0)
        self._saved = 0

    @property
    def busy(self) -> int:
        """How many deliveries are open."""
        return len(self._progress.open)

    @property
    def position(self) -> int:
        """How far the log was read (not: handled)."""
        return self._progress.seen

    async def run(self) -> None:
        log_ = _Log(self._store)
        mark = self._saved = await self._load_mark()
        self._progress = _Progress(mark, mark)
        self._parked = await self._letters.parked(self._reaction.name)
        verdicts = Verdicts(self._store, [self._reaction.name])
        try:
            while True:
                for judged in await verdicts.take():
                    self._chain(judged.stream, partial(self._release, judged.stream))
                records = await log_.after(self._progress.seen)
                for record in records:
                    self._progress.seen = record.position
                    if record.type in self._by_type:
                        self._progress.open.add(record.position)
                        self._chain(record.stream, partial(self._settle, record))
                quiet = not records and not await log_.wait()
                # events that do not concern it move the mark when it is quiet, or when they are many
                if not self._progress.open and self._progress.seen >= self._saved + (1 if quiet else _PAGE):
                    await self._save_mark(self._progress.settle(self._progress.seen))
        finally:
            await end(self._last.values())

    def _chain(self, stream: str, step: Callable[[], Awaitable[None]]) -> None:
        """Do something about a stream behind whatever is being done about it."""
        task = asyncio.create_task(self._after(self._last.get(stream), step), name=f"{self.name}:{stream}")
        self._last[stream] = task
        task.add_done_callback(lambda done: self._forget(stream, done))

    def _forget(self, stream: str, task: asyncio.Task[None]) -> None:
        if self._last.get(stream) is task:
            del self._last[stream]

    async def _after(self, before: asyncio.Task[None] | None, step: Callable[[], Awaitable[None]]) -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        async with self._slots:
            await step()

    async def _settle(self, record: Recorded) -> None:
        envelope = record.envelope()
        delivery = Delivery(envelope, self._reaction.name)
        if record.stream in self._parked:
            await self._letters.park(delivery)
        else:
            try:
                await self._handle(envelope)
            except _DeadError as error:
                await self._letters.bury(error.delivery, error.reason)
                self._parked.add(record.stream)
        await self._save_mark(self._progress.settle(record.position))

    async def _release(self, stream: str) -> None:
        if await self._letters.release(self._reaction.name, stream, self._handle):
            self._parked.discard(stream)

    async def _handle(self, envelope: Envelope) -> None:
        """Call the handler until it succeeds.

        :raises _DeadError: if it never will, or has not for too long.
        """
        attempt = 1
        while True:
            delivery = Delivery(envelope, self._reaction.name, attempt)
            try:
                with (
                    self._traced(self._reaction.name, envelope) as traceparent,
                    handling(MessageContext.of(envelope, traceparent)),
                ):
                    crash.point("react.before_handler")
                    await self._by_type[envelope.type](envelope.event(), delivery)
                    crash.point("react.after_commit")
                return
            except (PermanentError, ValidationError) as error:
                raise _DeadError(delivery, reason_of(error)) from error
            except Exception as error:
                if delivery.last:
                    raise _DeadError(delivery, reason_of(error)) from error
                log.warning(
                    "reaction failed, will be tried again",
                    reaction=self._reaction.name,
                    kind=envelope.type,
                    attempt=attempt,
                    error=reason_of(error),
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
        self._saved = max(self._saved, mark)
