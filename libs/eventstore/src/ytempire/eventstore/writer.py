"""The one writer of a store: waiting units are committed together in one statement, in one gapless order.

A thread with a connection of its own takes whatever waits. Positions and hashes are computed from a cached head; the
head row is a compare-and-set at the front of the statement, so nothing is ever committed on a stale head, also when a
second process writes to the same store. What is known of streams and claims decides most conflicts and duplicates
without asking the database; a batch that it refuses all the same is decided again under the head's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TypeVar

import psycopg

from ytempire.eventstore import crash
from ytempire.eventstore.context import current
from ytempire.eventstore.encode import Head, Placer, Prepared, prepare
from ytempire.eventstore.errors import UnitRefusedError
from ytempire.eventstore.feed import Feed, OutboxRow, Recent
from ytempire.eventstore.records import Claim, Committed, Recorded, Unit
from ytempire.eventstore.session import Session
from ytempire.eventstore.verdict import Judge, Verdict

K = TypeVar("K")
V = TypeVar("V")

_Told = tuple[int, list[OutboxRow]]
"""Committed outbox rows, and the position of the one before them."""

_BATCH = 128
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
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"{service}-writer", daemon=True)
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
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Commit what was submitted, then end."""
        self._stopped = True
        if self._thread.is_alive():
            self._queue.put(None)
            # a database that no longer answers is not waited for: the thread ends with the process
            await asyncio.to_thread(self._thread.join, _STOP_S)

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
        waiting = _Waiting(prepare(unit, unit.context or current()), self._loop.create_future())
        self._queue.put(waiting)
        return await waiting.done

    def _run(self) -> None:
        while batch := self._next_batch():
            self._commit(batch)
        self._session.close()

    def _next_batch(self) -> list[_Waiting]:
        """What waits; nothing when it is time to end."""
        waiting = self._queue.get()
        batch: list[_Waiting] = []
        with contextlib.suppress(Empty):
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == _BATCH:
                    return batch
                waiting = self._queue.get_nowait()
            if batch:
                self._queue.put(None)
        return batch

    def _commit(self, batch: list[_Waiting]) -> None:
        units = [waiting.prepared for waiting in batch]
        try:
            verdicts = self._fast(units) or self._careful_with(units)
        except Exception as error:
            # whether it was committed is unknown: callers submit again, the claim tells
            self._end = None
            self._session.close()
            verdicts = [error] * len(units)
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waits
            self._loop.call_soon_threadsafe(self._answer, batch, verdicts, self._told)
        self._told = []

    def _fast(self, units: Sequence[Prepared]) -> list[Verdict] | None:
        """All in one statement on what is known; None if the database knows better."""
        if self._careful:
            self._careful -= 1
            return None
        with contextlib.suppress(*_REFUSED):
            end = self._end = self._end or _End(*self._session.end())
            placer = Placer(self._service, end.head, self._known_versions(units), dict(end.previous))
            claims = {claim: self._claims[claim] for claim in _claims(units) if claim in self._claims}
            verdicts = Judge(placer, claims, None, self._clock()).all(units)
            if self._session.append(end.head, placer.head, placer.rows):
                self._adopt(end, placer, claims)
                self._since_refused += 1
                return verdicts
        self._end = None
        if self._since_refused < _CLOSE:
            self._careful = _CAREFUL
        self._since_refused = 0
        return None

    def _known_versions(self, units: Sequence[Prepared]) -> dict[str, int]:
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
            known |= self._session.versions(doubtful)
        return {stream: version or 0 for stream, version in known.items()}

    def _careful_with(self, units: Sequence[Prepared]) -> list[Verdict]:
        """Under the head's lock, on the truth. What cannot be written is told apart from the rest."""
        try:
            return self._locked(units)
        except _REFUSED as error:
            if len(units) > 1:
                return [verdict for unit in units for verdict in self._careful_with([unit])]
            if isinstance(error, psycopg.ProgrammingError):
                return [error]
            refused = UnitRefusedError(f"the unit cannot be written: {error}")
            refused.__cause__ = error
            return [refused]

    def _locked(self, units: Sequence[Prepared]) -> list[Verdict]:
        streams = {append.stream for unit in units for append in unit.unit.appends}
        fired = [timer for unit in units for timer in unit.unit.fired]
        with self._session.locked(streams, _claims(units), fired) as truth:
            end = _End(truth.head, truth.previous)
            placer = Placer(self._service, truth.head, truth.versions, dict(truth.previous))
            verdicts = Judge(placer, truth.claims, truth.timers, self._clock()).all(units)
            self._session.append(truth.head, placer.head, placer.rows)
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
        """In the event loop: first what is kept in memory, then whoever waits."""
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
