"""The one writer of a store: waiting units are committed together in one statement, in one gapless order.

A task with a connection of its own takes whatever waits. Positions and hashes are computed from a cached head; the
head row is a compare-and-set at the front of the statement, so nothing is ever committed on a stale head, also when a
second process writes to the same store. What is known of streams and claims decides most conflicts and duplicates
without asking the database; a batch that it refuses all the same is decided again under the head's lock.

It runs in the event loop of its callers: a thread would share one interpreter lock with them, and each hand-over
between two threads costs as much as the encoding of an event.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg

from ytempire.eventstore import crash
from ytempire.eventstore.context import current
from ytempire.eventstore.encode import Head, Placer, Prepared, prepare
from ytempire.eventstore.errors import UnitRefusedError
from ytempire.eventstore.feed import Feed, OutboxRow, Recent
from ytempire.eventstore.records import Claim, Committed, Recorded, Unit
from ytempire.eventstore.session import Session
from ytempire.eventstore.tasks import end
from ytempire.eventstore.verdict import Judge, Verdict

K = TypeVar("K")
V = TypeVar("V")

_Told = tuple[int, list[OutboxRow]]
"""Committed outbox rows, and the position of the one before them."""

_BATCH = 128

# So many go as they are; of more only half: what is left is encoded while they are on their way.
_WHOLE = 32
_KNOWN_STREAMS = 20_000
_KNOWN_CLAIMS = 2_000

# Two refused batches so close together mean that there will be more: the next ones take the lock at once.
_CLOSE, _CAREFUL = 8, 32
_STOP_S = 5.0

_REFUSED = (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError)
"""Nothing was written, because of what some unit holds; the others are fine."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    prepared: Prepared
    done: asyncio.Future[Committed]


@dataclass(slots=True)
class _End:
    """The end of the log as this writer left it."""

    head: Head
    previous: dict[int, int]
    """Last outbox position of each partition."""

    @property
    def outbox(self) -> int:
        return max(self.previous.values(), default=0)


class Writer:
    """Accepts units from any number of callers of one event loop and commits them in the order of their arrival."""

    def __init__(self, service: str, dsn: str, clock: Callable[[], datetime]) -> None:
        self._service, self._clock = service, clock
        self._session = Session(service, dsn)
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._end: _End | None = None
        self._versions: OrderedDict[str, int] = OrderedDict()
        """At least so far has each stream come. Versions only grow."""
        self._claims: OrderedDict[Claim, tuple[Recorded, ...]] = OrderedDict()
        self._told: list[_Told] = []
        self._careful = 0
        self._since_refused = _CLOSE
        self._listeners: list[asyncio.Event] = []
        self.timers_changed = asyncio.Event()
        """Set after a commit that set or cancelled timers; whoever waits clears it."""
        self.feed = Feed()
        self.recent = Recent()

    def start(self) -> None:
        """Begin to commit, for callers of the running event loop."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Commit what was submitted, then end."""
        self._stopped = True
        if self._task is not None:
            self._arrived.set()
            # a database that no longer answers is not waited for
            await asyncio.wait([self._task], timeout=_STOP_S)
            await end([self._task])

    def listen(self) -> asyncio.Event:
        """An event that is set after each commit; the listener clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    async def submit(self, unit: Unit) -> Committed:
        """Commit a unit.

        :raises VersionConflictError: if a stream has another version than expected.
        :raises UnitRefusedError: if it can never be written.
        :raises psycopg.OperationalError: if the connection broke: whether it was committed is unknown.
        """
        if self._stopped:
            raise RuntimeError("the store is closed")
        waiting = _Waiting(prepare(unit, unit.context or current()), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.done

    async def _run(self) -> None:
        try:
            while self._queue or not self._stopped:
                if self._queue:
                    await self._commit(self._next_batch())
                else:
                    self._arrived.clear()
                    await self._arrived.wait()
        finally:
            await self._session.close()

    def _next_batch(self) -> list[_Waiting]:
        waiting = len(self._queue)
        size = waiting if waiting <= _WHOLE else min(max(_WHOLE, waiting // 2), _BATCH)
        return [self._queue.popleft() for _ in range(size)]

    async def _commit(self, batch: list[_Waiting]) -> None:
        units = [waiting.prepared for waiting in batch]
        try:
            verdicts = await self._fast(units) or await self._careful_with(units)
        except asyncio.CancelledError:
            unknown = psycopg.OperationalError("the store was closed before the database answered")
            self._answer(batch, [unknown] * len(batch), ())
            raise
        except Exception as error:
            # whether it was committed is unknown: callers submit again, the claim tells
            self._end = None
            await self._session.close()
            verdicts = [error] * len(units)
        told, self._told = self._told, []
        self._answer(batch, verdicts, told)

    async def _fast(self, units: Sequence[Prepared]) -> list[Verdict] | None:
        """All in one statement on what is known; None if the database knows better."""
        if self._careful:
            self._careful -= 1
            return None
        with contextlib.suppress(*_REFUSED):
            end = self._end = self._end or _End(*(await self._session.end()))
            placer = Placer(self._service, end.head, await self._known_versions(units), dict(end.previous))
            claims = {claim: self._claims[claim] for claim in _claims(units) if claim in self._claims}
            verdicts = Judge(placer, claims, None, self._clock()).all(units)
            if await self._session.append(end.head, placer.head, placer.rows):
                self._adopt(end, placer, claims)
                self._since_refused += 1
                return verdicts
        self._end = None
        if self._since_refused < _CLOSE:
            self._careful = _CAREFUL
        self._since_refused = 0
        return None

    async def _known_versions(self, units: Sequence[Prepared]) -> dict[str, int]:
        """Of every stream concerned. One that must not exist and is not known is taken at its word: if it does exist,
        the unique index refuses the batch. A known version may be too low, never too high."""
        known = {a.stream: self._versions.get(a.stream) for unit in units for a in unit.unit.appends}
        doubtful = {
            append.stream
            for unit in units
            for append in unit.unit.appends
            if (append.expected is None and known[append.stream] is None)
            or (append.expected or 0) > (known[append.stream] or 0)
        }
        if doubtful:
            known |= await self._session.versions(doubtful)
        return {stream: version or 0 for stream, version in known.items()}

    async def _careful_with(self, units: Sequence[Prepared]) -> list[Verdict]:
        """Under the head's lock, on the truth. What cannot be written is told apart from the rest."""
        try:
            return await self._locked(units)
        except _REFUSED as error:
            if len(units) > 1:
                return [verdict for unit in units for verdict in await self._careful_with([unit])]
            if isinstance(error, psycopg.ProgrammingError):
                return [error]
            refused = UnitRefusedError(f"the unit cannot be written: {error}")
            refused.__cause__ = error
            return [refused]

    async def _locked(self, units: Sequence[Prepared]) -> list[Verdict]:
        streams = {append.stream for unit in units for append in unit.unit.appends}
        fired = [timer for unit in units for timer in unit.unit.fired]
        async with self._session.locked(streams, _claims(units), fired) as truth:
            end = _End(truth.head, truth.previous)
            placer = Placer(self._service, truth.head, truth.versions, dict(truth.previous))
            verdicts = Judge(placer, truth.claims, truth.timers, self._clock()).all(units)
            await self._session.append_locked(truth.head, placer.head, placer.rows)
        self._adopt(end, placer, truth.claims)
        return verdicts

    def _adopt(self, before: _End, placer: Placer, claims: dict[Claim, tuple[Recorded, ...]]) -> None:
        """What was placed is committed."""
        crash.point("append.after_commit")
        self._end = _End(placer.head, placer.previous)
        _remember(self._versions, placer.versions, _KNOWN_STREAMS)
        _remember(self._claims, claims, _KNOWN_CLAIMS)
        self._told.append((before.outbox, placer.rows.outbox))

    def _answer(self, batch: Sequence[_Waiting], verdicts: Sequence[Verdict], told: Sequence[_Told]) -> None:
        """First what is kept in memory, then whoever waits."""
        for behind, rows in told:
            self.feed.offer(behind, rows)
        for verdict in verdicts:
            if isinstance(verdict, Committed) and not verdict.duplicate:
                self.recent.offer(verdict.events)
        for waiting, verdict in zip(batch, verdicts, strict=True):
            if waiting.done.done():
                continue
            if isinstance(verdict, Exception):
                waiting.done.set_exception(verdict)
            else:
                waiting.done.set_result(verdict)
        if any(waiting.prepared.timers for waiting in batch):
            self.timers_changed.set()
        for listener in self._listeners:
            listener.set()


def _claims(units: Iterable[Prepared]) -> list[Claim]:
    return [unit.unit.claim for unit in units if unit.unit.claim is not None]


def _remember(known: OrderedDict[K, V], new: dict[K, V], at_most: int) -> None:
    """Keep the newest; what was used last is forgotten last."""
    for key, value in new.items():
        known[key] = value
        known.move_to_end(key)
    while len(known) > at_most:
        known.popitem(last=False)
