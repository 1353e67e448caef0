"""Read models and events they cannot take: such an event parks its own aggregate, and nothing else stops.

An event that a handler refuses becomes a dead letter of that read model, in the transaction that moves the mark past
it. Later events of the same stream wait behind it. When a person has decided, what waited is applied in order, in one
transaction with the rows that say so. The gap is never silent: it is in the dead letters and in their metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.events import Envelope
from ytempire.eventstore.deadletters import REASON_CHARACTERS, reason_of, row
from ytempire.eventstore.projection import Projection, within

DATABASE_TROUBLE = (OperationalError, InterfaceError, TimeoutError, OSError)
"""What says nothing about the event: the connection, a deadlock, a full disk. Tried again by whoever reads."""

_PARKED = text("select distinct stream from es.open_letters where consumer = :consumer and source = :source")
_KEEP = text(
    "insert into es.dead_letters"
    " (consumer, event_id, source, stream, position, type, status, reason, attempts, body, at) values"
    " (:consumer, :id, :source, :stream, :position, :type, :status, :reason, :attempts, :body, :at)"
    " on conflict do nothing"
)
_LETTERS = text(
    "select body::text, verdict, status = 'waiting' from es.open_letters where consumer = :consumer"
    " and source = :source and stream = :stream order by position for update"
)
_SETTLED = text(
    "update es.dead_letters set status = :status, settled_at = clock_timestamp()"
    " where consumer = :consumer and event_id = :id"
)
_AGAIN = text(
    "update es.dead_letters set status = 'dead', verdict = null, reason = :reason, attempts = attempts + 1"
    " where consumer = :consumer and event_id = :id"
)
_DISCARDED = text("select event_id::text from es.dead_letters where consumer = :model and status = 'discarded'")
_MOVE = text("update es.dead_letters set consumer = :new where consumer = :old")
_HAND_ON = text(
    "insert into es.dead_letters select :new, event_id, source, stream, position, type, status, reason, attempts,"
    " verdict, verdict_reason, body, at, settled_at from es.dead_letters"
    " where consumer = :old and status = 'discarded' on conflict do nothing"
)
log = structlog.get_logger()


async def apply_around_parked(
    connection: AsyncConnection, projection: Projection, source: str, run: Sequence[Envelope], *, singly: bool
) -> None:
    """Apply a run, but for the aggregates that are parked: theirs is kept behind what they wait for.

    :param singly: each event in a savepoint of its own; one that is refused parks its aggregate. Otherwise the first
        refusal is raised, and the caller rolls back and comes again singly.
    """
    found = await connection.execute(_PARKED, {"consumer": projection.schema, "source": source})
    parked = {str(stream) for (stream,) in found}
    if not parked and not singly:
        await projection.apply_run(await within(connection, projection.schema), run)
        return
    flowing: list[Envelope] = []
    for envelope in run:
        if not projection.handles(envelope.type):
            continue
        if envelope.subject in parked:
            await _keep(connection, projection, envelope, "waiting", "an earlier event of its stream is a dead letter")
        elif singly:
            refusal = await _refusal(connection, projection, envelope)
            if refusal is not None:
                parked.add(envelope.subject)
                await _keep(connection, projection, envelope, "dead", refusal)
        else:
            flowing.append(envelope)
    await projection.apply_run(await within(connection, projection.schema), flowing)


async def release(connection: AsyncConnection, projection: Projection, source: str, stream: str) -> None:
    """Carry out the verdicts on a stream in order, and apply what waits behind them, in the caller's transaction."""
    found = await connection.execute(_LETTERS, {"consumer": projection.schema, "source": source, "stream": stream})
    for body, verdict, waiting in found.all():
        envelope = Envelope.model_validate_json(body)
        key = {"consumer": projection.schema, "id": envelope.id}
        if not waiting and verdict is None:
            return
        if verdict != "discard" and (refusal := await _refusal(connection, projection, envelope)) is not None:
            await connection.execute(_AGAIN, key | {"reason": refusal[:REASON_CHARACTERS]})
            return
        await connection.execute(_SETTLED, key | {"status": "discarded" if verdict == "discard" else "replayed"})


async def discarded(connection: AsyncConnection, model: str) -> set[str]:
    """Ids of the events that were given up for a read model: a rebuild leaves them out as well."""
    found = await connection.execute(_DISCARDED, {"model": model})
    return {str(id_) for (id_,) in found}


async def move_letters(connection: AsyncConnection, old: str, new: str) -> None:
    """Dead letters belong to their tables: they follow when these are renamed."""
    await connection.execute(_MOVE, {"old": old, "new": new})


async def hand_on_discarded(connection: AsyncConnection, old: str, new: str) -> None:
    """What was given up for one generation stays given up for the next."""
    await connection.execute(_HAND_ON, {"old": old, "new": new})


async def _refusal(connection: AsyncConnection, projection: Projection, envelope: Envelope) -> str | None:
    """Apply one event; why it was refused, if it was."""
    try:
        async with connection.begin_nested():
            await projection.apply_run(await within(connection, projection.schema), [envelope])
    except DATABASE_TROUBLE:
        raise
    except Exception as error:
        reason = reason_of(error)
        log.error("dead letter", consumer=projection.schema, kind=envelope.type, id=envelope.id, reason=reason)
        return reason
    return None


async def _keep(
    connection: AsyncConnection, projection: Projection, envelope: Envelope, status: str, reason: str
) -> None:
    columns: dict[str, Any] = row(projection.schema, envelope, status, reason)
    await connection.execute(_KEEP, columns | {"at": envelope.time})
