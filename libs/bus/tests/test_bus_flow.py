"""Two services on real PostgreSQL and NATS: an event of one leads to an event of the other, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.bus import Consumers, NatsAccess, Relay, broker, connect, read_carried, topology
from ytempire.chassis.telemetry import traced
from ytempire.cli.testing import NatsAccess as RunningNats
from ytempire.cli.testing import ServiceDatabaseFactory
from ytempire.events import Envelope, Money
from ytempire.events.billing import EntitlementsChanged
from ytempire.events.onboarding import PlanSelected
from ytempire.eventstore import Delivery, EventStore, Handlers, Leases, Projection, ReadModels, derived_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.workers import Projector

MIGRATIONS = Path(__file__).parents[3] / "services/billing/migrations"
TABLES = MetaData()
PLANS = Table(
    "plans", TABLES, Column("user_id", Text, primary_key=True), Column("plan", Text), Column("channels", BigInteger)
)


async def _selected(connection: AsyncConnection, event: PlanSelected, _: Envelope) -> None:
    row = {"user_id": event.user_id, "plan": event.plan}
    await connection.execute(insert(PLANS).values(row).on_conflict_do_update(index_elements=["user_id"], set_=row))


async def _entitled(connection: AsyncConnection, event: EntitlementsChanged, _: Envelope) -> None:
    row: dict[str, Any] = {"user_id": event.user_id, "channels": event.channels}
    await connection.execute(insert(PLANS).values(row).on_conflict_do_update(index_elements=["user_id"], set_=row))


PROJECTION = Projection("plans", TABLES, {PlanSelected: _selected, EntitlementsChanged: _entitled})


def plan_selected(number: int) -> PlanSelected:
    return PlanSelected(
        user_id=derived_id("user", str(number)),
        plan="starter",
        price=Money.parse("97", "USD"),
        channels=5,
        videos_per_day=15,
        trial_days=7,
    )


@dataclass
class Running:
    store: EventStore
    models: ReadModels
    consumers: Consumers
    jetstream: Any
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


@asynccontextmanager
async def service(
    name: str, databases: ServiceDatabaseFactory, nats: RunningNats, projections: list[Projection], handlers: Handlers
) -> AsyncIterator[Running]:
    database = databases(name)
    upgrade(MIGRATIONS, database.owner_dsn, application_role=name)
    access = NatsAccess(nats.url, name, nats.password_file(name))
    async with AsyncExitStack() as stack:
        store = EventStore(name, database.dsn, lambda: datetime.now(UTC))
        await store.open()
        stack.push_async_callback(store.close)
        models = ReadModels(name, database.dsn, projections)
        stack.push_async_callback(models.close)
        await models.install()
        client = await connect(access, name)
        stack.push_async_callback(client.close)
        stream = broker(access, name)
        leases = Leases(store.dsn)
        consumers = Consumers(stream, client, store, models, handlers, traced, leases)
        await consumers.start()
        await stream.start()
        stack.push_async_callback(stream.stop)
        loops = [Relay(store, client).run(), leases.run(), *(Projector(store, models, p).run() for p in projections)]
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            yield Running(store, models, consumers, client.jetstream(), tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Any, what: str) -> None:
    for _ in range(400):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"did not happen: {what}")


async def test_an_event_of_one_service_leads_to_one_of_another_once(
    service_database: ServiceDatabaseFactory, nats_server: RunningNats
) -> None:
    admin = await connect(NatsAccess(nats_server.url, "admin", nats_server.password_file("admin")), "admin")
    await topology.apply(admin.jetstream())
    assert await topology.apply(admin.jetstream()) == [], "applying twice changes nothing"

    handled: list[str] = []

    async with (
        service("onboarding", service_database, nats_server, [], {}) as onboarding,
        AsyncExitStack() as stack,
    ):
        stores: list[EventStore] = []

        async def entitle(event: PlanSelected, delivery: Delivery) -> None:
            handled.append(event.user_id)
            if len(handled) % 3 == 0:
                raise RuntimeError("a fault that passes")
            granted = EntitlementsChanged(
                user_id=event.user_id, plan=event.plan, active=True, channels=event.channels, videos_per_day=15
            )
            await stores[0].append(f"account-{event.user_id}", granted, claim=delivery.claim)

        billing = await stack.enter_async_context(
            service("billing", service_database, nats_server, [PROJECTION], {PlanSelected: entitle})
        )
        stores.append(billing.store)
        count = 60
        await asyncio.gather(*(onboarding.store.append(f"account-{n % 7}", plan_selected(n)) for n in range(count)))

        async def complete() -> bool:
            async with billing.models.reading(PROJECTION) as connection:
                rows = (await connection.execute(select(PLANS))).all()
            return len(rows) == count and all(r.plan == "starter" and r.channels == 5 for r in rows)

        await until(complete, "every plan in the read model")
        head = await billing.store.head()
        assert head.position == count, "one consequence for each event, though a third of the tries failed"
        assert len(handled) > count

        rebuilt = await rebuild(billing.store, billing.models, PROJECTION, partial(read_carried, billing.jetstream))
        assert rebuilt.equal
        assert rebuilt.rows == count
        for store in (onboarding.store, billing.store):
            audit = await verify(store)
            assert audit.ok, audit.findings
            assert audit.events_checked == count
        assert await billing.consumers.pending() == 0
    await admin.close()
