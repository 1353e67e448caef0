"""What the tests of the libraries share: a store of their own for each test, and a clock that only a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings

from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.testing import ServiceDatabase, ServiceDatabaseFactory
from ytempire.eventstore import EventStore
from ytempire.eventstore.schema import create_event_store

# no deadline: how long an example takes is the machine's affair
hypothesis_settings.register_profile("libs", max_examples=100, deadline=None)
hypothesis_settings.load_profile("libs")

SERVICE = "billing"


@dataclass
class StillClock:
    """Business time that stands still between two moves."""

    at: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class StoreDatabase:
    """A database with the tables of an event store and nothing in them."""

    database: ServiceDatabase
    postgres: PostgresServer
    clock: StillClock = field(default_factory=StillClock)

    def store(self) -> EventStore:
        """Another process' view of the same log, not opened."""
        return EventStore(SERVICE, self.database.dsn, self.clock.now)

    def tamper(self, *statements: str) -> None:
        """Do what only the superuser can: change the log behind its triggers and foreign keys."""
        with self.postgres.connect(self.database.name) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())


@pytest.fixture
def store_database(service_database: ServiceDatabaseFactory, pg_server: PostgresServer) -> StoreDatabase:
    database = service_database(SERVICE)
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:

        class _Owner:
            def execute(self, sql: str) -> object:
                return connection.execute(sql.encode())

        create_event_store(_Owner(), application_role=SERVICE, database=database.name)
    return StoreDatabase(database, pg_server)


OpenStore = Callable[[], Awaitable[EventStore]]


@pytest.fixture
async def open_store(store_database: StoreDatabase) -> AsyncIterator[OpenStore]:
    """``await open_store()`` opens one more store on the test's database; all are closed afterwards."""
    async with AsyncExitStack() as stack:

        async def opened() -> EventStore:
            store = store_database.store()
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
async def store(open_store: OpenStore) -> EventStore:
    return await open_store()


@pytest.fixture
def clock(store_database: StoreDatabase) -> StillClock:
    return store_database.clock
