"""The relay: outbox rows to the service's stream, in order, each once.

The stream itself is the checkpoint. On start, and whenever the server refuses a message, the relay reads the last
message of its stream and continues behind the position that message names; publishing is chained by the expected last
sequence, so that if one message is refused every later one is refused too and the order holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from ytempire.bus import headers
from ytempire.bus.topology import stream_of
from ytempire.eventstore import EventStore

_PAGE = 200
_WINDOW = 64
_POLL_S = 1.0
_RETRY_S = 0.5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    position: int
    event_id: str
    subject: str
    partition: int
    previous: int
    body: bytes
    traceparent: str | None


class Relay:
    """Publishes one service's outbox."""

    def __init__(self, store: EventStore, jetstream: JetStreamContext) -> None:
        self._store, self._jetstream = store, jetstream
        self._stream = stream_of(store.service)
        self._sequence = 0
        self.position = 0
        """Last position known to be in the stream."""
        self.idle = False
        """Whether there was nothing to publish when it last looked."""

    async def run(self) -> None:
        listener = self._store.listen()
        resumed = False
        while True:
            listener.clear()
            try:
                if not resumed:
                    await self._resume()
                    resumed = True
                rows = await self._rows()
                if rows:
                    self.idle = False
                    await self._publish(rows)
                    continue
                self.idle = True
            except (NatsError, TimeoutError, OSError) as error:
                log.warning("relay will resume from the stream", error=f"{type(error).__name__}: {error}")
                resumed = False
                await asyncio.sleep(_RETRY_S)
                continue
            # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await listener.wait()

    async def _resume(self) -> None:
        info = await self._jetstream.stream_info(self._stream)
        self._sequence = info.state.last_seq
        self.position = 0
        if info.state.messages:
            with contextlib.suppress(NotFoundError):
                last = await self._jetstream.get_msg(self._stream, self._sequence)
                self.position = int((last.headers or {})[headers.POSITION])

    async def _rows(self) -> list[OutboxRow]:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(
                "select position, event_id::text, subject, partition, previous, body::text, body->>'traceparent'"
                " from es.outbox where position > %s order by position limit %s",
                [self.position, _PAGE],
            )
            rows: Sequence[Any] = await cursor.fetchall()
        return [OutboxRow(p, i, s, n, b, body.encode(), trace) for p, i, s, n, b, body, trace in rows]

    async def _publish(self, rows: list[OutboxRow]) -> None:
        for start in range(0, len(rows), _WINDOW):
            window = rows[start : start + _WINDOW]
            acks = [await self._send(row, self._sequence + i) for i, row in enumerate(window)]
            results = await asyncio.gather(*acks, return_exceptions=True)
            for row, result in zip(window, results, strict=True):
                if isinstance(result, BaseException):
                    raise result
                self._sequence = result.seq
                self.position = row.position

    async def _send(self, row: OutboxRow, expected: int) -> asyncio.Future[Any]:
        stamped = {
            headers.MESSAGE_ID: row.event_id,
            headers.POSITION: str(row.position),
            headers.PREVIOUS: str(row.previous),
            headers.PARTITION: str(row.partition),
            headers.EXPECTED_LAST_SEQUENCE: str(expected),
        }
        if row.traceparent:
            stamped[headers.TRACE] = row.traceparent
        return await self._jetstream.publish_async(row.subject, row.body, stream=self._stream, headers=stamped)
