"""Who does what when a service runs several copies: each piece of ordered work has one owner at a time.

A lease is a row in the service's own database. It is free at once when its owner's connection is gone (killed, crashed,
stopped), and after ``LEASE_S`` when the owner is frozen. A frozen owner that wakes up still believes in its lease for a
moment; so a lease alone protects nothing, it only keeps copies out of each other's way. Whatever runs under a lease
must also be *fenced*: its effects commit behind a compare-and-set (a tracking row, a claim, an expected sequence) that
the new owner's progress has moved.

Each process makes one ``Leases``, registers its work and runs it:

    leases = Leases(dsn)
    leases.lead("relay", relay.run)                     # in one copy at a time
    leases.share("projections-billing", consume, 8)     # eight partitions, shared by the copies
    await leases.run()

Work is started anew each time its lease is won and cancelled when it is lost: it must read where it stands from the
database, not from memory. Leases stay on the wall clock of the database.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from ytempire.eventstore.tasks import end

LEASE_S = 3.0
"""After so many seconds without renewal a lease is free."""
_RENEW_S = 1.0
_LOOK_S = 0.2
_RECONNECT_S = 0.5
_COPY = "copy"
"""A running copy holds a lease on itself, so that the others can count it: its partition is its connection's pid."""

log = structlog.get_logger()

Work = Callable[[int], Awaitable[None]]
Key = tuple[str, int]

_LIVE = """l.until > clock_timestamp() and exists (
    select from pg_stat_activity a where a.pid = l.pid and a.backend_start = l.backend_start)"""
_RENEW = """
update es.leases set until = clock_timestamp() + %s * interval '1 s'
where pid = pg_backend_pid() and backend_start = %s returning name, partition"""
_TAKE = f"""
insert into es.leases as l (name, partition, owner, pid, backend_start, until)
select name, partition, %s, pg_backend_pid(), %s, clock_timestamp() + %s * interval '1 s'
from unnest(%s::text[], %s::int[]) as wanted (name, partition)
on conflict (name, partition) do update set owner = excluded.owner, pid = excluded.pid,
    backend_start = excluded.backend_start, until = excluded.until
where not ({_LIVE}) returning name, partition"""  # noqa: S608 - constant text
_TAKEN = f"select name, partition from es.leases l where {_LIVE}"  # noqa: S608 - constant text
_BURY = f"delete from es.leases l where name = %s and not ({_LIVE})"  # noqa: S608 - constant text
_GIVE_BACK = """
delete from es.leases l using unnest(%s::text[], %s::int[]) as given (name, partition)
where l.name = given.name and l.partition = given.partition and pid = pg_backend_pid() and backend_start = %s"""


@dataclass
class _Group:
    work: Work
    partitions: int
    held: dict[int, asyncio.Task[None]] = field(default_factory=dict)


class Leases:
    """The leases of one process, all on one connection of their own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._since: datetime | None = None
        self._groups: dict[str, _Group] = {}
        self.covered = False
        """Whether every piece of work had an owner, here or in another copy, when last looked."""

    def lead(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work`` in one copy at a time."""
        self.share(name, lambda _: work(), 1)

    def share(self, name: str, work: Work, partitions: int) -> None:
        """Run ``work`` once for each partition, spread evenly over the copies that run."""
        if name in self._groups:
            raise ValueError(f"{name} is registered twice")
        self._groups[name] = _Group(work, partitions)

    def owned(self) -> dict[str, frozenset[int]]:
        """The partitions of everything registered that this process works on now."""
        return {name: frozenset(group.held) for name, group in self._groups.items()}

    def held(self, name: str) -> frozenset[int]:
        """The partitions of ``name`` that this process works on now."""
        return frozenset(self._groups[name].held)

    def leads(self, name: str) -> bool:
        """Whether this process is the one that does ``name``."""
        return bool(self._groups[name].held)

    async def run(self) -> None:
        """Take, renew and lose leases until cancelled.

        :raises Exception: what a piece of work raised; it is meant to run for ever.
        """
        while True:
            try:
                await self._session()
            except (psycopg.OperationalError, OSError) as error:
                log.warning("leases and their work begin anew", error=f"{type(error).__name__}: {error}")
            self.covered = False
            await asyncio.sleep(_RECONNECT_S)

    async def _session(self) -> None:
        # a lease that a crash of the server forgets is free, which is right: nobody waits for the disk here
        connection = await AsyncConnection.connect(
            self._dsn, autocommit=True, application_name="ytempire-leases", options="-c synchronous_commit=off"
        )
        try:
            await self._join(connection)
            while True:
                complete = await self._tick(connection)
                await self._pause(_RENEW_S if complete else _LOOK_S)
        finally:
            # work ends before the connection does, and with it every lease
            await self._lose(self._keys())
            await connection.close()

    async def _join(self, connection: AsyncConnection[Any]) -> None:
        cursor = await connection.execute(
            "select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
        )
        row = await cursor.fetchone()
        assert row is not None
        self._since = row[1]
        await self._take(connection, [(_COPY, row[0])])
        await connection.execute(_BURY, [_COPY])

    async def _tick(self, connection: AsyncConnection[Any]) -> bool:
        """One round; whether this process holds everything there is."""
        cursor = await connection.execute(_RENEW, [LEASE_S, self._since])
        renewed = {(str(row[0]), int(row[1])) for row in await cursor.fetchall()}
        if not any(name == _COPY for name, _ in renewed):
            await self._join(connection)
        await self._lose(key for key in self._keys() if key not in renewed)
        cursor = await connection.execute(_TAKEN)
        taken = {(str(row[0]), int(row[1])) for row in await cursor.fetchall()}
        copies = max(1, sum(name == _COPY for name, _ in taken))
        await self._give_back(connection, copies)
        won = await self._take(connection, self._wanted(taken, copies))
        for name, partition in won:
            self._start(name, partition)
        every = {(name, p) for name, group in self._groups.items() for p in range(group.partitions)}
        self.covered = every <= taken.union(won)
        return copies == 1 and all(len(group.held) == group.partitions for group in self._groups.values())

    def _wanted(self, taken: set[Key], copies: int) -> list[Key]:
        """Free leases up to this process' share."""
        wanted: list[Key] = []
        for name, group in self._groups.items():
            free = [p for p in range(group.partitions) if (name, p) not in taken and p not in group.held]
            wanted += [(name, p) for p in free[: max(0, _share(group, copies) - len(group.held))]]
        return wanted

    async def _take(self, connection: AsyncConnection[Any], keys: list[Key]) -> list[Key]:
        if not keys:
            return []
        cursor = await connection.execute(
            _TAKE, [self._owner, self._since, LEASE_S, [name for name, _ in keys], [p for _, p in keys]]
        )
        return [(str(row[0]), int(row[1])) for row in await cursor.fetchall()]

    async def _give_back(self, connection: AsyncConnection[Any], copies: int) -> None:
        """Make room for a copy that has come: what is beyond this process' share ends and is free."""
        surplus = [
            (name, p) for name, group in self._groups.items() for p in sorted(group.held)[_share(group, copies) :]
        ]
        if surplus:
            await self._lose(surplus)
            await connection.execute(_GIVE_BACK, [[name for name, _ in surplus], [p for _, p in surplus], self._since])

    def _start(self, name: str, partition: int) -> None:
        group = self._groups[name]

        async def work() -> None:
            await group.work(partition)

        group.held[partition] = asyncio.create_task(work(), name=f"{name}:{partition}")

    async def _lose(self, keys: Iterable[Key]) -> None:
        lost = [self._groups[name].held.pop(partition) for name, partition in list(keys)]
        if lost:
            await end(lost)

    def _keys(self) -> list[Key]:
        return [(name, partition) for name, group in self._groups.items() for partition in group.held]

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past the end of a piece of work: that is a fault."""
        tasks = [task for group in self._groups.values() for task in group.held.values()]
        if not tasks:
            await asyncio.sleep(seconds)
            return
        ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await task
            raise RuntimeError(f"{task.get_name()} ended, though it is meant to run for ever")


def _share(group: _Group, copies: int) -> int:
    return -(-group.partitions // copies)
