"""How far a read model is in each log, and the one way to move it on: from exactly where it stood.

A mark that merely grows is not enough: when a newer event overtakes an older one, the mark passes the older one, which
is then dropped as "already seen". The mark belongs to the tables it describes: its key is their schema.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.events import Envelope
from ytempire.eventstore.errors import RewindError
from ytempire.eventstore.projection import Projection, within
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import Recorded

OWN = -1
"""Partition under which a service tracks its own log, which is one gapless sequence."""


async def apply_own(models: ReadModels, projection: Projection, records: Sequence[Recorded], position: int) -> None:
    """Apply a run of own events that ends at ``position``, in one transaction.

    :raises RewindError: if the run does not begin behind what was applied last.
    """
    async with models.engine.begin() as connection:
        first = records[0].position - 1
        if not await advance(connection, projection.schema, models.service, OWN, first, position, 0):
            raise RewindError(0)
        scoped = await within(connection, projection.schema)
        for record in records:
            await projection.apply(scoped, record.envelope())


async def own_position(models: ReadModels, projection: Projection) -> int:
    """The last own event that was applied."""
    async with models.engine.connect() as connection:
        return await position_of(connection, projection.schema, models.service, OWN)


async def apply_foreign(models: ReadModels, envelope: Envelope, partition: int, previous: int, seq: int) -> None:
    """Apply one event of another service to every projection that reads that service, in one transaction.

    :raises RewindError: if a predecessor is missing.
    """
    async with models.engine.begin() as connection:
        for projection in models.projections:
            if envelope.producer not in projection.producers(models.service):
                continue
            schema = projection.schema
            if await advance(connection, schema, envelope.producer, partition, previous, envelope.position, seq):
                await projection.apply(await within(connection, schema), envelope)
            elif await position_of(connection, schema, envelope.producer, partition) < envelope.position:
                # from the beginning: what was applied is skipped quickly, what is missing is found for certain
                raise RewindError(1)


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
