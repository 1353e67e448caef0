"""POST to 201 over the bus: the gateway records an intent, another service decides, the outcome answers the request.

The gateway is the real one; ``answering`` takes support's place. The reference is what durability alone costs such a
request: two commits in PostgreSQL and two synced publishes, one behind the other, on the same servers in the same run.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import itertools
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import certifi
from bench.backbone import peers
from bench.backbone.world import DATA, RAW_SUBJECT, World, raw_stream
from bench.harness import Comparison, Run, Scale, percentiles, rate

from ytempire.cli.embedded import provision
from ytempire.cli.environment import ensure_provider_secrets
from ytempire.cli.keys import ensure_platform_keys
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.platform import service_process
from ytempire.cli.ports import free_ports
from ytempire.cli.processes import ProcessSpec
from ytempire.cli.testing import running
from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import Tokens

SERVICES = ("gateway", "support")
_REPOSITORY = Path(__file__).parents[2]
_USERS = 200
"""So many that none reaches the limit of what one person may write a second."""
_REQUESTS = {1: 150, 10: 600, 50: 2000}
_OPEN_RATE, _OPEN_S = 100, 4.0
_BODY = {"subject": "Invoice of last month", "message": "Where do I find the invoice of last month? " * 3}

Once = Callable[[], Awaitable[None]]


@dataclass
class Door:
    """The gateway as its customers reach it."""

    session: aiohttp.ClientSession
    url: str
    tokens: list[str]
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    async def ask(self) -> None:
        """One ticket, answered 201 when support has opened it."""
        token = self.tokens[next(self._turn) % len(self.tokens)]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        async with self.session.post(f"{self.url}/api/v1/tickets", json=_BODY, headers=headers) as answer:
            if answer.status != 201:
                raise RuntimeError(f"a POST was answered with {answer.status}: {await answer.text()}")
            await answer.read()


async def closed_loop(once: Once, clients: int, requests: int) -> tuple[float, float, float]:
    """So many clients, each asking again when it was answered: requests a second, p50 and p99."""
    taken: list[float] = []
    left = iter(range(requests))

    async def client() -> None:
        for _ in left:
            begin = time.perf_counter()
            await once()
            taken.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return rate(requests, begin), *percentiles(taken)


async def open_loop(once: Once, per_s: int, seconds: float) -> tuple[float, float]:
    """Requests at fixed times, whether the ones before were answered or not: p50 and p99 since they were due."""
    taken: list[float] = []
    begin = time.perf_counter()

    async def request(due: float) -> None:
        await once()
        taken.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for number in range(round(per_s * seconds)):
            due = begin + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(request(due))
    return percentiles(taken)


@asynccontextmanager
async def _door(world: World) -> AsyncIterator[Door]:
    """The two services, started on the servers of this run."""
    var, postgres = world.servers.secrets_dir.parent, world.servers.postgres
    http, sandbox, smtp, *health = free_ports(3 + len(SERVICES))
    plan = PlatformPlan(
        var=var,
        http_port=http,
        postgres_port=postgres.port,
        postgres_socket_dir=postgres.placement.socket_dir,
        nats_port=world.servers.nats.port,
        sandbox_port=sandbox,
        sandbox_smtp_port=smtp,
        health_ports=dict(zip(SERVICES, health, strict=True)),
        log_level="warning",
        services=SERVICES,
    )
    for folder in (plan.run_dir, plan.log_dir, var / "assets"):
        folder.mkdir(exist_ok=True)
    ensure_platform_keys(plan.secrets_dir)
    ensure_provider_secrets(plan.secrets_dir)
    provision.provision(postgres.connect, plan.secrets_dir, SERVICES)
    shutil.copyfile(certifi.where(), plan.ca_bundle)
    key = base64.b64decode((plan.secrets_dir / "gateway.jwt.key").read_bytes())
    tokens = [Tokens(key, 3600, 3600).access(new_id(), new_id()) for _ in range(_USERS)]
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            stack.enter_context(running(_process(plan, service), plan.log_dir / f"{service}.log"))
        connector = aiohttp.TCPConnector(limit=0)
        yield Door(await stack.enter_async_context(aiohttp.ClientSession(connector=connector)), plan.public_url, tokens)


def _process(plan: PlatformPlan, service: str) -> ProcessSpec:
    spec = service_process(plan, service)
    if service == "gateway":
        # an answer that is late is measured, not given up
        return dataclasses.replace(spec, env={**spec.env, "YTEMPIRE_ANSWER_WAIT_S": "60"})
    return dataclasses.replace(spec, argv=(sys.executable, "-m", "bench.backbone.answering"), cwd=_REPOSITORY)


@asynccontextmanager
async def _floor(world: World, clients: int) -> AsyncIterator[Once]:
    """Two commits and two synced publishes, one behind the other, with a connection for each client."""
    async with peers.raw(world, clients) as raw, raw_stream(world) as client:
        jetstream, free = client.jetstream(), asyncio.Queue[peers.Connection]()
        for connection in raw.connections:
            free.put_nowait(connection)

        async def once() -> None:
            connection = await free.get()
            for row in peers.raw_rows(2):
                await connection.execute(peers.INSERT, row)
                await jetstream.publish(RAW_SUBJECT, DATA.encode())
            free.put_nowait(connection)

        yield once


@asynccontextmanager
async def _pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    async with _door(world) as door, _floor(world, max(_REQUESTS)) as floor:
        # connections, keys of the customers, plans of the statements
        await closed_loop(door.ask, 10, scale.of(2 * _USERS, least=10))
        yield partial(_all, door.ask, scale), partial(_all, floor, scale)


async def _all(once: Once, scale: Scale) -> dict[str, float]:
    figures: dict[str, float] = {}
    for clients, requests in _REQUESTS.items():
        name = _name(clients)
        found = await closed_loop(once, clients, scale.of(requests, least=clients))
        figures |= dict(zip((f"{name}, rate", f"{name}, p50", f"{name}, p99"), found, strict=True))
    p50, p99 = await open_loop(once, _OPEN_RATE, _OPEN_S * scale.share)
    return figures | {f"{_OPEN}, p50": p50, f"{_OPEN}, p99": p99}


def _name(clients: int) -> str:
    return f"POST to 201, {clients} client{'s' if clients > 1 else ''}"


_OPEN = f"POST to 201, open loop {_OPEN_RATE}/s"
_UNITS = {
    f"{_name(1)}, p50": "ms",
    f"{_name(1)}, p99": "ms",
    f"{_name(10)}, p50": "ms",
    f"{_name(10)}, p99": "ms",
    f"{_name(50)}, rate": "requests/s",
    f"{_name(50)}, p50": "ms",
    f"{_name(50)}, p99": "ms",
    f"{_OPEN}, p50": "ms",
    f"{_OPEN}, p99": "ms",
}

COMPARISONS: tuple[Comparison[World], ...] = (Comparison("durability floor", _UNITS, _pair),)
