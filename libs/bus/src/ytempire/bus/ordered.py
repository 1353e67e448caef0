"""Ordered consumption: one partition of a producer's stream, strictly in order, in batches.

Who runs this owns the partition by a lease. It starts where the database stands, not where the server believes it does:
the durable is set to the first message behind what was applied, so nothing waits for the acknowledgement of an owner
that is no more. One acknowledgement ends a batch.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from ytempire.bus import headers
from ytempire.bus.topology import Durable, ensure
from ytempire.events import Envelope
from ytempire.eventstore import Arrived, Mark, RewindError, crash

_BATCH = 256
_REQUEST_S = 1.5
"""A request waits so long at the server. Shorter than a lease: when a frozen owner's lease is free, nothing is sent to
it any more."""
_RETRY_S = (0.2, 0.5, 1.0, 5.0)
_REWIND_S = (0.0, 0.1, 0.5, 1.0, 5.0)
"""Pauses before reading again from the beginning, by how often that was needed without anything new being applied."""
_OPEN = {"404", "408"}
"""Answers that end a request and mean no harm."""

log = structlog.get_logger()

Stands = Callable[[], Awaitable[Mark]]
Between = Callable[[], Awaitable[None]]
Applies = Callable[[Sequence[Arrived]], Awaitable[int]]


class _GoneError(Exception):
    """The durable cannot be read: it was deleted with its stream, or the server moved it."""


class Partition:
    """One partition of one producer's stream."""

    def __init__(self, client: Client, durable: Durable, stands: Stands, applies: Applies, between: Between) -> None:
        """``stands`` says what was applied last; ``applies`` applies a run of events and says how many were new.

        ``applies`` raises ``RewindError`` if an event before the run is missing. ``between`` is called between two
        runs, and now and then when nothing comes.
        """
        self._client, self._durable = client, durable
        self._stands, self._applies, self._between = stands, applies, between
        self._rewinds = self._failures = 0

    async def run(self) -> None:
        """Read and apply until cancelled. What fails stops this partition alone, and only for a while."""
        while True:
            try:
                await self._session()
            except RewindError:
                pause = _REWIND_S[min(self._rewinds, len(_REWIND_S) - 1)]
                self._rewinds += 1
                log.warning("an event is missing, reading again from the beginning", durable=self._durable.name)
                await asyncio.sleep(pause)
            except Exception as error:
                pause = _RETRY_S[min(self._failures, len(_RETRY_S) - 1)]
                self._failures += 1
                reason = f"{type(error).__name__}: {error}"
                log.warning("reading begins anew", durable=self._durable.name, error=reason, after_s=pause)
                await asyncio.sleep(pause)

    async def _session(self) -> None:
        await self._seek(1 if self._rewinds else await self._next_sequence())
        async with _pulling(self._client, self._durable) as pull:
            while True:
                messages = await pull.next()
                await self._between()
                if not messages:
                    continue
                crash.point("project.before_apply")
                if await self._applies([_arrived(message) for message in messages]):
                    self._rewinds = self._failures = 0
                crash.point("project.after_commit")
                await messages[-1].ack()
                crash.point("project.after_ack")

    async def _next_sequence(self) -> int:
        """Behind what was applied last, if the stream still has exactly that there; else the first."""
        mark = await self._stands()
        if mark.sequence:
            with contextlib.suppress(NotFoundError):
                message = await self._client.jetstream().get_msg(self._durable.stream, mark.sequence)
                if (message.headers or {}).get(headers.POSITION) == str(mark.position):
                    return mark.sequence + 1
        return 1

    async def _seek(self, sequence: int) -> None:
        jetstream = self._client.jetstream()
        # it may have been lost together with its stream, and the server never answers a reset of what it does not know
        await ensure(jetstream, self._durable)
        await jetstream.reset_consumer(self._durable.stream, self._durable.name, sequence)


class _Pull:
    """Messages of a durable as they come: a request is always open at the server while there is room."""

    def __init__(self, client: Client, durable: Durable) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"
        self.inbox = client.new_inbox()
        self._messages: list[Msg] = []
        self._expected = 0
        self._until = 0.0
        self._gone = ""
        self._wake = asyncio.Event()

    async def next(self) -> list[Msg]:
        """Up to a batch of what has come; empty if nothing did for a while.

        :raises _GoneError: if the durable cannot be read any more.
        """
        await self._request()
        if not self._messages:
            self._wake.clear()
            # not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the event
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REQUEST_S):
                    await self._wake.wait()
        if self._gone:
            raise _GoneError(self._gone)
        batch, self._messages = self._messages[:_BATCH], self._messages[_BATCH:]
        # the next ones travel while these are applied
        await self._request()
        return batch

    async def _request(self) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._messages) >= _BATCH or (self._expected > 0 and now < self._until):
            return
        self._expected, self._until = _BATCH, now + _REQUEST_S + 1.0
        body = orjson.dumps({"batch": _BATCH, "expires": int(_REQUEST_S * 1e9)})
        await self._client.publish(self._subject, body, reply=self.inbox)

    async def take(self, message: Msg) -> None:
        """What the server sends to the inbox."""
        status = (message.headers or {}).get("Status")
        if status is None:
            self._expected -= 1
            self._messages.append(message)
        else:
            self._expected = 0
            if status not in _OPEN:
                self._gone = f"{status} {(message.headers or {}).get('Description', 'nobody answers')}"
        self._wake.set()


@asynccontextmanager
async def _pulling(client: Client, durable: Durable) -> AsyncIterator[_Pull]:
    # an inbox for each session: what was sent to an earlier one is void
    pull = _Pull(client, durable)
    subscription = await client.subscribe(pull.inbox, cb=pull.take)
    try:
        yield pull
    finally:
        with contextlib.suppress(NatsError):
            await subscription.unsubscribe()


def _arrived(message: Msg) -> Arrived:
    stamped = message.headers or {}
    return Arrived(
        Envelope.model_validate_json(message.data),
        int(stamped[headers.PREVIOUS]),
        message.metadata.sequence.stream,
    )
