"""The read models of one service, in its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ytempire.events import Envelope
from ytempire.eventstore.generations import begin, generations
from ytempire.eventstore.leases import LEASE_S
from ytempire.eventstore.projection import EVERY_TENANT, Projection, within
from ytempire.eventstore.writing import Applier

_LAZY = " ".join(
    (
        EVERY_TENANT,
        "-c timezone=UTC",
        "-c synchronous_commit=off",
        # the locks of a process that froze in a transaction are freed before its lease is
        f"-c idle_in_transaction_session_timeout={LEASE_S - 1}s",
    )
)

_TENANT = "tenant"
_FOR = text("select set_config('ytempire.tenant', :tenant, false)")

Applied = Callable[[Sequence[Envelope]], None]


def _engine(dsn: str, options: str) -> AsyncEngine:
    async def connect() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(dsn, options=options)

    # beyond its size a pool closes what comes back, and a log-in costs more than any query; the last used one
    # first, so that a quiet service keeps few
    return create_async_engine(
        "postgresql+psycopg://", async_creator=connect, pool_size=8, max_overflow=4, pool_use_lifo=True
    )


class ReadModels:
    """The read models of one service: their tables, and connections that read them."""

    def __init__(self, service: str, dsn: str, projections: Sequence[Projection]) -> None:
        self.service, self.projections = service, tuple(projections)
        self.engine = _engine(dsn, EVERY_TENANT)
        # a query of its own needs no transaction around it, which would be two more round trips
        self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._tenants = _engine(dsn, "").execution_options(isolation_level="AUTOCOMMIT")
        self._lazy = AsyncConnectionPool(
            dsn, min_size=1, max_size=4, timeout=5, open=False, kwargs={"autocommit": True, "options": _LAZY}
        )

        self.applier = Applier(self.lazily)
        self._heard: list[Applied] = []

    def on_applied(self, heard: Applied) -> None:
        """Call ``heard`` with events of other services each time all read models have them, as this process knows."""
        self._heard.append(heard)

    def applied(self, run: Sequence[Envelope]) -> None:
        """A run of another service's events was committed to all read models."""
        for heard in self._heard:
            heard(run)

    async def close(self) -> None:
        await self.applier.close()
        await self._lazy.close()
        await self.engine.dispose()
        await self._tenants.dispose()

    async def install(self) -> Sequence[Projection]:
        """Make the tables of projections that nobody has read yet; they fill themselves from the logs.

        :returns: projections whose version was raised: they must be rebuilt before this release can read them.
        """
        raised = []
        async with self.engine.begin() as connection:
            # one copy at a time: copies of a service start together
            await connection.execute(text("select pg_advisory_xact_lock(724502)"))
            for projection in self.projections:
                known = [g for g in await generations(connection, projection.name) if g.status != "kept"]
                if not known:
                    await begin(connection, projection, "active", schema=projection.schema)
                elif not any(g.status == "active" and g.version == projection.version for g in known):
                    raised.append(projection)
        return raised

    @asynccontextmanager
    async def reading(self, projection: Projection) -> AsyncIterator[AsyncConnection]:
        """A connection whose unqualified tables are the projection's live ones; each query sees what is committed."""
        async with self._reads.connect() as connection:
            yield await within(connection, projection.schema)

    @asynccontextmanager
    async def reading_for(self, projection: Projection, tenant: str) -> AsyncIterator[AsyncConnection]:
        """The same for one tenant: of tables with tenants the database itself shows no row of another."""
        async with self._tenants.connect() as connection:
            # a connection remembers whom it served last: only another tenant costs a round trip
            if connection.info.get(_TENANT) != tenant:
                await connection.execute(_FOR, {"tenant": tenant})
                connection.info[_TENANT] = tenant
            yield await within(connection, projection.schema)

    @asynccontextmanager
    async def lazily(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A plain connection whose commits do not wait for the disk.

        For what can be done again from what is kept elsewhere, or means nothing without a commit that follows.
        """
        await self._lazy.open()
        async with self._lazy.connection() as connection:
            yield connection
