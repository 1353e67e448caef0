"""Hold what the bus carried against what the outbox told: message by message, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from ytempire.bus import headers
from ytempire.bus.connection import messages_of
from ytempire.bus.topology import stream_of
from ytempire.eventstore import EventStore
from ytempire.eventstore.findings import Audit

_PAGE = 1000
_LOOKS, _LOOK_S = 50, 0.1
_ROWS = """
select position, event_id::text, subject, partition, previous, body::text
from es.outbox where position > %s and position <= %s order by position limit %s"""


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the outbox, or the message that carried it."""

    position: int
    event_id: str
    subject: str
    partition: int
    previous: int
    body: str


async def last_sequence(jetstream: JetStreamContext, service: str) -> int:
    """Number of the last message in a service's stream; 0 where there is no stream."""
    try:
        return (await jetstream.stream_info(stream_of(service))).state.last_seq
    except NotFoundError:
        return 0


async def compare(jetstream: JetStreamContext, store: EventStore, audit: Audit, before: int) -> None:
    """Add to an audit what the bus carried otherwise than the outbox told.

    :param before: ``last_sequence`` from before the log was read: all of that must be in the outbox as it was read.
    """
    audit.looks_at("bus")
    await _wait_for(jetstream, audit)
    rows = _rows(store, audit.last_told)
    row = await anext(rows, None)
    missing: list[int] = []
    async for sequence, message in _messages(jetstream, store.service):
        while row is not None and row.position < message.position:
            missing.append(row.position)
            row = await anext(rows, None)
        if row is None or row.position > message.position:
            # behind the end of what was read: told meanwhile, if it was not there before
            if message.position <= audit.last_told or sequence <= before:
                what = f"position {message.position}: the bus carries message {sequence}, which the outbox never told"
                audit.find("bus", message.position, what)
            continue
        if row != message:
            what = f"position {row.position}: message {sequence} of the bus is not what the outbox told"
            audit.find("bus", row.position, what)
        audit.bus_checked += 1
        row = await anext(rows, None)
    while row is not None:
        missing.append(row.position)
        row = await anext(rows, None)
    if missing:
        first, last = missing[0], missing[-1]
        what = f"positions {first} to {last}: {len(missing)} of what the outbox told is not on the bus"
        audit.find("bus", first, what)


async def _wait_for(jetstream: JetStreamContext, audit: Audit) -> None:
    """Give the relay a moment for what was appended just before the log was read."""
    for _ in range(_LOOKS):
        if await _last_position(jetstream, audit.service) >= audit.last_told:
            return
        await asyncio.sleep(_LOOK_S)


async def _last_position(jetstream: JetStreamContext, service: str) -> int:
    sequence = await last_sequence(jetstream, service)
    if not sequence:
        return 0
    try:
        message = await jetstream.get_msg(stream_of(service), sequence)
    except NotFoundError:
        return 0
    return int((message.headers or {}).get(headers.POSITION, "0"))


async def _rows(store: EventStore, last: int) -> AsyncIterator[Told]:
    position = 0
    while True:
        async with store.pool.connection() as connection:
            cursor = await connection.execute(_ROWS, [position, last, _PAGE])
            page = [Told(*row) for row in await cursor.fetchall()]
        for row in page:
            yield row
        if not page:
            return
        position = page[-1].position


async def _messages(jetstream: JetStreamContext, service: str) -> AsyncIterator[tuple[int, Told]]:
    async for message in messages_of(jetstream, service):
        stamped = message.headers or {}
        yield (
            message.metadata.sequence.stream,
            Told(
                int(stamped.get(headers.POSITION, "0")),
                stamped.get(headers.MESSAGE_ID, ""),
                message.subject,
                int(stamped.get(headers.PARTITION, "-1")),
                int(stamped.get(headers.PREVIOUS, "-1")),
                message.data.decode(errors="replace"),
            ),
        )
