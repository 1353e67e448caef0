"""What happens to ordered work when a service runs two copies and one is killed or frozen: ``measure()``.

Two processes of a reference service share a read model of another service's events. Every application is noted with its
time and its process, so gaps, order and repetition are read from the database afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from tests.backbone.copy import PROJECTION, SERVICE

from ytempire.bus import NatsAccess, Relay, connect, topology
from ytempire.cli.environment import process_basics
from ytempire.cli.testing import EmbeddedServers, ServiceDatabase, embedded_servers, until
from ytempire.events.billing import CustomerCreated
from ytempire.eventstore import EventStore, StreamAppend, Unit, derived_id
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.tasks import end

ROOT = Path(__file__).parents[2]
PRODUCER = "billing"
AGGREGATES = 400
APPLIED = f'"{PROJECTION.schema}".applied'
LOAD_PAUSE_S = 0.01


@dataclass
class Reference:
    """A producer with its relay, and a service's database for its copies."""

    servers: EmbeddedServers
    producer: EventStore
    service: ServiceDatabase
    reader: psycopg.Connection[Any]

    async def publish(self, count: int) -> None:
        """Append ``count`` events to 400 streams, one after the other."""
        head = (await self.producer.head()).position
        numbers = range(head, head + count)
        for start in range(0, count, 100):
            units = [self._unit(n) for n in numbers[start : start + 100]]
            await asyncio.gather(*(self.producer.submit(unit) for unit in units))

    @staticmethod
    def _unit(number: int) -> Unit:
        event = CustomerCreated(user_id=derived_id("user", str(number)), stripe_customer_id=f"cus_{number}")
        return Unit((StreamAppend(f"account-{number % AGGREGATES}", (event,)),))

    @contextmanager
    def copy(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the service, killed at the end."""
        nats = self.servers.nats_access
        arguments = (self.service.dsn, nats.url, str(nats.password_file(SERVICE)))
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.backbone.copy", *arguments),
            env=process_basics(os.environ),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def rows(self, query: str, *parameters: object) -> list[Any]:
        return self.reader.cursor(row_factory=namedtuple_row).execute(query.encode(), parameters).fetchall()

    def owned(self, process: subprocess.Popen[bytes]) -> set[int]:
        """Partitions whose lease a process has."""
        found = self.rows(
            "select partition from es.leases where name like 'projections %%' and owner like %s", f"%:{process.pid}"
        )
        return {row.partition for row in found}

    async def shared(self, *processes: subprocess.Popen[bytes]) -> None:
        """Wait until the copies have equal shares."""

        async def equal() -> bool:
            return all(len(self.owned(process)) == 8 // len(processes) for process in processes)

        await until(equal, 30)

    async def applied(self, count: int) -> None:
        """Wait until so many applications are noted."""

        async def enough() -> bool:
            # the highest number is cheap to ask for, and never below the count
            highest = self.rows(f"select max(number) as n from {APPLIED}")[0].n or 0
            return highest >= count and self.rows(f"select count(*) as n from {APPLIED}")[0].n >= count

        await until(enough, 60)


def _database(servers: EmbeddedServers, name: str) -> ServiceDatabase:
    database = servers.service_database(name)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:

        class _Owner:
            def execute(self, sql: str) -> object:
                return owner.execute(sql.encode())

        create_event_store(_Owner(), application_role=name, database=database.name)
    return database


@asynccontextmanager
async def reference(servers: EmbeddedServers) -> AsyncIterator[Reference]:
    """Empty streams, a producer that relays, and an empty database for the service."""
    databases = {name: _database(servers, name) for name in (PRODUCER, SERVICE)}
    async with AsyncExitStack() as stack:
        nats = servers.nats_access
        admin = await connect(NatsAccess(nats.url, "admin", nats.password_file("admin")), "admin")
        stack.push_async_callback(admin.close)
        await topology.apply(admin.jetstream())
        await admin.jetstream().delete_stream(topology.stream_of(PRODUCER))
        await topology.apply(admin.jetstream())
        producer = EventStore(PRODUCER, databases[PRODUCER].dsn, lambda: datetime.now(UTC))
        await producer.open()
        stack.push_async_callback(producer.close)
        client = await connect(NatsAccess(nats.url, PRODUCER, nats.password_file(PRODUCER)), PRODUCER)
        stack.push_async_callback(client.close)
        relay = asyncio.create_task(Relay(producer, client).run())
        stack.push_async_callback(end, [relay])
        reader = stack.enter_context(psycopg.connect(databases[SERVICE].dsn, autocommit=True))
        yield Reference(servers, producer, databases[SERVICE], reader)


async def throughput(full: Reference, copies: int, count: int) -> float:
    """Events a second into an empty read model of a service of so many copies, from a stream that is already full."""
    service = _database(full.servers, SERVICE)
    with (
        psycopg.connect(service.dsn, autocommit=True) as reader,
        psycopg.connect(service.owner_dsn) as gate,
        ExitStack() as stack,
    ):
        ref = replace(full, service=service, reader=reader)
        # nobody applies anything until every copy has its share
        gate.execute("lock table es.tracking in exclusive mode")
        running = [stack.enter_context(ref.copy()) for _ in range(copies)]
        await ref.shared(*running)
        gate.rollback()
        await ref.applied(count)
        span = ref.rows(f"select extract(epoch from max(at) - min(at)) as s from {APPLIED}")[0]
        return count / float(span.s)


async def _load(ref: Reference, enough: asyncio.Event) -> None:
    """One event of each partition after the other; ends with everything it sent in the log."""
    while not enough.is_set():
        await ref.publish(8)
        await asyncio.sleep(LOAD_PAUSE_S)


@dataclass(frozen=True)
class Gap:
    """One copy struck while events come all the time."""

    seconds: float
    """The longest time that one of its partitions stood still."""
    out_of_order: int
    twice: int
    lost: int


async def struck(servers: EmbeddedServers, number: signal.Signals, wake: bool = False) -> Gap:
    """Run two copies under load, send one of them a signal, and read what happened to its partitions."""
    async with reference(servers) as ref:
        with ref.copy() as stays, ref.copy() as goes:
            await ref.shared(stays, goes)
            load_ends = asyncio.Event()
            load = asyncio.create_task(_load(ref, load_ends))
            await ref.applied(400)
            partitions = ref.owned(goes)
            since = ref.rows("select clock_timestamp() as at")[0].at
            goes.send_signal(number)

            async def taken_over() -> bool:
                return partitions <= _resumed(ref, stays.pid, since).keys()

            await until(taken_over, 30)
            if wake:
                # it still believes in its leases for a moment
                goes.send_signal(signal.SIGCONT)
                await ref.shared(stays, goes)
            load_ends.set()
            await load
            count = (await ref.producer.head()).position
            await ref.applied(count)
            gap = max(_resumed(ref, stays.pid, since)[p] for p in partitions)
        return Gap(gap, *_harm(ref, count))


def _resumed(ref: Reference, pid: int, since: datetime) -> dict[int, float]:
    """Seconds after ``since`` at which a process first applied something, by partition."""
    found = ref.rows(
        f"select partition, extract(epoch from min(at) - %s) as s from {APPLIED}"
        " where pid = %s and at > %s group by partition",
        since, pid, since,
    )  # fmt: skip
    return {row.partition: float(row.s) for row in found}


def _harm(ref: Reference, count: int) -> tuple[int, int, int]:
    """Applications out of order, repeated, and missing."""
    last: dict[str, int] = defaultdict(int)
    seen: set[int] = set()
    out_of_order = twice = 0
    for row in ref.rows(f"select position, stream from {APPLIED} order by number"):
        out_of_order += row.position < last[row.stream]
        twice += row.position in seen
        last[row.stream] = row.position
        seen.add(row.position)
    return out_of_order, twice, len(set(range(1, count + 1)) - seen)


async def _measure(count: int, runs: int) -> dict[str, float]:
    with embedded_servers() as servers:
        killed = await struck(servers, signal.SIGKILL)
        frozen = await struck(servers, signal.SIGSTOP, wake=True)
        ratios = []
        async with reference(servers) as full:
            await full.publish(count)
            for _ in range(runs):
                one = await throughput(full, 1, count)
                two = await throughput(full, 2, count)
                ratios.append((two / one, one, two))
        ratio, one, two = sorted(ratios)[len(ratios) // 2]
    return {
        "kill_gap_s": killed.seconds,
        "freeze_gap_s": frozen.seconds,
        "out_of_order": killed.out_of_order + frozen.out_of_order,
        "twice": killed.twice + frozen.twice,
        "lost": killed.lost + frozen.lost,
        "two_copies_ratio": ratio,
        "one_copy_per_s": one,
        "two_copies_per_s": two,
    }


def measure(count: int = 40_000, runs: int = 3) -> dict[str, float]:
    """Fail-over gaps in seconds, harm done (0 each), and the throughput of two copies over that of one."""
    return asyncio.run(_measure(count, runs))


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<18} {value:,.2f}")
