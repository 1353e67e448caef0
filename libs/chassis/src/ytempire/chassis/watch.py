"""What a process measures of its own flows: lag, outbox, dead letters, streams, leases; and the bus' own warnings.

The durables never give up on a message by themselves, so an advisory of the server means that somebody changed one; it
is counted and logged. A durable that was lost together with its stream is made again here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
import psycopg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from prometheus_client import Counter, Gauge

from ytempire.bus import Consumers, Relay, topology
from ytempire.eventstore import EventStore, Leases
from ytempire.eventstore.workers import Projector

ADVISORIES = ("MAX_DELIVERIES", "MSG_TERMINATED")
FULL_AT = 0.7
"""Share of a stream's bytes from which on it is worth a warning: a full one refuses events."""
_LOOK_S = 5.0

consumer_lag = Gauge("ytempire_consumer_lag_messages", "Messages that wait or are being handled", ["durable"])
projection_lag = Gauge("ytempire_projection_lag_events", "Own events that a read model has not applied", ["projection"])
outbox_pending = Gauge("ytempire_outbox_pending", "Public events that are not in their stream yet")
outbox_oldest = Gauge("ytempire_outbox_oldest_seconds", "Age of the oldest of them, in business time")
dlq_messages = Gauge(
    "ytempire_dlq_messages", "Dead letters without a verdict, and what waits behind", ["consumer", "status"]
)
stream_fill = Gauge("ytempire_stream_fill_ratio", "Share of the service's stream that is used", ["stream"])
leases_held = Gauge("ytempire_leases_held", "Pieces of ordered work this copy owns", ["name"])
advisories = Counter("ytempire_advisories_total", "Messages JetStream gave up on", ["kind", "consumer"])

log = structlog.get_logger()

_OUTBOX = """
select count(*), coalesce(extract(epoch from %s - min(e.occurred_at)), 0)
from es.outbox o join es.events e using (position) where o.position > %s"""
_LETTERS = "select consumer, status, count(*) from es.open_letters group by consumer, status"


class Watch:
    """Looks every few seconds; a look that fails is skipped."""

    def __init__(
        self,
        client: Client,
        store: EventStore,
        leases: Leases,
        relay: Relay,
        projectors: Sequence[Projector],
        consumers: Consumers,
    ) -> None:
        self._client, self._store, self._leases, self._relay = client, store, leases, relay
        self._projectors, self._consumers = projectors, consumers
        self._warned = False

    async def run(self) -> None:
        """Measure until cancelled."""
        for kind in ADVISORIES:
            await self._client.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.>", cb=self._advised)
        while True:
            try:
                await self.look()
            except (NatsError, psycopg.Error, TimeoutError, OSError) as error:
                log.warning("flows could not be measured", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Measure once."""
        self._look_at_leases()
        await self._look_at_store()
        await self._look_at_stream()
        lags = await self._consumers.lags()
        consumer_lag.clear()
        for durable, lag in lags.items():
            consumer_lag.labels(durable).set(lag)

    def _look_at_leases(self) -> None:
        for name, partitions in self._leases.owned().items():
            leases_held.labels(name).set(len(partitions))

    async def _look_at_store(self) -> None:
        head = (await self._store.head()).position
        for projector in self._projectors:
            if self._leases.leads(projector.name):
                projection_lag.labels(projector.projection).set(max(0, head - projector.position))
        async with self._store.pool.connection() as connection:
            if self._leases.leads("relay"):
                waiting = await connection.execute(_OUTBOX, [self._store.clock(), self._relay.position])
                ((count, age),) = await waiting.fetchall()
                outbox_pending.set(count)
                outbox_oldest.set(float(age))
            letters = await (await connection.execute(_LETTERS)).fetchall()
        dlq_messages.clear()
        for consumer, status, count in letters:
            dlq_messages.labels(consumer, status).set(count)

    async def _look_at_stream(self) -> None:
        name = topology.stream_of(self._store.service)
        info = await self._client.jetstream().stream_info(name)
        fill = info.state.bytes / (info.config.max_bytes or info.state.bytes or 1)
        stream_fill.labels(name).set(fill)
        if fill >= FULL_AT and not self._warned:
            log.error(
                "the stream is getting full: when it is, events stay in the outbox", stream=name, fill=round(fill, 3)
            )
        self._warned = fill >= FULL_AT

    async def _advised(self, message: Msg) -> None:
        """JetStream gave up on a message: of ours, if the durable is."""
        *_, kind, stream, durable = message.subject.split(".")
        if not durable.startswith(f"{self._store.service}__"):
            return
        advisories.labels(kind, durable).inc()
        sequence = orjson.loads(message.data).get("stream_seq")
        log.error("JetStream gave up on a message", kind=kind, stream=stream, durable=durable, sequence=sequence)
