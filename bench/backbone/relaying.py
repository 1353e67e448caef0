"""The relay against atomic batches alone: the same messages, without ids, stamps or a database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from bench.backbone.world import CONTEXT, EVENT, RAW_SUBJECT, SERVICE, World, fresh, raw_stream
from bench.harness import Comparison, Run, Scale, rate
from nats.aio.client import Client

from ytempire.bus import Relay
from ytempire.bus.topology import stream_of
from ytempire.cli.testing import until
from ytempire.eventstore import EventStore, StreamAppend, Unit, new_id
from ytempire.eventstore.tasks import end

_MESSAGES, _PAGE = 8000, 1000
_DONE_S = 60


def _relay(row: str, batch: int) -> Comparison[World]:
    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_MESSAGES, least=_PAGE)
        async with world.store() as store, world.client(SERVICE) as client, raw_stream(world) as admin:
            await admin.jetstream().purge_stream(stream_of(SERVICE))

            async def ours() -> dict[str, float]:
                for _ in range(0, count, _PAGE):
                    append = StreamAppend(fresh("stream"), [EVENT] * _PAGE)
                    committed = await store.submit(Unit((append,), context=CONTEXT))
                return {row: await relayed(store, client, committed.events[-1].position, count)}

            async def reference() -> dict[str, float]:
                return {row: await _raw_batches(admin, count, batch)}

            yield ours, reference

    return Comparison(f"atomic batches of {batch}, no ids", {row: "messages/s"}, pair)


async def relayed(store: EventStore, client: Client, last: int, count: int) -> float:
    """Messages a second from the relay's start until the outbox row at ``last`` is stored."""
    relay, begin = Relay(store, client), time.perf_counter()
    running = asyncio.create_task(relay.run())

    async def done() -> bool:
        return relay.position >= last

    try:
        await until(done, _DONE_S)
        return rate(count, begin)
    finally:
        await end([running])


async def _raw_batches(client: Client, count: int, size: int) -> float:
    body, begin = orjson.dumps({"data": EVENT.model_dump(), "meta": "m" * 149}), time.perf_counter()
    for first in range(0, count, size):
        length, batch = min(size, count - first), new_id()
        for index in range(1, length):
            stamped = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(index)}
            await client.publish(RAW_SUBJECT, body, headers=stamped)
        stamped = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(length), "Nats-Batch-Commit": "1"}
        answer = orjson.loads((await client.request(RAW_SUBJECT, body, headers=stamped, timeout=10)).data)
        if "error" in answer:
            raise RuntimeError(str(answer["error"]))
    return rate(count, begin)


COMPARISONS: tuple[Comparison[World], ...] = (
    _relay("relay, batches of 256", 256),
    _relay("relay, batches of 1,000", 1000),
)
