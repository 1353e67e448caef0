"""Connections to NATS: one through FastStream for consuming, one plain for publishing and administration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import nats
import orjson
from faststream.nats import NatsBroker
from faststream.security import SASLPlaintext
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from ytempire.bus import headers
from ytempire.bus.consumers import Settle
from ytempire.bus.topology import stream_of
from ytempire.events import Envelope, Value
from ytempire.eventstore.filling import Carried


@dataclass(frozen=True, slots=True)
class NatsAccess:
    url: str
    user: str
    password_file: Path

    @property
    def password(self) -> str:
        return self.password_file.read_text().strip()


async def connect(access: NatsAccess, name: str) -> Client:
    """A plain connection that reconnects for ever."""
    return await nats.connect(
        access.url,
        user=access.user,
        password=access.password,
        name=name,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,
    )


def broker(access: NatsAccess, name: str) -> NatsBroker:
    """A FastStream broker whose messages are settled by our middleware alone."""
    return NatsBroker(
        access.url,
        name=name,
        security=SASLPlaintext(username=access.user, password=access.password, use_ssl=False),
        middlewares=[Settle],
        apply_types=False,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        logger=None,
    )


async def signal(client: Client, subject: str, value: Value) -> None:
    """Publish a signal: fire and forget, never stored."""
    await client.publish(f"signal.{subject}", value.model_dump_json().encode())


async def read_stream(jetstream: JetStreamContext, producer: str) -> AsyncIterator[tuple[Envelope, int]]:
    """Every event of a producer's stream with its partition, from the first message."""
    async for envelope, partition, _ in read_carried(jetstream, producer, 1):
        yield envelope, partition


async def read_carried(jetstream: JetStreamContext, producer: str, first: int) -> AsyncIterator[Carried]:
    """Every event of a producer's stream from a sequence on, that one included, up to the last there is now."""
    async for message in messages_of(jetstream, producer, first):
        envelope = Envelope.model_validate(orjson.loads(message.data))
        yield Carried(envelope, int((message.headers or {})[headers.PARTITION]), message.metadata.sequence.stream)


async def messages_of(jetstream: JetStreamContext, producer: str, first: int = 1) -> AsyncIterator[Msg]:
    """Every message of a producer's stream from a sequence on, that one included, up to the last there is now."""
    stream = stream_of(producer)
    try:
        last = (await jetstream.stream_info(stream)).state.last_seq
    except NotFoundError:
        return
    if last < first:
        return
    subscription = await jetstream.pull_subscribe(
        "",
        stream=stream,
        config=ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=first,
            inactive_threshold=30.0,
            mem_storage=True,
        ),
    )
    sequence = 0
    try:
        while sequence < last:
            for message in await subscription.fetch(256, timeout=5):
                sequence = message.metadata.sequence.stream
                yield message
    finally:
        await subscription.unsubscribe()
