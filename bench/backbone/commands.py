"""Reading the log: the command path, rebuilding an aggregate, replay to typed events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import psycopg
from bench.backbone import peers
from bench.backbone.world import CONTEXT, EVENT, World, fresh
from bench.harness import Comparison, Run, Scale, percentiles, rate

from ytempire.events import Event
from ytempire.events.onboarding import PreferencesSaved
from ytempire.eventstore import Claim, Decider, EventStore, StreamAppend, Unit, new_id

_HISTORY, _LONG = 50, 1000
_COMMANDS, _REBUILDS, _LOG, _PAGE = 200, 20, 20_000, 1000
_COPY = "copy (select data, meta from es.events order by position) to stdout"


@dataclass(frozen=True, slots=True)
class _State:
    saved: int = 0
    notes: str = ""


def _evolve(state: _State, event: Event) -> _State:
    if isinstance(event, PreferencesSaved):
        return _State(state.saved + 1, event.dashboard_layout["notes"])
    return state


_DECIDER: Decider[_State, Event] = Decider(_State, lambda state, command: (command,), _evolve)


async def _history(store: EventStore, events: int) -> str:
    stream = fresh("history")
    await store.submit(Unit((StreamAppend(stream, [EVENT] * events),), context=CONTEXT))
    return stream


@asynccontextmanager
async def _command_path(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count = scale.of(_COMMANDS, least=3)
    async with world.store() as store, peers.eventsourced(world) as library:

        async def ours() -> dict[str, float]:
            streams = [await _history(store, _HISTORY) for _ in range(count)]
            begin = time.perf_counter()
            for stream in streams:
                await store.execute(_DECIDER, stream, EVENT, claim=Claim("bench", new_id()))
            return {"command path": rate(count, begin)}

        def blocking() -> dict[str, float]:
            accounts = [library.new(_HISTORY) for _ in range(count)]
            begin = time.perf_counter()
            for account in accounts:
                library.command(account)
            return {"command path": rate(count, begin)}

        yield ours, lambda: asyncio.to_thread(blocking)


@asynccontextmanager
async def _rebuild(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count = scale.of(_REBUILDS, least=2)
    async with world.store() as store, peers.eventsourced(world) as library:
        stream, account = await _history(store, _LONG), library.new(_LONG)

        async def ours() -> dict[str, float]:
            taken = []
            for _ in range(count):
                begin = time.perf_counter()
                state, version = await store.state(_DECIDER, stream)
                taken.append(time.perf_counter() - begin)
            assert state.saved == version == _LONG
            return {"rebuild of 1,000 events": percentiles(taken)[0]}

        def blocking() -> dict[str, float]:
            taken = []
            for _ in range(count):
                begin = time.perf_counter()
                rebuilt: peers.Account = library.app.repository.get(account)
                taken.append(time.perf_counter() - begin)
            assert rebuilt.version == _LONG
            return {"rebuild of 1,000 events": percentiles(taken)[0]}

        yield ours, lambda: asyncio.to_thread(blocking)


async def _fill(store: EventStore, count: int) -> None:
    for _ in range(0, count, _PAGE):
        await _history(store, _PAGE)


async def _replayed(store: EventStore, count: int) -> float:
    """Typed, validated events a second, from the first position to the last."""
    begin, position = time.perf_counter(), 0
    while page := await store.read(position, _PAGE):
        for record in page:
            assert record.event
        position = page[-1].position
    assert position == count
    return rate(count, begin)


@asynccontextmanager
async def _replay_against_copy(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count = scale.of(_LOG, least=_PAGE)
    async with world.store() as store:
        connection = psycopg.connect(store.dsn, autocommit=True)
        await _fill(store, count)

        async def ours() -> dict[str, float]:
            return {"replay to typed events": await _replayed(store, count)}

        def blocking() -> dict[str, float]:
            begin, seen = time.perf_counter(), 0
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in copy:
                    # the text form doubles backslashes; ours hold none
                    data, meta = bytes(row).split(b"\t")
                    assert orjson.loads(data)
                    assert orjson.loads(meta)
                    seen += 1
            assert seen == count
            return {"replay to typed events": rate(count, begin)}

        yield ours, lambda: asyncio.to_thread(blocking)
        connection.close()


@asynccontextmanager
async def _replay_against_library(world: World, scale: Scale) -> AsyncIterator[tuple[Run, Run]]:
    count = scale.of(_LOG, least=_PAGE)
    async with world.store() as store, peers.eventsourced(world) as library:
        await _fill(store, count)
        await asyncio.to_thread(lambda: [library.new(_PAGE) for _ in range(0, count, _PAGE)])

        async def ours() -> dict[str, float]:
            return {"replay to typed events, library": await _replayed(store, count)}

        def blocking() -> dict[str, float]:
            begin = time.perf_counter()
            return {"replay to typed events, library": rate(library.replay(), begin)}

        yield ours, lambda: asyncio.to_thread(blocking)


COMPARISONS: tuple[Comparison[World], ...] = (
    Comparison("eventsourcing", {"command path": "commands/s"}, _command_path),
    Comparison("eventsourcing", {"rebuild of 1,000 events": "ms"}, _rebuild),
    Comparison("COPY and orjson, untyped", {"replay to typed events": "events/s"}, _replay_against_copy),
    Comparison("eventsourcing", {"replay to typed events, library": "events/s"}, _replay_against_library),
)
