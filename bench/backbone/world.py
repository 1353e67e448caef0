"""What all rows share: PostgreSQL and NATS as they are shipped, stores in fresh databases, one event of a fair size."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from nats.aio.client import Client
from nats.js.api import StorageType, StreamConfig

from ytempire.bus import NatsAccess, connect, topology
from ytempire.chassis.settings import ServiceSettings
from ytempire.chassis.telemetry import set_up_traces
from ytempire.cli.testing import EmbeddedServers, ServiceDatabase, drop_service_database, embedded_servers
from ytempire.events.onboarding import PreferencesSaved
from ytempire.eventstore import EventStore, MessageContext, new_id
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.vault import Vault
from ytempire.onboarding.domain.events import MailQueued

SERVICE, CONSUMER = "onboarding", "billing"
DATA_BYTES = 256
"""Of an event's data as JSON; with a tenant its metadata has some 150 more."""

STREAM_LENGTH = 10
"""Events a stream gets in the append rows, so that both new and known streams are met."""

RAW_SUBJECT = "bench.message"
_USER = new_id()
_numbers = itertools.count(1)


def now() -> datetime:
    return datetime.now(UTC)


def _filled(text: str) -> PreferencesSaved:
    return PreferencesSaved(
        user_id=_USER,
        video_style="documentary",
        video_length_s=480,
        auto_publish=True,
        timezone="Europe/Berlin",
        dashboard_layout={"notes": text},
    )


_FILLING = DATA_BYTES - len(_filled("").model_dump_json())
EVENT = _filled("x" * _FILLING)
"""A public event of ``DATA_BYTES``."""
DATA = EVENT.model_dump_json()
META = json.dumps({"tenant": _USER, "correlation": _USER, "causation": _USER}, separators=(",", ":"))
CONTEXT = MessageContext(_USER, _USER, _USER)
PLAIN = "x" * (_FILLING * 3 // 4 - 28)
"""Becomes as long as the filling once it is encrypted and in base64."""


def _mail(text: str) -> MailQueued:
    return MailQueued(mail_id=_USER, user_id=_USER, template="trial-ending", data={"text": text})


PRIVATE_EVENT = _mail("x" * (DATA_BYTES - len(_mail("").model_dump_json())))
"""An event of the same size that never leaves its store."""


def encrypted(ciphertext: str) -> PreferencesSaved:
    """The same event with its free text encrypted."""
    return _filled(ciphertext)


def fresh(what: str) -> str:
    """A name that nobody used before."""
    return f"{what}-{os.getpid()}-{next(_numbers)}"


@dataclass
class World:
    """The running servers."""

    servers: EmbeddedServers

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncIterator[World]:
        with embedded_servers() as servers:
            world = cls(servers)
            async with world.client("admin") as admin:
                await topology.apply(admin.jetstream())
            tracing = set_up_traces(world._settings())
            try:
                yield world
            finally:
                tracing.shutdown()

    def _settings(self) -> ServiceSettings:
        nobody, secrets = self.servers.postgres, self.servers.secrets_dir
        return ServiceSettings(
            service=SERVICE,
            var=secrets.parent,
            database_url=nobody.url(SERVICE, SERVICE),
            database_password_file=secrets,
            owner_database_url=nobody.url(SERVICE, SERVICE),
            owner_database_password_file=secrets,
            nats_url=self.servers.nats.url,
            nats_user=SERVICE,
            nats_password_file=secrets,
            health_port=1,
            secrets_dir=secrets,
            assets_dir=secrets,
            trace_dir=secrets.parent / "traces",
        )

    @asynccontextmanager
    async def database(self, service: str = SERVICE) -> AsyncIterator[ServiceDatabase]:
        """A database with an empty event store; dropped afterwards."""
        database = await asyncio.to_thread(self.servers.service_database, service)
        with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
            create_event_store(_Owner(connection), application_role=service, database=database.name)
        try:
            yield database
        finally:
            await asyncio.to_thread(drop_service_database, self.servers.postgres, database.name)

    @asynccontextmanager
    async def store(self, service: str = SERVICE) -> AsyncIterator[EventStore]:
        """An open store on a database of its own."""
        async with self.database(service) as database, opened(service, database.dsn) as store:
            yield store

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Client]:
        """A plain connection to NATS."""
        client = await connect(self.access(user), fresh(user))
        try:
            yield client
        finally:
            await client.close()

    def access(self, user: str) -> NatsAccess:
        known = self.servers.nats_access
        return NatsAccess(known.url, user, known.password_file(user))


@asynccontextmanager
async def opened(service: str, dsn: str) -> AsyncIterator[EventStore]:
    store = EventStore(service, dsn, now)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def raw_stream(world: World) -> AsyncIterator[Client]:
    """A stream of nobody's that takes ``RAW_SUBJECT``, and a client that may publish to it."""
    async with world.client("admin") as client:
        name, jetstream = "BENCH", client.jetstream()
        config = StreamConfig(name=name, subjects=[RAW_SUBJECT], storage=StorageType.FILE, allow_atomic=True)
        await jetstream.add_stream(config)
        try:
            yield client
        finally:
            await jetstream.delete_stream(name)


def vault_of(store: EventStore) -> Vault:
    kek = os.urandom(32)
    return Vault(store.pool, lambda: [kek])


class _Owner:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str) -> object:
        return self._connection.execute(sql.encode())
