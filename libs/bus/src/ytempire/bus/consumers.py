"""Consumers through FastStream: manual acknowledgement behind one settle middleware.

Two kinds. *Projections* take a producer's whole stream strictly in order. *Work* takes the subscribed types, several
at a time; its handlers are idempotent by their claims and do not assume an order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog
from faststream import AckPolicy, BaseMiddleware
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js import JetStreamContext
from pydantic import ValidationError

from ytempire.bus import headers
from ytempire.bus.topology import Durable, ensure, projection_durables, work_durables
from ytempire.events import Envelope, Event
from ytempire.eventstore import (
    Delivery,
    EventStore,
    Handlers,
    MessageContext,
    PermanentError,
    ReadModels,
    RewindError,
    TransientError,
    handling,
)
from ytempire.eventstore.tracking import apply_foreign
from ytempire.eventstore.workers import dead_letter

_FETCH_S = 5.0
_WORKERS = 16
_FAULT_DELAY_S = 5.0
log = structlog.get_logger()

Traced = Callable[[str, Envelope], AbstractContextManager[str | None]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the transport knows about the message in hand."""

    sequence: int
    attempt: int
    partition: int
    previous: int


_arrival: ContextVar[Arrival] = ContextVar("arrival")


class Settle(BaseMiddleware):
    """Acknowledge after the handler's commit; ask again after a delay on failure. Nothing else acknowledges."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        metadata = msg.raw_message.metadata
        arrival = Arrival(
            metadata.sequence.stream,
            metadata.num_delivered,
            int(msg.headers[headers.PARTITION]),
            int(msg.headers[headers.PREVIOUS]),
        )
        token = _arrival.set(arrival)
        try:
            result = await call_next(msg)
        except _TryAgainError as error:
            await msg.nack(delay=error.delay_s)
            return None
        except _RewoundError:
            # the consumer was reset: an acknowledgement of this delivery would belong to nobody
            return None
        except Exception as error:
            # a fault of this machinery: never swallowed, never a hot loop
            log.error("settling failed", error=f"{type(error).__name__}: {error}")
            await msg.nack(delay=_FAULT_DELAY_S)
            return None
        finally:
            _arrival.reset(token)
        await msg.ack()
        return result


class _TryAgainError(Exception):
    def __init__(self, delay_s: float) -> None:
        super().__init__(f"again in {delay_s} s")
        self.delay_s = delay_s


class _RewoundError(Exception):
    """The durable was set back; this delivery is void."""


class Consumers:
    """All foreign events of one service."""

    def __init__(
        self,
        broker: NatsBroker,
        jetstream: JetStreamContext,
        store: EventStore,
        models: ReadModels,
        subscriptions: Handlers,
        traced: Traced,
    ) -> None:
        self._broker, self._jetstream, self._store, self._models = broker, jetstream, store, models
        self._traced = traced
        self._handlers: Mapping[str, Any] = {e.type_name(): h for e, h in subscriptions.items()}
        self._types: Mapping[str, type[Event]] = {e.type_name(): e for e in subscriptions}
        producers = {p for projection in models.projections for p in projection.producers(store.service)}
        self.durables: Sequence[Durable] = [
            *projection_durables(store.service, sorted(producers)),
            *work_durables(store.service, subscriptions),
        ]
        self.busy = 0

    async def start(self) -> None:
        """Provision the durables and subscribe."""
        for durable in self.durables:
            await ensure(self._jetstream, durable)
            if durable.ordered:
                self._subscribe_ordered(durable)
            else:
                self._subscribe_work(durable)

    def _subscribe_ordered(self, durable: Durable) -> None:
        self._broker.subscriber(
            config=durable.config(),
            stream=JStream(durable.stream, declare=False),
            durable=durable.name,
            pull_sub=PullSub(batch_size=1, timeout=_FETCH_S),
            ack_policy=AckPolicy.MANUAL,
        )(self._project(durable))

    def _subscribe_work(self, durable: Durable) -> None:
        self._broker.subscriber(
            config=durable.config(),
            stream=JStream(durable.stream, declare=False),
            durable=durable.name,
            pull_sub=True,
            max_workers=_WORKERS,
            ack_policy=AckPolicy.MANUAL,
        )(self._work(durable))

    async def pending(self) -> int:
        """Messages that wait for this service or are being handled, over all its durables."""
        infos = await asyncio.gather(*(self._jetstream.consumer_info(d.stream, d.name) for d in self.durables))
        return sum((i.num_pending or 0) + (i.num_ack_pending or 0) for i in infos)

    def _project(self, durable: Durable) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def project(body: dict[str, Any]) -> None:
            arrival = _arrival.get()
            try:
                envelope = Envelope.model_validate(body)
                await apply_foreign(self._models, envelope, arrival.partition, arrival.previous, arrival.sequence)
            except RewindError as error:
                log.warning("read model rewinds", durable=durable.name, to=error.seq)
                await self._jetstream.reset_consumer(durable.stream, durable.name, error.seq)
                raise _RewoundError from error
            except Exception as error:
                delay = min(0.5 * 2**arrival.attempt, 60.0)
                log.error("read model failed", durable=durable.name, error=f"{type(error).__name__}: {error}")
                raise _TryAgainError(delay) from error

        return project

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
        with (
            self._traced(durable.name, envelope) as traceparent,
            handling(MessageContext.of(envelope, traceparent)),
        ):
            try:
                event = self._types[envelope.type].read(envelope.data)
                await self._handlers[envelope.type](event, delivery)
            except (PermanentError, ValidationError) as error:
                await dead_letter(self._store, delivery, f"{type(error).__name__}: {error}")
            except Exception as error:
                if delivery.last:
                    await dead_letter(self._store, delivery, f"{type(error).__name__}: {error}")
                    return
                if not isinstance(error, TransientError):
                    log.warning(
                        "handler failed, will be tried again",
                        consumer=durable.name,
                        kind=envelope.type,
                        attempt=delivery.attempt,
                        error=f"{type(error).__name__}: {error}",
                    )
                raise _TryAgainError(delivery.delay_s) from error
