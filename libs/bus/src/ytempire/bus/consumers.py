"""Consumers of other services' events.

Two kinds. *Projections* take each partition of a producer's whole stream strictly in order (see ``ordered``). *Work*
takes the subscribed types, several at a time, through FastStream with manual acknowledgement behind one settle
middleware; its handlers are idempotent by their claims and do not assume an order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from faststream import AckPolicy, BaseMiddleware
from faststream.nats import JStream, NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from ytempire.bus.ordered import Partition
from ytempire.bus.topology import Durable, durables, ensure, foreign_producers, projection_durables
from ytempire.events import Envelope, type_names
from ytempire.eventstore import (
    PARTITIONS,
    Delivery,
    EventStore,
    Handlers,
    Leases,
    MessageContext,
    PermanentError,
    ReadModels,
    TransientError,
    crash,
    handling,
    partition_of,
)
from ytempire.eventstore.deadletters import DeadLetters, Verdicts, reason_of
from ytempire.eventstore.tracking import apply_foreign, foreign_mark, release_parked

_WORKERS = 16
_FAULT_DELAY_S = 5.0
_DURABLES_S = 2.0
_LETTERS_S = 1.0
log = structlog.get_logger()

Traced = Callable[[str, Envelope], AbstractContextManager[str | None]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the transport knows about the message in hand."""

    attempt: int


_arrival: ContextVar[Arrival] = ContextVar("arrival")


class Settle(BaseMiddleware):
    """Acknowledge after the handler's commit; ask again after a delay on failure. Nothing else acknowledges."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        token = _arrival.set(Arrival(msg.raw_message.metadata.num_delivered))
        try:
            result = await call_next(msg)
        except _TryAgainError as error:
            await msg.nack(delay=error.delay_s)
            return None
        except Exception as error:
            # a fault of this machinery: never swallowed, never a hot loop
            log.error("settling failed", error=f"{type(error).__name__}: {error}")
            await msg.nack(delay=_FAULT_DELAY_S)
            return None
        finally:
            _arrival.reset(token)
        crash.point("consume.after_commit")
        await msg.ack()
        crash.point("consume.after_ack")
        return result


class _TryAgainError(Exception):
    def __init__(self, delay_s: float) -> None:
        super().__init__(f"again in {delay_s} s")
        self.delay_s = delay_s


class Consumers:
    """All foreign events of one service."""

    def __init__(
        self,
        broker: NatsBroker,
        client: Client,
        store: EventStore,
        models: ReadModels,
        subscriptions: Handlers,
        traced: Traced,
        leases: Leases,
    ) -> None:
        self._broker, self._client, self._jetstream = broker, client, client.jetstream()
        self._store, self._models = store, models
        self._traced, self._leases = traced, leases
        self._handlers: Mapping[str, Any] = {
            name: handler for event, handler in subscriptions.items() for name in type_names(event)
        }
        self.durables: Sequence[Durable] = durables(store.service, models.projections, subscriptions)
        self._letters = DeadLetters(store)
        self._projections = {projection.schema: projection for projection in models.projections}
        self._verdicts = Verdicts(store, list(self._projections))
        self.busy = 0

    async def start(self) -> None:
        """Provision the durables, subscribe to work, and register the ordered partitions with the leases."""
        await asyncio.gather(*(ensure(self._jetstream, durable) for durable in self.durables))
        for durable in self.durables:
            if not durable.ordered:
                self._subscribe_work(durable)
        for producer in foreign_producers(self._store.service, self._models.projections):
            self._leases.share(f"projections {producer}", partial(self._project, producer), PARTITIONS)
        self._leases.lead("dead letters", self._settle_work)
        self._leases.lead("durables", self._keep_durables)

    async def _keep_durables(self) -> None:
        """Make anew what was lost together with its stream, until cancelled."""
        while True:
            with contextlib.suppress(NatsError):
                for stream in sorted({durable.stream for durable in self.durables}):
                    there = {info.name for info in await self._jetstream.consumers_info(stream)}
                    for durable in self.durables:
                        if durable.stream == stream and durable.name not in there:
                            await ensure(self._jetstream, durable)
            await asyncio.sleep(_DURABLES_S)

    def _subscribe_work(self, durable: Durable) -> None:
        self._broker.subscriber(
            config=durable.config(),
            stream=JStream(durable.stream, declare=False),
            durable=durable.name,
            pull_sub=True,
            max_workers=_WORKERS,
            ack_policy=AckPolicy.MANUAL,
        )(self._work(durable))

    async def _project(self, producer: str, partition: int) -> None:
        await Partition(
            self._client,
            projection_durables(self._store.service, producer)[partition],
            partial(foreign_mark, self._models, producer, partition),
            partial(apply_foreign, self._models, producer, partition),
            partial(self._release, producer, partition),
        ).run()

    async def _release(self, producer: str, partition: int) -> None:
        """Carry out what was decided about parked streams of a partition."""
        for judged in await self._verdicts.take(
            lambda j: j.source == producer and partition_of(j.stream) == partition and j.consumer in self._projections
        ):
            await release_parked(self._models, self._projections[judged.consumer], producer, partition, judged.stream)

    async def _settle_work(self) -> None:
        """Carry out what was decided about dead letters of work, in any order, until cancelled."""
        verdicts = Verdicts(self._store, [durable.name for durable in self.durables if not durable.ordered])
        while True:
            for judged in await verdicts.take():
                await self._letters.settle_judged(judged.consumer, judged.stream, partial(self._call, judged.consumer))
            await asyncio.sleep(_LETTERS_S)

    async def pending(self) -> int:
        """Messages that wait for this service or are being handled, in all its copies, over all its durables.

        A durable that is not there counts as one: it was lost with its stream and reads again soon.
        """
        lags = await self._lags()
        return sum(lags.get(durable.name, 1) for durable in self.durables)

    async def lags(self) -> dict[str, int]:
        """The same by durable. Those that were lost together with their stream are made again."""
        lags = await self._lags()
        for durable in self.durables:
            if durable.name not in lags:
                log.warning("a durable was lost and is made again", durable=durable.name)
                await ensure(self._jetstream, durable)
        return lags

    async def _lags(self) -> dict[str, int]:
        streams = sorted({durable.stream for durable in self.durables})
        found = await asyncio.gather(*(self._jetstream.consumers_info(stream) for stream in streams))
        own = {durable.name for durable in self.durables}
        return {
            info.name: (info.num_pending or 0) + (info.num_ack_pending or 0)
            for infos in found
            for info in infos
            if info.name in own
        }

    def _work(self, durable: Durable) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def work(body: dict[str, Any]) -> None:
            self.busy += 1
            try:
                await self._handle(Envelope.model_validate(body), durable)
            finally:
                self.busy -= 1

        return work

    async def _handle(self, envelope: Envelope, durable: Durable) -> None:
        delivery = Delivery(envelope, durable.name, _arrival.get().attempt)
        try:
            await self._call(durable.name, envelope, delivery.attempt)
        except (PermanentError, ValidationError) as error:
            await self._letters.bury(delivery, reason_of(error))
        except Exception as error:
            if delivery.last:
                await self._letters.bury(delivery, reason_of(error))
                return
            if not isinstance(error, TransientError):
                log.warning(
                    "handler failed, will be tried again",
                    consumer=durable.name,
                    kind=envelope.type,
                    attempt=delivery.attempt,
                    error=reason_of(error),
                )
            raise _TryAgainError(delivery.delay_s) from error

    async def _call(self, consumer: str, envelope: Envelope, attempt: int = 1) -> None:
        with self._traced(consumer, envelope) as traceparent, handling(MessageContext.of(envelope, traceparent)):
            crash.point("consume.before_handler")
            await self._handlers[envelope.type](envelope.event(), Delivery(envelope, consumer, attempt))
