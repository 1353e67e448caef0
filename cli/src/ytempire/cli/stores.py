"""Opens the stores of a running platform for tools that read them: audit and replay. Nothing is appended."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nats.js import JetStreamContext
from psycopg.conninfo import make_conninfo

from ytempire.bus import NatsAccess, connect
from ytempire.chassis.host import AnyDefinition
from ytempire.cli.embedded.nats import ADMIN, password_file
from ytempire.cli.environment import service_environment
from ytempire.cli.plan import PlatformPlan
from ytempire.eventstore import EventStore, Projection, ReadModels
from ytempire.eventstore.findings import LedgerCheck


@dataclass(frozen=True)
class OpenService:
    """A service's store and read models."""

    store: EventStore
    models: ReadModels
    jetstream: JetStreamContext
    ledgers: Sequence[LedgerCheck] = ()


def definition_of(service: str) -> AnyDefinition:
    """How a service is made."""
    definition: AnyDefinition = importlib.import_module(f"ytempire.{service}.bootstrap").DEFINITION
    return definition


def projections_of(service: str) -> tuple[Projection, ...]:
    """Every read model that a service defines."""
    return tuple(definition_of(service).projections)


@asynccontextmanager
async def open_services(plan: PlatformPlan, only: str | None = None) -> AsyncIterator[list[OpenService]]:
    """All services of the platform, or only one, by their own application roles."""
    async with AsyncExitStack() as stack:
        access = NatsAccess(plan.nats_url, ADMIN, password_file(plan.secrets_dir, ADMIN))
        client = await connect(access, "ytempire-tools")
        stack.push_async_callback(client.close)
        opened = []
        for service in (s for s in plan.services if only in (None, s)):
            dsn = _dsn(plan, service)
            store = EventStore(service, dsn, lambda: datetime.now(UTC))
            await store.open()
            stack.push_async_callback(store.close)
            models = ReadModels(service, dsn, projections_of(service))
            stack.push_async_callback(models.close)
            opened.append(OpenService(store, models, client.jetstream(), definition_of(service).ledgers))
        yield opened


def _dsn(plan: PlatformPlan, service: str) -> str:
    environment = service_environment(plan, service, os.environ)
    password = Path(environment["YTEMPIRE_DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    return make_conninfo(environment["YTEMPIRE_DATABASE_URL"], password=password)
