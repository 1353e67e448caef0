"""Runs a service's real parts inside a test, on a fresh database and a clock that the test moves.

Everything but the bus is the production code: migrations, store, read models, reactions and timers run as in a service
process; foreign events are handed to the service's handlers as the bus does, transient failures tried again included.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from ytempire.bus import connect
from ytempire.chassis import telemetry
from ytempire.chassis.host import AnyDefinition, Host, Service
from ytempire.chassis.runner import migrations_of
from ytempire.chassis.settings import ServiceSettings
from ytempire.events import PLATFORM_TENANT, Envelope, Event
from ytempire.eventstore import (
    Delivery,
    EventStore,
    MessageContext,
    ReadModels,
    Recorded,
    TransientError,
    handling,
    new_id,
)
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.workers import Projector, Reactor

E = TypeVar("E", bound=Event)
_QUIET_S = 30.0
_POLL_S = 0.01


class ManualClock:
    """The wall's time plus an offset that a test sets."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.revision = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def on_move(self, heard: Callable[[], None]) -> None:
        """Nobody is told: a test waits for what follows."""

    def observe(self, at: datetime) -> None:
        """A test alone moves it."""

    async def run(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Bench:
    """A service under test."""

    host: Host[Any]
    service: Service
    _projectors: Sequence[Projector]
    _reactors: Sequence[Reactor]
    _timers: TimerRunner
    _positions: dict[str, int] = field(default_factory=dict)

    @property
    def store(self) -> EventStore:
        return self.host.store

    def envelope(
        self, event: Event, *, tenant: str = PLATFORM_TENANT, id: str | None = None, at: datetime | None = None
    ) -> Envelope:
        """The event as its producer would have sent it."""
        event_id, producer = id or new_id(), event.producers[0]
        self._positions[producer] = self._positions.get(producer, 0) + 1
        return Envelope(
            id=event_id,
            source=f"/ytempire/{producer}",
            type=event.type_name(),
            subject="stream-of-the-producer",
            time=at or self.host.clock.now(),
            data=event.model_dump(mode="json"),
            tenantid=tenant,
            correlationid=event_id,
            causationid=event_id,
            position=self._positions[producer],
            streamversion=1,
        )

    async def deliver(
        self, event: Event, *, tenant: str = PLATFORM_TENANT, id: str | None = None, at: datetime | None = None
    ) -> Envelope:
        """Hand a foreign event to the service, again after a moment for as long as it asks for that."""
        envelope = self.envelope(event, tenant=tenant, id=id, at=at)
        attempt = 1
        while True:
            delivery = Delivery(envelope, f"{self.store.service}__work__{envelope.producer}", attempt)
            try:
                with handling(MessageContext.of(envelope)):
                    await self.service.subscriptions[type(event)](envelope.event(), delivery)
                return envelope
            except TransientError:
                if delivery.last:
                    raise
                attempt += 1
                await asyncio.sleep(_POLL_S)

    async def settle(self) -> None:
        """Wait until nothing is due and every reaction and read model is level with the log.

        :raises TimeoutError: if that takes longer than 30 seconds.
        """
        async with asyncio.timeout(_QUIET_S):
            while True:
                if await self._quiet():
                    return
                await asyncio.sleep(_POLL_S)

    async def _quiet(self) -> bool:
        await self._timers.refresh()
        head = (await self.store.head()).position
        return not (
            self._timers.firing
            or self._timers.due(self.host.clock.now())
            or any(r.busy or r.position < head for r in self._reactors)
            or any(p.position < head for p in self._projectors)
        )

    async def log(self) -> list[Recorded]:
        """Everything the service recorded, in order."""
        return await self.store.read(0, 100_000)

    async def events(self, kind: type[E]) -> list[E]:
        """Every recorded event of a kind, in order."""
        return [r.event for r in await self.log() if r.type == kind.type_name() and isinstance(r.event, kind)]

    async def types(self) -> list[str]:
        """Names of everything recorded, without versions."""
        return [record.type.rpartition(".")[0] for record in await self.log()]


def settings_of(
    definition: AnyDefinition, *, database: Any, nats: Any, secrets_dir: Path, folder: Path, **own: object
) -> ServiceSettings:
    """A service's settings for a test.

    :param database: what the fixture ``service_database`` makes.
    :param nats: what the fixture ``nats_server`` gives.
    :param own: the service's own settings, by name.
    """
    basics: Mapping[str, object] = {
        "service": definition.name,
        "var": folder,
        "database_url": database.url,
        "database_password_file": database.password_file,
        "owner_database_url": database.owner_url,
        "owner_database_password_file": database.owner_password_file,
        "nats_url": nats.url,
        "nats_user": definition.name,
        "nats_password_file": nats.password_file(definition.name),
        "health_port": 1,
        "secrets_dir": secrets_dir,
        "assets_dir": folder / "assets",
    }
    made: ServiceSettings = definition.settings(**{**basics, **own})
    return made


@asynccontextmanager
async def running(
    definition: AnyDefinition, settings: ServiceSettings, clock: ManualClock, *, react: bool = True
) -> AsyncIterator[Bench]:
    """The service, migrated and with its loops running, until the block ends.

    :param react: without, nothing follows from the service's own events, as if it had crashed behind the append.
    """
    upgrade(migrations_of(definition), settings.owner_dsn(), application_role=settings.service)
    async with AsyncExitStack() as stack:
        store = EventStore(definition.name, settings.dsn(), clock.now)
        await store.open()
        stack.push_async_callback(store.close)
        models = ReadModels(definition.name, settings.dsn(), definition.projections)
        stack.push_async_callback(models.close)
        await models.install()
        client = await connect(settings.nats(), f"{definition.name}-test")
        stack.push_async_callback(client.close)
        tls = ssl.create_default_context(cafile=settings.ca_bundle)
        host: Host[Any] = Host(settings, clock, store, models, client, client.jetstream(), tls)
        service = await definition.build(host)
        own = [p for p in definition.projections if definition.name in p.producers(definition.name)]
        bench = Bench(
            host,
            service,
            [Projector(store, models, p) for p in own],
            [Reactor(store, reaction, telemetry.traced) for reaction in service.reactions if react],
            TimerRunner(store, service.reacted),
        )
        loops = [
            *(projector.run() for projector in bench._projectors),
            *(reactor.run() for reactor in bench._reactors),
            bench._timers.run(),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        stack.push_async_callback(end, tasks)
        yield bench
