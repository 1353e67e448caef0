"""Runs a service process: migrations, store, read models, relay, consumers, reactions, timers, health."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from ytempire.bus import Consumers, Relay, broker, connect, read_carried
from ytempire.bus import signal as send_signal
from ytempire.chassis import collector, health, telemetry
from ytempire.chassis.clock import Clock, SystemClock, VirtualClock
from ytempire.chassis.host import AnyDefinition, Host, Service
from ytempire.chassis.settings import ServiceSettings, load
from ytempire.chassis.state import State
from ytempire.chassis.watch import Watch
from ytempire.events import Envelope
from ytempire.events.platform import LogHeadSealed
from ytempire.events.signals import ServiceHeartbeat
from ytempire.eventstore import EventStore, Handlers, Leases, ReadModels, crash
from ytempire.eventstore.heads import HeadKey, HeadSealer, witness
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.rebuilding import Rebuilder
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.workers import Projector, Reactor

_HEARTBEAT_S = 10.0
log = structlog.get_logger()


def run(definition: AnyDefinition) -> None:
    """The body of every service's ``__main__``."""
    settings = load(definition.settings, definition.name)
    if crash.armed() and settings.profile != "embedded":
        sys.exit(
            f"{definition.name}: {crash.VARIABLE} is for tests alone; unset it to start in profile {settings.profile}."
        )
    telemetry.set_up_logs(settings.service, settings.log_level)
    traces = telemetry.set_up_traces(settings)
    upgrade(migrations_of(definition), settings.owner_dsn(), application_role=settings.service)
    try:
        import uvloop

        uvloop.run(_Process(definition, settings).run())
    finally:
        traces.shutdown()


def migrations_of(definition: AnyDefinition) -> Path:
    """The migrations folder that lies beside the service's ``src``."""
    return Path(definition.package_file).resolve().parents[3] / "migrations"


async def open_clock(settings: ServiceSettings, tls: ssl.SSLContext) -> Clock:
    """The clock the settings ask for, already telling the right time."""
    if settings.clock == "system":
        return SystemClock()
    clock = VirtualClock(settings.clock_url, tls)
    await clock.synchronise()
    return clock


def _arriving(clock: Clock) -> Callable[[str, Envelope], contextlib.AbstractContextManager[str | None]]:
    """What surrounds the handling of a foreign event: its time is known before it is handled, and it is traced."""

    def arriving(consumer: str, envelope: Envelope) -> contextlib.AbstractContextManager[str | None]:
        clock.observe(envelope.time)
        return telemetry.traced(consumer, envelope)

    return arriving


class _Process:
    def __init__(self, definition: AnyDefinition, settings: ServiceSettings) -> None:
        self._definition, self._settings = definition, settings
        self._ready = False
        self._tasks: list[asyncio.Task[Any]] = []
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            log.info("ready")
            await self._stop.wait()
            log.info("stopping")
            self._ready = False

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        settings, definition = self._settings, self._definition
        tls = ssl.create_default_context(cafile=settings.ca_bundle)
        clock = await open_clock(settings, tls)
        store = EventStore(definition.name, settings.dsn(), clock.now)
        await store.open()
        stack.push_async_callback(store.close)
        models = ReadModels(definition.name, settings.dsn(), definition.projections)
        stack.push_async_callback(models.close)
        client = await connect(settings.nats(), definition.name)
        stack.push_async_callback(client.close)
        for raised in await models.install():
            # other copies serve the version before; this one is not ready until its own is level
            log.info("read model of a new version is built", projection=raised.name, version=raised.version)
            await Rebuilder(store, models, raised, partial(read_carried, client.jetstream())).finish()
        host: Host[Any] = Host(settings, clock, store, models, client, client.jetstream(), tls)
        service = await definition.build(host)
        stack.push_async_callback(self._cancel_tasks)
        self._spawn(clock.run(), "clock")
        await self._start_flows(stack, host, service)
        collector.start_up_is_over()
        self._ready = True

    async def _start_flows(self, stack: contextlib.AsyncExitStack, host: Host[Any], service: Service) -> None:
        store, models = host.store, host.models
        leases = Leases(store.dsn)
        relay = Relay(store, host.nats)
        projectors = [
            Projector(store, models, p) for p in models.projections if store.service in p.producers(store.service)
        ]
        reactors = [Reactor(store, reaction, telemetry.traced) for reaction in service.reactions]
        timers = TimerRunner(store, service.reacted)
        await timers.catch_up()
        heads = HeadSealer(store, HeadKey.load(host.settings.secrets_dir, store.service))
        subscriptions: Handlers = {**service.subscriptions, LogHeadSealed: witness(store)}
        faststream = broker(host.settings.nats(), f"{store.service}-consumers")
        consumers = Consumers(faststream, host.nats, store, models, subscriptions, _arriving(host.clock), leases)
        await consumers.start()
        await faststream.start()
        stack.push_async_callback(faststream.stop)
        # whatever has one order has one owner, however many copies of the service run
        leases.lead("relay", relay.run)
        leases.lead("timers", timers.run)
        leases.lead("heads", heads.run)
        for projector in projectors:
            leases.lead(projector.name, projector.run)
        for reactor in reactors:
            leases.lead(reactor.name, reactor.run)
        self._spawn(leases.run(), "leases")
        self._spawn(Watch(host.nats, store, leases, relay, projectors, consumers).run(), "watch")
        self._spawn(self._heartbeat(host), "heartbeat")
        for loop in service.background:
            self._spawn(loop(), "background")
        host.clock.on_move(timers.moved.set)
        state = State(host, service, leases, relay, projectors, reactors, timers, consumers)
        self._serve(health.application(lambda: self._ready, state), "127.0.0.1", host.settings.health_port)
        if service.http is not None:
            self._serve(service.http, "0.0.0.0", service.http_port)  # noqa: S104 - the one public door

    def _serve(self, app: Any, address: str, port: int) -> None:
        server = health.Server(app, address, port)
        self._spawn(server.serve(), f"http:{port}")

    async def _heartbeat(self, host: Host[Any]) -> None:
        while True:
            head = await host.store.head()
            beat = ServiceHeartbeat(service=host.store.service, at=host.clock.now(), position=head.position)
            await send_signal(host.nats, f"heartbeat.{host.store.service}", beat)
            await asyncio.sleep(_HEARTBEAT_S)

    def _spawn(self, loop: Awaitable[Any], name: str) -> None:
        task = asyncio.ensure_future(loop)
        task.add_done_callback(lambda done: self._ended(done, name))
        self._tasks.append(task)

    def _ended(self, task: asyncio.Future[Any], name: str) -> None:
        """A part that ends before the process is a fault: stop, so that the supervisor starts us afresh."""
        if task.cancelled() or self._stop.is_set():
            return
        log.error("a part of the process ended", part=name, error=repr(task.exception()))
        self._stop.set()

    async def _cancel_tasks(self) -> None:
        await end(reversed(self._tasks))
