"""The real process on real PostgreSQL and NATS: a ticket comes over the bus and its answer goes out again."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from nacl.public import PrivateKey

from ytempire.bus import NatsAccess, Relay, connect, read_stream, topology
from ytempire.chassis import Sealer
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.ports import free_ports
from ytempire.cli.testing import make_service_database, running_nats
from ytempire.events import Envelope
from ytempire.events.gateway import TicketRequested, VideoRequested
from ytempire.events.support import TicketOpened
from ytempire.eventstore import EventStore, MessageContext, handling, new_id
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.tasks import end


@dataclass
class Process:
    gateway: EventStore
    jetstream: Any
    sealer: Sealer
    health_url: str

    async def answers(self) -> list[Envelope]:
        return [envelope async for envelope, _ in read_stream(self.jetstream, "support")]


def make_secrets(folder: Path) -> None:
    folder.mkdir()
    key = PrivateKey.generate()
    (folder / "support.seal.key").write_bytes(base64.b64encode(bytes(key)))
    (folder / "support.seal.pub").write_bytes(base64.b64encode(bytes(key.public_key)))
    for name in ("kek", "audit"):
        (folder / f"support.{name}.key").write_bytes(base64.b64encode(os.urandom(32)))


@pytest.fixture
async def process(pg_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Process]:
    secrets, pg_secrets = tmp_path / "secrets", pg_server.superuser_password_file.parent
    make_secrets(secrets)
    mine = make_service_database(pg_server, pg_secrets, "support")
    others = make_service_database(pg_server, pg_secrets, "gateway")
    with psycopg.connect(others.owner_dsn, autocommit=True) as connection:
        create_event_store(connection, application_role="gateway", database=others.name)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running_nats(tmp_path, secrets))
        admin = await connect(NatsAccess(server.url, "admin", secrets / "nats.admin.password"), "admin")
        stack.push_async_callback(admin.close)
        await topology.apply(admin.jetstream())
        gateway = EventStore("gateway", others.dsn, lambda: datetime.now(UTC))
        await gateway.open()
        stack.push_async_callback(gateway.close)
        client = await connect(NatsAccess(server.url, "gateway", secrets / "nats.gateway.password"), "gateway")
        stack.push_async_callback(client.close)
        relay = asyncio.create_task(Relay(gateway, client).run())
        stack.push_async_callback(end, [relay])
        (port,) = free_ports(1)
        environment = {
            **os.environ,
            "YTEMPIRE_VAR": str(tmp_path),
            "YTEMPIRE_DATABASE_URL": mine.url,
            "YTEMPIRE_DATABASE_PASSWORD_FILE": str(mine.password_file),
            "YTEMPIRE_OWNER_DATABASE_URL": mine.owner_url,
            "YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE": str(mine.owner_password_file),
            "YTEMPIRE_NATS_URL": server.url,
            "YTEMPIRE_NATS_USER": "support",
            "YTEMPIRE_NATS_PASSWORD_FILE": str(secrets / "nats.support.password"),
            "YTEMPIRE_HEALTH_PORT": str(port),
            "YTEMPIRE_SECRETS_DIR": str(secrets),
            "YTEMPIRE_ASSETS_DIR": str(tmp_path),
        }
        log = tmp_path / "support.log"
        with log.open("wb") as output:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ytempire.support", env=environment, stdout=output, stderr=output
            )
        try:
            await ready(f"http://127.0.0.1:{port}/readyz", child, log)
            yield Process(gateway, admin.jetstream(), Sealer(secrets), f"http://127.0.0.1:{port}")
        finally:
            if child.returncode is None:
                child.terminate()
            assert await asyncio.wait_for(child.wait(), 15) == 0, tail(log)


async def ready(url: str, child: asyncio.subprocess.Process, log: Path) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            if child.returncode is not None:
                break
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    pytest.fail(f"support did not start:\n{tail(log)}")


def tail(log: Path) -> str:
    return log.read_text()[-3000:]


async def test_a_ticket_over_the_bus(process: Process) -> None:
    user, video, ticket = new_id(), new_id(), new_id()
    text = {"subject": "My video has no sound", "message": "Nothing to hear."}
    sealed = process.sealer.seal("support", text, datetime.now(UTC), timedelta(days=1))
    with handling(MessageContext(tenant=user)):
        wanted = VideoRequested(video_id=video, user_id=user, channel_id=new_id())
        await process.gateway.append(f"video-{video}", wanted)
        requested = await process.gateway.append(
            f"ticket-{ticket}", TicketRequested(ticket_id=ticket, user_id=user, video_id=video, sealed=sealed)
        )
    async with asyncio.timeout(20):
        while True:
            answers = await process.answers()
            if len(answers) == 3:
                break
            await asyncio.sleep(0.1)
    assert [a.type for a in answers] == ["TicketCategorised.v1", "TicketOpened.v1", "TicketReplied.v1"]
    assert {(a.tenantid, a.correlationid) for a in answers} == {(user, requested.events[0].id)}
    opened = answers[1].event()
    assert isinstance(opened, TicketOpened)
    assert (opened.category, opened.auto_response, opened.job and opened.job.video_id) == (
        "technical_issue",
        "no_sound",
        video,
    )
    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        while True:
            state = (await client.get(f"{process.health_url}/internal/state")).json()
            if state["settled"]:
                break
            await asyncio.sleep(0.1)
    assert state["next_due"] == opened.estimated_response_at.isoformat()
