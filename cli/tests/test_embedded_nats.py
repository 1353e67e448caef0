import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig

from ytempire.cli.embedded.nats import MAX_PAYLOAD_BYTES
from ytempire.cli.testing import NatsAccess, running_nats, temporary_var


@pytest.fixture(scope="module")
def nats_server() -> Iterator[NatsAccess]:
    """A server of its own: these tests make streams that overlap with the platform's."""
    with temporary_var() as var, running_nats(var, var / "secrets") as server:
        yield NatsAccess(server.url, server.secrets_dir)


@asynccontextmanager
async def connected(access: NatsAccess, user: str) -> AsyncIterator[tuple[Client, asyncio.Queue[str]]]:
    errors: asyncio.Queue[str] = asyncio.Queue()

    async def note(error: Exception) -> None:
        errors.put_nowait(str(error).lower())

    client = await nats.connect(
        access.url, user=user, password=access.password(user), error_cb=note, allow_reconnect=False
    )
    try:
        yield client, errors
    finally:
        await client.close()


@asynccontextmanager
async def stream(access: NatsAccess, name: str, subject: str) -> AsyncIterator[None]:
    async with connected(access, "admin") as (client, _):
        await client.jetstream().add_stream(StreamConfig(name=name, subjects=[subject], allow_atomic=True))
        try:
            yield
        finally:
            await client.jetstream().delete_stream(name)


async def test_a_service_publishes_its_own_events_and_another_one_consumes_them(nats_server: NatsAccess) -> None:
    async with stream(nats_server, "T_BILLING", "yt.billing.>"):
        async with connected(nats_server, "billing") as (billing, _):
            await billing.jetstream().publish("yt.billing.InvoicePaid.v1.0", b"{}")
        async with connected(nats_server, "analytics") as (analytics, _):
            js = analytics.jetstream()
            await js.add_consumer("T_BILLING", ConsumerConfig(durable_name="analytics"))
            subscription = await js.pull_subscribe_bind("analytics", "T_BILLING")
            [message] = await subscription.fetch(1, timeout=5)
            assert message.subject == "yt.billing.InvoicePaid.v1.0"
            await message.ack_sync()
            assert (await js.consumer_info("T_BILLING", "analytics")).num_ack_pending == 0


@pytest.mark.parametrize(
    "subject",
    [
        "yt.billing.InvoicePaid.v1.0",
        "yt.media.InvoicePaid.v1.0",
        "dlq.billing.x",
        "$JS.API.STREAM.DELETE.T",
        "_INBOX.x",
    ],
)
async def test_rule_4_15_a_service_cannot_publish_for_others(nats_server: NatsAccess, subject: str) -> None:
    async with connected(nats_server, "media") as (media, errors):
        await media.publish(subject, b"forged")
        await media.flush()
        async with asyncio.timeout(5):
            assert "permissions violation" in await errors.get()


async def test_anyone_may_signal_and_nobody_may_make_streams(nats_server: NatsAccess) -> None:
    async with stream(nats_server, "T_SIGNALS", "signal.>"), connected(nats_server, "media") as (media, errors):
        ack = await media.jetstream().publish("signal.ServiceHeartbeat.media", b"{}")
        assert ack.stream == "T_SIGNALS"
        with pytest.raises(nats.errors.TimeoutError):
            await media.jetstream(timeout=0.3).add_stream(StreamConfig(name="OWN", subjects=["own"]))
        assert "permissions violation" in await errors.get()


@pytest.mark.parametrize(("user", "password"), [("billing", "wrong"), (None, None)])
async def test_strangers_are_refused(nats_server: NatsAccess, user: str | None, password: str | None) -> None:
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization violation"):
        await nats.connect(nats_server.url, user=user, password=password, allow_reconnect=False)


async def test_limits_and_files(nats_server: NatsAccess) -> None:
    async with connected(nats_server, "admin") as (client, _):
        assert client.max_payload == MAX_PAYLOAD_BYTES
    configuration = nats_server.secrets_dir.parent / "nats" / "server.conf"
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert '"sync_interval": "always"' in configuration.read_text()
    assert nats_server.secrets_dir.stat().st_mode & 0o777 == 0o700
