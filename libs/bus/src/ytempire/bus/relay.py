"""The relay: outbox rows to the service's stream, in order, each once.

The stream itself is the checkpoint. On start, and whenever the server refuses a message, the relay reads the last
message of its stream and continues behind the position that message names. There is no checkpoint row that could
disagree, and a batch that was stored before its answer was lost is never sent again.

The relay is the reconciler too: while it has nothing to do it looks whether the stream still holds what was told. A
stream that was lost, emptied or cut short is filled again from the outbox, whose rows are kept for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from ytempire.bus import headers
from ytempire.bus.publishing import BATCH, Message, Publisher, RefusedError, Sent
from ytempire.bus.topology import stream_of
from ytempire.eventstore import EventStore, crash
from ytempire.eventstore.feed import OutboxRow

_POLL_S = 1.0
_POLL_OTHERS_S = 0.05
"""While another copy of the service writes, which this process does not hear of."""
_REMEMBER_OTHERS_S = 60.0
_RETRY_S = 0.5
_RECONCILE_S = 5.0
_AHEAD = 1
"""Pages that may be sent behind one that the server has not confirmed."""

log = structlog.get_logger()


def message_of(row: OutboxRow) -> Message:
    """What travels: the envelope as it was written, and in headers what consumers check before they read it."""
    stamped = {
        headers.MESSAGE_ID: row.event_id,
        headers.POSITION: str(row.position),
        headers.PREVIOUS: str(row.previous),
        headers.PARTITION: str(row.partition),
    }
    if row.traceparent:
        stamped[headers.TRACE] = row.traceparent
    return Message(row.subject, row.body, stamped)


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows on their way to the stream."""

    rows: Sequence[OutboxRow]
    sent: Sent


class Relay:
    """Publishes one service's outbox. Two at once are safe (the second is refused), one is enough."""

    def __init__(self, store: EventStore, client: Client) -> None:
        self._store, self._jetstream = store, client.jetstream()
        self._publisher = Publisher(client)
        self._stream = stream_of(store.service)
        self._sequence = 0
        self._told = 0
        self._resumed = False
        self._reconcile_at = 0.0
        self._others = 0.0
        self._look = True
        self.position = 0
        """Last position known to be in the stream."""
        self.idle = False
        """Whether there was nothing to publish when it last looked."""
        self.missing = 0
        """Messages that the stream lost from its middle: they cannot be put back in order, see ``_reconcile``."""

    async def run(self) -> None:
        listener = self._store.listen()
        self._resumed = False
        await self._publisher.open()
        try:
            while True:
                listener.clear()
                try:
                    if await self._step():
                        continue
                except (RefusedError, NatsError, TimeoutError, OSError) as error:
                    log.warning("relay will resume from the stream", error=f"{type(error).__name__}: {error}")
                    self._resumed = False
                    await asyncio.sleep(_RETRY_S)
                    continue
                await self._wait(listener)
        finally:
            await self._publisher.close()

    async def _wait(self, listener: asyncio.Event) -> None:
        """Until this process commits, or it is time to look for what another copy wrote."""
        others = asyncio.get_running_loop().time() < self._others
        # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
        try:
            async with asyncio.timeout(_POLL_OTHERS_S if others else _POLL_S):
                await listener.wait()
        except TimeoutError:
            self._look = True

    async def _step(self) -> bool:
        """Publish what waits; whether there was anything."""
        if not self._resumed:
            await self._resume()
        rows = await self._rows(self.position)
        self.idle = not rows
        if not rows:
            await self._reconcile()
            return False
        under_way: deque[_Page] = deque()
        try:
            while rows or under_way:
                if rows:
                    crash.point("relay.before_publish")
                    under_way.append(await self._send(rows, under_way[-1].sent.end if under_way else self._sequence))
                    # read while the server stores, and sent before it has said so
                    rows = await self._rows(rows[-1].position)
                if len(under_way) > _AHEAD or not rows:
                    await self._stored(under_way.popleft())
        finally:
            for page in under_way:
                page.sent.forget()
        return True

    async def _send(self, rows: Sequence[OutboxRow], behind: int) -> _Page:
        return _Page(rows, await self._publisher.send([message_of(row) for row in rows], behind))

    async def _stored(self, page: _Page) -> None:
        await page.sent.stored()
        crash.point("relay.after_publish")
        self._sequence, self.position = page.sent.end, page.rows[-1].position
        self._told += len(page.rows)

    async def _resume(self) -> None:
        """Where the stream ends is where the outbox goes on."""
        state = (await self._jetstream.stream_info(self._stream)).state
        self._sequence, self.position, self._told = state.last_seq, 0, 0
        if state.messages:
            with contextlib.suppress(NotFoundError):
                last = await self._jetstream.get_msg(self._stream, self._sequence)
                self.position = int((last.headers or {})[headers.POSITION])
                self._told = await self._count(self.position)
        self._resumed = True

    async def _reconcile(self) -> None:
        """Compare the stream with what was told.

        Lost at the end, or altogether: told again. Lost in the middle: nothing can be put back between two messages,
        so it is counted, and an administrator makes the stream anew, which is then filled from the first row.
        """
        now = asyncio.get_running_loop().time()
        if now < self._reconcile_at:
            return
        self._reconcile_at = now + _RECONCILE_S
        state = (await self._jetstream.stream_info(self._stream)).state
        if state.last_seq != self._sequence:
            log.warning("the stream does not end with what was told last", stream=self._stream)
            self._resumed = False
        elif self.missing != (missing := self._told - state.messages):
            self.missing = missing
            log.error("messages are missing in the stream: make it anew", stream=self._stream, missing=missing)

    async def _count(self, position: int) -> int:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute("select count(*) from es.outbox where position <= %s", [position])
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def _rows(self, after: int) -> Sequence[OutboxRow]:
        """What follows in the outbox: from memory where this process wrote it, selected where it did not."""
        fed = self._store.feed.take(after, BATCH)
        if fed or (fed is not None and not self._look):
            return fed
        selected = await self._select(after)
        self._look = bool(selected)
        if selected and fed is not None:
            self._others = asyncio.get_running_loop().time() + _REMEMBER_OTHERS_S
        return selected

    async def _select(self, after: int) -> list[OutboxRow]:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(
                "select position, event_id::text, subject, partition, previous, body::text, body->>'traceparent'"
                " from es.outbox where position > %s order by position limit %s",
                [after, BATCH],
            )
            rows: Sequence[Any] = await cursor.fetchall()
        return [OutboxRow(p, i, s, n, b, body.encode(), trace) for p, i, s, n, b, body, trace in rows]
