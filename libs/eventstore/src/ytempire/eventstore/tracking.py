"""How far a read model is in each log, and the one way to move it on: from exactly where it stood.

A mark that merely grows is not enough: when a newer event overtakes an older one, the mark passes the older one, which
is then dropped as "already seen". The mark belongs to the tables it describes: its key is their schema.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.eventstore.deadletters import reason_of
from ytempire.eventstore.errors import RewindError
from ytempire.eventstore.leases import LEASE_S
from ytempire.eventstore.parking import DATABASE_TROUBLE, apply_around_parked, release
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Arrived, Mark, Recorded
from ytempire.eventstore.writing import Run

T = TypeVar("T")

log = structlog.get_logger()
_UNFREEZE = text(f"set local idle_in_transaction_session_timeout = '{LEASE_S - 1} s'")

OWN = -1
"""Partition under which a service tracks its own log, which is one gapless sequence."""


async def apply_own(
    models: ReadModels, projection: Projection, records: Sequence[Recorded], previous: int, position: int
) -> None:
    """Apply what concerns a projection of its own log between two positions, in one transaction. A refused event parks
    its stream.

    :raises RewindError: if the projection does not stand at ``previous``.
    """
    run = [record.envelope() for record in records if projection.handles(record.type)]
    if await models.applier.apply(Run([projection], models.service, OWN, run, previous, Mark(position))):
        return

    async def apply(singly: bool) -> None:
        async with _applying(models) as connection:
            if not await advance(connection, projection.schema, models.service, OWN, previous, position, 0):
                raise RewindError(0)
            await apply_around_parked(connection, projection, models.service, run, singly=singly)

    await _apply_or_park(apply)


async def own_position(models: ReadModels, projection: Projection) -> int:
    """The last own event that was applied."""
    async with models.engine.connect() as connection:
        return await position_of(connection, projection.schema, models.service, OWN)


async def foreign_mark(models: ReadModels, producer: str, partition: int) -> Mark:
    """What was applied last of a partition of another service, by the projection that is behind the others."""
    async with models.engine.connect() as connection:
        marks = await _marks(connection, _readers(models, producer), producer, partition)
    return min(marks.values(), key=lambda mark: mark.position, default=Mark(0))


async def apply_foreign(models: ReadModels, producer: str, partition: int, run: Sequence[Arrived]) -> int:
    """Apply events of one partition of another service to every projection that reads it, in one transaction.

    What was applied before is skipped, a refused event parks its stream. The marks are locked, so an owner that lost
    its lease can do no harm.

    :returns: how many events were new to some projection.
    :raises RewindError: if a predecessor is missing.
    """
    readers = _readers(models, producer)
    if all(after.previous == before.envelope.position for before, after in pairwise(run)):
        envelopes, mark = [arrived.envelope for arrived in run], Mark(run[-1].envelope.position, run[-1].sequence)
        if await models.applier.apply(Run(readers, producer, partition, envelopes, run[0].previous, mark)):
            models.applied(envelopes)
            return len(run)

    async def apply(singly: bool) -> int:
        new = 0
        async with _applying(models) as connection:
            marks = await _marks(connection, readers, producer, partition, lock=True)
            for projection in readers:
                mark = marks[projection.schema].position
                behind = _follow(mark, run)
                if not behind:
                    continue
                last, seq = behind[-1].envelope.position, behind[-1].sequence
                if not await advance(connection, projection.schema, producer, partition, mark, last, seq):
                    raise RewindError(1)
                envelopes = [arrived.envelope for arrived in behind]
                await apply_around_parked(connection, projection, producer, envelopes, singly=singly)
                new = max(new, len(behind))
        return new

    return await _apply_or_park(apply)


async def release_parked(models: ReadModels, projection: Projection, source: str, partition: int, stream: str) -> None:
    """Carry out what a person decided about a parked stream. Only for who owns its partition, between two runs."""
    async with _applying(models) as connection:
        await _marks(connection, [projection], source, partition, lock=True)
        await release(connection, projection, source, stream)


async def _apply_or_park(apply: Callable[[bool], Awaitable[T]]) -> T:
    """All at once; if something is refused, again one by one, so that only what is refused is parked."""
    try:
        return await apply(False)
    except (RewindError, *DATABASE_TROUBLE):
        raise
    except Exception as error:
        log.warning("a run is refused, going on one by one", error=reason_of(error))
        return await apply(True)


@asynccontextmanager
async def _applying(models: ReadModels) -> AsyncIterator[AsyncConnection]:
    """A transaction that cannot outlive its owner's lease: the locks of a process that froze in it are freed."""
    async with models.engine.begin() as connection:
        await connection.execute(_UNFREEZE)
        yield connection


def _readers(models: ReadModels, producer: str) -> list[Projection]:
    return [p for p in models.projections if producer in p.producers(models.service)]


def _follow(position: int, run: Sequence[Arrived]) -> list[Arrived]:
    """The part of a run that comes behind ``position``, each event right behind the one before it.

    :raises RewindError: if one is missing.
    """
    behind: list[Arrived] = []
    for arrived in run:
        if arrived.envelope.position <= position:
            continue
        if arrived.previous != position:
            # from the beginning: what was applied is skipped quickly, what is missing is found for certain
            raise RewindError(1)
        behind.append(arrived)
        position = arrived.envelope.position
    return behind


async def _marks(
    connection: AsyncConnection, projections: Sequence[Projection], source: str, partition: int, *, lock: bool = False
) -> dict[str, Mark]:
    """How far each projection is, by its schema; 0 where it has not begun."""
    query = "select model, position, seq from es.tracking where model = any(:m) and source = :s and partition = :n"
    if lock:
        query += " order by model for update"
    rows = await connection.execute(text(query), {"m": [p.schema for p in projections], "s": source, "n": partition})
    known = {str(model): Mark(int(position), int(seq)) for model, position, seq in rows}
    return {p.schema: known.get(p.schema, Mark(0)) for p in projections}


async def position_of(connection: AsyncConnection, schema: str, source: str, partition: int) -> int:
    """The last event of a source's partition that was applied to the tables in ``schema``; 0 if none was."""
    found = await connection.scalar(
        text("select position from es.tracking where model = :m and source = :s and partition = :n"),
        {"m": schema, "s": source, "n": partition},
    )
    return int(found or 0)


async def advance(
    connection: AsyncConnection, schema: str, source: str, partition: int, previous: int, position: int, seq: int
) -> bool:
    """Move the mark from ``previous`` to ``position``; False if the mark stood elsewhere."""
    parameters = {
        "m": schema,
        "s": source,
        "n": partition,
        "previous": previous,
        "position": position,
        "seq": seq,
    }
    moved = await connection.execute(
        text(
            "update es.tracking set position = :position, seq = :seq where model = :m"
            " and source = :s and partition = :n and position = :previous"
        ),
        parameters,
    )
    if moved.rowcount == 1:
        return True
    if previous != 0:
        return False
    first = await connection.execute(
        text("insert into es.tracking values (:m, :s, :n, :position, :seq) on conflict do nothing"), parameters
    )
    return first.rowcount == 1
