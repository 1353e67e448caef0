"""Systems that lack one part of the backbone and therefore must fail: they show that the faults are real ones and that
a broken promise would be seen.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from tests.chaos.backbone import disk as disks
from tests.chaos.backbone.disk import Disk
from tests.chaos.backbone.world import Supervised

from ytempire.bus import NatsAccess, connect
from ytempire.cli.embedded import nats
from ytempire.cli.embedded.nats import NatsServer
from ytempire.cli.ports import free_ports
from ytempire.cli.testing import running_nats, running_postgres, temporary_var

_MESSAGES = 500
_STREAM, _SUBJECT = "CONTROL", "control.events"


@dataclass(frozen=True, slots=True)
class Control:
    name: str
    run: Callable[[], Awaitable[tuple[int, str]]]
    """How many failures were seen, and the sentence that says so."""
    needs_disk: bool = False

    @property
    def possible(self) -> bool:
        return not self.needs_disk or disks.why_not() is None


async def naive_poller() -> tuple[int, str]:
    """Positions from a sequence, read by ``position > last``: whoever commits late is passed over."""
    with temporary_var() as var, running_postgres(var, var / "secrets") as server:
        with server.connect("postgres") as connection:
            connection.execute("create table log (position bigserial primary key)")
        writing = [asyncio.create_task(asyncio.to_thread(_append_slowly, server, seed)) for seed in range(8)]
        seen: set[int] = set()
        with server.connect("postgres") as connection:
            while True:
                # looked at before reading, so that the last commits are read too
                done = all(writer.done() for writer in writing)
                rows = connection.execute(
                    "select position from log where position > %s order by position", [max(seen, default=0)]
                ).fetchall()
                seen.update(row[0] for row in rows)
                if done:
                    break
                await asyncio.sleep(0)
            await asyncio.gather(*writing)
            stored = {row[0] for row in connection.execute("select position from log")}
    lost = len(stored - seen)
    return lost, f"{lost} of {len(stored)} events lost"


def _append_slowly(server: Any, seed: int) -> None:
    draw = random.Random(seed)
    with server.connect("postgres") as connection:
        for _ in range(100):
            with connection.transaction():
                connection.execute("insert into log default values")
                connection.execute("select pg_sleep(%s)", [draw.random() / 200])


class _Unsynced(NatsServer):
    """NATS as it comes: acknowledged first, synced two minutes later."""

    def configuration(self) -> dict[str, Any]:
        made = super().configuration()
        del made["jetstream"]["sync_interval"]
        return made


async def default_sync() -> tuple[int, str]:
    """The power goes right behind the acknowledgement."""
    with ExitStack() as stack:
        folder = stack.enter_context(disks.memory_folder())
        disk = Disk(folder)
        disk.attach()
        stack.callback(disk.detach)
        server = _Unsynced(disk.mount / "nats", free_ports(1)[0], folder / "secrets")
        process = Supervised(server.process(), folder / "nats.log")
        await process.start()
        try:
            async with _stream(server.url, server.secrets_dir) as client:
                for number in range(_MESSAGES):
                    await client.jetstream().publish(_SUBJECT, str(number).encode())
            for member in process.family():
                member.suspend()
            disk.snapshot()
            await process.kill_for_good()
            disk.swap()
            await process.start()
            async with _stream(server.url, server.secrets_dir) as client:
                left = (await client.jetstream().stream_info(_STREAM)).state.messages
        finally:
            await process.stop()
    return _MESSAGES - left, f"{_MESSAGES - left} of {_MESSAGES} acknowledged messages lost"


async def monotonic_tracking() -> tuple[int, str]:
    """A mark that only has to grow: what comes again behind a newer one is taken for seen."""
    mark, applied, tried = 0, set[int](), set[int]()
    async for message in _delivered():
        position = message.metadata.sequence.stream
        if position % 10 == 0 and position not in tried:
            tried.add(position)
            await message.nak()
            continue
        if position > mark:
            mark = position
            applied.add(position)
        await message.ack()
    lost = _MESSAGES - len(applied)
    return lost, f"{lost} of {_MESSAGES} events skipped as already seen"


async def no_inbox() -> tuple[int, str]:
    """The effect is committed, the process ends before it acknowledges, and nothing remembers the effect."""
    effects = Counter[int]()
    async for message in _delivered():
        position = message.metadata.sequence.stream
        effects[position] += 1
        if position % 10 == 0 and effects[position] == 1:
            continue
        await message.ack()
    twice = sum(count > 1 for count in effects.values())
    return twice, f"{twice} of {_MESSAGES} effects happened twice"


async def _delivered() -> AsyncIterator[Any]:
    """Messages of a real stream until all are acknowledged."""
    with temporary_var() as var, running_nats(var, var / "secrets") as server:
        async with _stream(server.url, server.secrets_dir) as client:
            jetstream = client.jetstream()
            for number in range(_MESSAGES):
                await jetstream.publish(_SUBJECT, str(number).encode())
            config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=1.0, durable_name="control")
            subscription = await jetstream.pull_subscribe(_SUBJECT, durable="control", stream=_STREAM, config=config)
            while True:
                info = await subscription.consumer_info()
                if not info.num_pending and not info.num_ack_pending:
                    return
                try:
                    messages = await subscription.fetch(50, timeout=2)
                except NatsTimeoutError:
                    continue
                for message in messages:
                    yield message


@asynccontextmanager
async def _stream(url: str, secrets_dir: Path) -> AsyncIterator[Client]:
    access = NatsAccess(url, nats.ADMIN, nats.password_file(secrets_dir, nats.ADMIN))
    client = await connect(access, "control")
    try:
        await client.jetstream().add_stream(StreamConfig(name=_STREAM, subjects=[_SUBJECT]))
        yield client
    finally:
        await client.close()


CONTROLS = (
    Control("naive poller", naive_poller),
    Control("default-sync NATS under power cut", default_sync, needs_disk=True),
    Control("monotonic tracking", monotonic_tracking),
    Control("consumer without inbox", no_inbox),
)
