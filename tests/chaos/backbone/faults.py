"""What goes wrong, and when: a plan drawn from a seed, each fault at its share of the load."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import psutil
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError
from tests.chaos.backbone.names import CONSUMER, PRODUCER
from tests.chaos.backbone.world import Supervised, World

from ytempire.bus.topology import stream_of
from ytempire.cli.testing import until
from ytempire.eventstore import LEASE_S, crash

_RESETS = 4
_MADE_AGAIN_S = 60.0
_CRASH_S = 20.0
"""So long a process has to start and to come to its crash point."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. ``choice`` settles what the kind leaves open."""

    kind: str
    choice: int


async def kill_service(world: World, choice: int) -> None:
    """kill -9 of one copy of a service."""
    services = world.services()
    services[choice % len(services)].kill()
    world.kills += 1


async def crash_point(world: World, choice: int) -> None:
    """One copy ends at a named step, the other copies of its service meanwhile at none."""
    name = crash.POINTS[choice % len(crash.POINTS)]
    service = (PRODUCER, CONSUMER)[choice // len(crash.POINTS) % 2] if _both(name) else CONSUMER
    await crash_at(world, service, f"{name}:{1 + choice % 3}")


def _both(name: str) -> bool:
    return name.startswith(("append", "relay", "consume"))


async def crash_at(world: World, service: str, place: str) -> None:
    """Make every copy of a service ready to end at a place, and wait for the first that does."""
    events = [copy.crash_at(place) for copy in world.copies[service]]
    world.kills += len(events)
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=_CRASH_S, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    came = sum(event.is_set() for event in events)
    if came:
        world.crashed.append(place.partition(":")[0])
    world.kills += came
    for copy in world.copies[service]:
        copy.disarm()


async def kill_nats(world: World, choice: int) -> None:
    """kill -9 of the NATS server."""
    world.bus.kill()
    world.kills += 1


async def kill_postgres(world: World, choice: int) -> None:
    """kill -9 of the postmaster."""
    world.database.kill()
    world.kills += 1


async def kill_backend(world: World, choice: int) -> None:
    """kill -9 of one backend: the postmaster ends all others and recovers."""
    await world.database.ready()
    with world.sql("postgres") as connection:
        rows = connection.execute(
            "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
            " order by pid"
        ).fetchall()
    if rows:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rows[choice % len(rows)][0], signal.SIGKILL)
        world.kills += 1


async def freeze(world: World, choice: int) -> None:
    """A leader stands still for longer than its lease and then goes on as if nothing had happened."""
    service = (PRODUCER, CONSUMER)[choice % 2]
    await world.database.ready()
    with world.sql(service) as connection:
        row = connection.execute(
            "select split_part(owner, ':', 2)::int from es.leases where name <> 'copy' and until > clock_timestamp()"
            " group by owner order by count(*) desc limit 1"
        ).fetchone()
    pid = row[0] if row else world.copies[service][0].pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(LEASE_S + 1)
        finally:
            os.kill(pid, signal.SIGCONT)


async def lose_jetstream(world: World, choice: int) -> None:
    """The whole JetStream directory is gone: streams, consumers, everything."""
    await world.bus.kill_for_good()
    world.kills += 1
    await asyncio.to_thread(shutil.rmtree, world.nats_server.home / "jetstream")
    await world.bus.start()
    await world.make_streams()


async def duplicates(world: World, choice: int) -> None:
    """Everything is delivered to the handlers once more, the newest beside the oldest."""
    async with world.admin() as client:
        for service, producer in ((CONSUMER, PRODUCER), (PRODUCER, CONSUMER)):
            await _reset(client.jetstream(), stream_of(producer), f"{service}__work__{producer}", 1)


async def reorder(world: World, choice: int) -> None:
    """Ordered consumers are set to other places behind their owners' backs: back, and forward over a gap."""
    async with world.admin() as client:
        jetstream, stream = client.jetstream(), stream_of(PRODUCER)
        for info in await jetstream.consumers_info(stream):
            if "__projections__" in info.name:
                last = info.delivered.stream_seq if info.delivered else 0
                target = max(1, last + random.Random(f"{choice}{info.name}").randrange(-200, 50))
                await _reset(jetstream, stream, info.name, target)


async def _reset(jetstream: JetStreamContext, stream: str, durable: str, sequence: int) -> None:
    """Set a consumer to a place; refused where the place is not there. No answer is asked for again.

    :raises RuntimeError: if there never is one: a fault that did nothing is no fault.
    """
    await until(partial(_is_there, jetstream, stream, durable), _MADE_AGAIN_S)
    for _ in range(_RESETS):
        with contextlib.suppress(NatsTimeoutError, NoRespondersError):
            with contextlib.suppress(JetStreamError):
                await jetstream.reset_consumer(stream, durable, sequence)
            return
    raise RuntimeError(f"{durable} could not be set to {sequence}: NATS did not answer {_RESETS} times")


async def _is_there(jetstream: JetStreamContext, stream: str, durable: str) -> bool:
    """Whether a consumer is there; after the loss of its stream its service makes it again.

    The server never answers the reset of a consumer it does not know: that was asked for four times in vain.
    """
    with contextlib.suppress(NatsTimeoutError, NoRespondersError, JetStreamError):
        return durable in {info.name for info in await jetstream.consumers_info(stream)}
    return False


async def cut(world: World, choice: int) -> None:
    """Every connection to one of the servers is reset, and new ones are refused for a moment."""
    proxy = (world.to_postgres, world.to_nats)[choice % 2]
    proxy.refusing = True
    proxy.cut()
    await asyncio.sleep(0.5)
    proxy.refusing = False


async def delay(world: World, choice: int) -> None:
    """The network to both servers is slow."""
    for proxy in (world.to_postgres, world.to_nats):
        proxy.delay_s = 0.02 + choice % 5 / 100
    await asyncio.sleep(2.0)
    for proxy in (world.to_postgres, world.to_nats):
        proxy.delay_s = 0.0


async def swallow(world: World, choice: int) -> None:
    """The network to one server swallows everything for a while, then lets go of what it held."""
    async with (world.to_postgres, world.to_nats)[choice % 2].holding():
        await asyncio.sleep(2.0 + choice % 3)


async def full_disk(world: World, choice: int) -> None:
    """No room is left for either server; then somebody makes room and starts what gave up."""
    assert world.disk is not None
    ballast = await asyncio.to_thread(world.disk.fill)
    await asyncio.sleep(2.0)
    ballast.unlink()
    await world.bus.stop()
    await world.bus.start()
    await world.make_streams()


async def power_cut(world: World, choice: int) -> None:
    """Both servers lose what they wrote and did not sync."""
    assert world.disk is not None
    servers: list[Supervised] = [world.database, world.bus]
    for process in [p for server in servers for p in server.family()]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    await asyncio.to_thread(world.disk.snapshot)
    for server in servers:
        await server.kill_for_good()
    world.kills += len(servers)
    await asyncio.to_thread(world.disk.swap)
    await asyncio.gather(*(server.start() for server in servers))
    await world.make_streams()


Inflicts = Callable[[World, int], Awaitable[None]]
KINDS: dict[str, Inflicts] = {
    function.__name__: function
    for function in (
        kill_service, crash_point, kill_nats, kill_postgres, kill_backend, freeze, lose_jetstream, duplicates,
        reorder, cut, delay, swallow, full_disk, power_cut,
    )
}  # fmt: skip
NEED_DISK = ("full_disk", "power_cut")
_ALWAYS = ("kill_service", "crash_point", "crash_point", "duplicates")


def plan(draw: random.Random, count: int, *, disk: bool) -> list[Fault]:
    """Faults in the order in which they happen: some always, the others drawn without repeating one."""
    others = [kind for kind in KINDS if kind not in _ALWAYS and (disk or kind not in NEED_DISK)]
    kinds = [*_ALWAYS, *draw.sample(others, min(len(others), max(0, count - len(_ALWAYS))))]
    draw.shuffle(kinds)
    return [Fault(kind, draw.randrange(10_000)) for kind in kinds]


async def inflict(world: World, fault: Fault) -> None:
    await KINDS[fault.kind](world, fault.choice)
