"""Fill a schema with a projection's tables from the logs: own events from the store, foreign ones from their streams.

Events are applied a page at a time: a page's rows and marks commit together, so a filling that was interrupted goes on
where it stopped, and memory holds one page. Handlers only write, so that a page's statements go to the server in a
pipeline, without a wait for each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from psycopg import AsyncConnection as DriverConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.events import Envelope
from ytempire.eventstore.parking import discarded
from ytempire.eventstore.projection import Projection, within
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Mark
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.tracking import OWN

PAGE = 1000
STREAM = -2
"""Partition under which a filling notes how far it has read a foreign stream as a whole."""

Marks = Mapping[tuple[str, int], int]
"""How far a read model is: position by (source, partition)."""
Progress = Callable[[int], None]
"""Told how many events of the logs were read since it was told last."""


class Carried(NamedTuple):
    """An event of another service, as its stream has it."""

    envelope: Envelope
    partition: int
    seq: int


ForeignLog = Callable[[str, int], AsyncIterator[Carried]]
"""A service's events in the order of its stream, from a sequence on (that one included) up to the last there is now."""


@dataclass(frozen=True)
class Bound:
    """Where to stop. Nothing set: at the end of each log."""

    marks: Marks | None = None
    """No further than another read model is."""
    position: int | None = None
    """The last own event."""
    time: datetime | None = None
    """The business time of the last event of each log."""

    def covers(self, source: str, partition: int, position: int, time: datetime) -> bool:
        """Whether an event lies within the bound."""
        if self.time is not None and time > self.time:
            return False
        if partition == OWN and self.position is not None and position > self.position:
            return False
        return self.marks is None or position <= self.marks.get((source, partition), 0)


@dataclass
class _Page:
    envelopes: list[Envelope] = field(default_factory=list)
    marks: dict[int, Mark] = field(default_factory=dict)
    read: int = 0


class Filling:
    """Fills one schema; made anew for each attempt."""

    def __init__(
        self, store: EventStore, models: ReadModels, projection: Projection, schema: str, foreign: ForeignLog
    ) -> None:
        self._store, self._models, self._projection = store, models, projection
        self._schema, self._foreign = schema, foreign

    async def run(
        self, bound: Bound, progress: Progress | None = None, connection: AsyncConnection | None = None
    ) -> int:
        """Apply what the schema lacks, source after source.

        :param connection: write in this transaction; in one for each page otherwise.
        :returns: how many events were read.
        :raises RuntimeError: if somebody else fills the same schema.
        """
        read = 0
        for source in sorted(self._projection.producers(self._store.service)):
            async with self._transaction(connection) as reading:
                marks = {p: at for (of, p), at in (await marks_of(reading, self._schema)).items() if of == source}
                seq = await self._seq(reading, source)
            pages = self._own(marks, bound) if source == self._store.service else self._other(source, marks, seq, bound)
            async for page in pages:
                async with self._transaction(connection) as writing:
                    await self._write(writing, source, marks, page)
                marks.update({partition: mark.position for partition, mark in page.marks.items()})
                read += page.read
                if progress:
                    progress(page.read)
        return read

    @asynccontextmanager
    async def _transaction(self, given: AsyncConnection | None) -> AsyncIterator[AsyncConnection]:
        if given is not None:
            yield given
            return
        async with self._models.engine.begin() as connection:
            # what a crash of the server takes is filled again; the flip's own commit is durable, and with it these
            await connection.execute(text("set local synchronous_commit = off"))
            yield connection

    async def _own(self, marks: Mapping[int, int], bound: Bound) -> AsyncIterator[_Page]:
        position, end = marks.get(OWN, 0), (await self._store.head()).position
        while position < end:
            records = await self._store.read(position, min(PAGE, end - position))
            within_bound = [r for r in records if bound.covers(self._store.service, OWN, r.position, r.time)]
            if within_bound:
                last = within_bound[-1].position
                handled = [r.envelope() for r in within_bound if self._projection.handles(r.type)]
                yield _Page(handled, {OWN: Mark(last)}, len(within_bound))
            if len(within_bound) < len(records):
                return
            position = records[-1].position

    async def _other(self, source: str, marks: Mapping[int, int], seq: int, bound: Bound) -> AsyncIterator[_Page]:
        page, resumed, whole = _Page(), seq > 0, True
        async for envelope, partition, at in self._foreign(source, max(seq, 1)):
            if resumed:
                resumed = False
                if envelope.position != marks.get(STREAM):
                    # the stream was made anew meanwhile, its sequences mean something else: read all of it
                    async for again in self._other(source, marks, 0, bound):
                        yield again
                    return
                continue
            if bound.time is not None and envelope.time > bound.time:
                break
            if not bound.covers(source, partition, envelope.position, envelope.time):
                # left out, so the stream must be read again from here
                whole = False
            else:
                page.read += 1
                if whole:
                    page.marks[STREAM] = Mark(envelope.position, at)
                if envelope.position > (page.marks.get(partition) or Mark(marks.get(partition, 0))).position:
                    page.marks[partition] = Mark(envelope.position, at)
                    if self._projection.handles(envelope.type):
                        page.envelopes.append(envelope)
            if page.read == PAGE:
                yield page
                page = _Page()
        if page.read:
            yield page

    async def _write(self, connection: AsyncConnection, source: str, marks: Mapping[int, int], page: _Page) -> None:
        for partition, mark in page.marks.items():
            moved = await connection.execute(
                text(
                    "insert into es.tracking as t values (:m, :s, :n, :position, :seq) on conflict"
                    " (model, source, partition) do update set position = excluded.position, seq = excluded.seq"
                    " where t.position = :previous"
                ),
                {
                    "m": self._schema,
                    "s": source,
                    "n": partition,
                    "position": mark.position,
                    "seq": mark.sequence,
                    "previous": marks.get(partition, 0),
                },
            )
            if moved.rowcount != 1:
                raise RuntimeError(f"somebody else fills {self._schema} too: {source} has moved on meanwhile")
        given_up = await discarded(connection, self._projection.schema)
        run = [envelope for envelope in page.envelopes if envelope.id not in given_up]
        scoped = await within(connection, self._schema)
        raw = await connection.get_raw_connection()
        async with cast("DriverConnection[Any]", raw.driver_connection).pipeline():
            await self._projection.apply_run(scoped, run)

    async def _seq(self, connection: AsyncConnection, source: str) -> int:
        found = await connection.scalar(
            text("select seq from es.tracking where model = :m and source = :s and partition = :n"),
            {"m": self._schema, "s": source, "n": STREAM},
        )
        return int(found or 0)


async def marks_of(connection: AsyncConnection, schema: str) -> dict[tuple[str, int], int]:
    """How far the tables in a schema are."""
    rows = await connection.execute(
        text("select source, partition, position from es.tracking where model = :m"), {"m": schema}
    )
    return {(str(source), int(partition)): int(position) for source, partition, position in rows}
