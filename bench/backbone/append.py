"""Appending: the full unit (claim, event, outbox row, hash chain, gapless order) against drivers and libraries.

As in production: append-only triggers, a span for each append, and in the first event of each stream (one in ten) a
personal field encrypted with its subject's key. What each of the three costs has a row of its own; that of encryption
is for a personal field in every event.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from bench.backbone import peers
from bench.backbone.appender import BATCH, CONFLICT_EVERY, Appender
from bench.backbone.world import (
    CONTEXT,
    EVENT,
    SERVICE,
    STREAM_LENGTH,
    World,
    fresh,
    opened,
)
from bench.backbone.writing import write, writers
from bench.harness import Comparison, Run, Scale

from ytempire.cli.testing import ServiceDatabase
from ytempire.eventstore import (
    NO_STREAM,
    StreamAppend,
    Unit,
)
from ytempire.eventstore.audit import verify

_EVENTS, _BATCHES = 4000, 40
_SOME = (STREAM_LENGTH, STREAM_LENGTH)
_SHARED = {"two processes, 8 callers each": 16, "two processes, 32 callers each": 64}


def _against_raw(row: str, callers: int, connections: int, *, units: bool = False) -> Comparison[World]:
    reference = f"psycopg, {connections} connections" if connections > 1 else "psycopg, 1 connection"

    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_EVENTS if callers > 1 else _EVENTS // 4, least=callers * STREAM_LENGTH)
        async with world.store() as store, peers.raw(world, connections) as raw:
            appender, theirs = Appender(store), raw.append_units if units else raw.append

            async def ours() -> dict[str, float]:
                return {row: await appender.append(callers, count)}

            async def reference() -> dict[str, float]:
                return {row: await theirs(count)}

            yield ours, reference

    return Comparison(reference + (", the same three rows, no order" if units else ""), {row: "events/s"}, pair)


def _against_library(row: str, callers: int) -> Comparison[World]:
    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_EVENTS, least=callers * STREAM_LENGTH)
        few = scale.of(_EVENTS // 10, least=callers * STREAM_LENGTH)
        async with world.store() as store, peers.eventsourced(world, callers) as library:
            appender = Appender(store)

            async def ours() -> dict[str, float]:
                return {row: await appender.append(callers, count)}

            async def reference() -> dict[str, float]:
                return {row: await library.append(callers, few)}

            yield ours, reference

    return Comparison("eventsourcing", {row: "events/s"}, pair)


def _conflicts(row: str, *, cold: bool) -> Comparison[World]:
    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_EVENTS, least=16 * CONFLICT_EVERY)
        async with (
            world.database() as database,
            opened(SERVICE, database.dsn) as store,
            opened(SERVICE, database.dsn) as other,
            peers.raw(world, 16) as raw,
        ):
            appender = Appender(store)

            async def ours() -> dict[str, float]:
                # what another process wrote this one's writer cannot know
                known = [fresh("known") for _ in range(count // CONFLICT_EVERY)]
                appends = [StreamAppend(name, (EVENT,), NO_STREAM) for name in known]
                await (other if cold else store).submit(Unit(appends, context=CONTEXT))
                return {row: await appender.conflicting(16, count, known)}

            async def reference() -> dict[str, float]:
                return {row: await raw.append(count)}

            yield ours, reference

    return Comparison("psycopg, 16 connections, no conflicts", {row: "events/s"}, pair)


def _batch(row: str, *, private: bool) -> Comparison[World]:
    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_BATCHES, least=2)
        async with world.store() as store, peers.raw(world, 1) as raw:
            appender = Appender(store)

            async def ours() -> dict[str, float]:
                return {row: await appender.batches(count, private=private)}

            async def reference() -> dict[str, float]:
                return {row: await raw.copy(count, BATCH)}

            yield ours, reference

    return Comparison("COPY of 100 rows", {row: "events/s"}, pair)


@asynccontextmanager
async def _two_processes(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    """Two processes on one store against one, with as many callers in all; what they wrote is verified each time."""
    async with world.database() as database, writers(2) as both:

        async def written(count: int, processes: int, callers: int) -> float:
            speed = await write(both[:processes], database.dsn, callers // processes, count)
            async with opened(SERVICE, database.dsn) as store:
                report = await verify(store)
            if not report.ok:
                raise AssertionError(f"the log is not intact: {report.findings}")
            return speed

        def run(processes: int) -> Run:
            async def each() -> dict[str, float]:
                return {
                    row: await written(scale.of(_EVENTS, least=callers * STREAM_LENGTH), processes, callers)
                    for row, callers in _SHARED.items()
                }

            return each

        yield run(2), run(1)


def _cost(
    row: str, without: str, *, encrypt: tuple[int, int] = _SOME, trace: bool = True, triggers: bool = True
) -> Comparison[World]:
    """Everything on against everything but one.

    :param encrypt: for ours and for the reference, every how many events one holds a personal field.
    """

    @asynccontextmanager
    async def pair(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
        count = scale.of(_EVENTS, least=16 * STREAM_LENGTH)
        async with world.store() as store, world.database() as database, opened(SERVICE, database.dsn) as bare:
            if not triggers:
                _drop_triggers(database)
            full, less = Appender(store, encrypt[0]), Appender(bare, encrypt[1], trace)

            async def ours() -> dict[str, float]:
                return {row: await full.append(16, count)}

            async def reference() -> dict[str, float]:
                return {row: await less.append(16, count)}

            yield ours, reference

    return Comparison(without, {row: "events/s"}, pair)


def _drop_triggers(database: ServiceDatabase) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("drop function es.append_only() cascade")


COMPARISONS: tuple[Comparison[World], ...] = (
    _against_raw("append, 1 caller", 1, 1),
    _against_raw("append, 16 callers", 16, 16),
    _against_raw("append, 64 callers", 64, 16),
    _against_raw("append, 16 callers, equal unit", 16, 16, units=True),
    _against_library("append, 1 caller, library", 1),
    _against_library("append, 16 callers, library", 16),
    _conflicts("append, 5 % conflicts, hot", cold=False),
    _conflicts("append, 5 % conflicts, cold", cold=True),
    _batch("batch of 100, private", private=True),
    _batch("batch of 100, public", private=False),
    Comparison("one process, as many callers", dict.fromkeys(_SHARED, "events/s"), _two_processes),
    _cost("cost of triggers", "the same without triggers", triggers=False),
    _cost("cost of encryption", "the same without encryption", encrypt=(1, 0)),
    _cost("cost of tracing", "the same without tracing", trace=False),
)
