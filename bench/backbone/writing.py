"""Processes that append to a store of somebody else: `python -m bench.backbone.writing`.

Each line of input names a store, how many callers and how many events; ``ready`` says that it is open, the next line
starts the appending, ``done`` says that it is over.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from bench.backbone.appender import Appender
from bench.backbone.world import SERVICE, opened
from bench.harness import rate

from ytempire.chassis.collector import start_up_is_over

_REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def writers(count: int) -> AsyncIterator[list[Process]]:
    """So many processes; they end with the block."""
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.backbone.writing", stdin=pipe, stdout=pipe, cwd=_REPOSITORY
        )
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for process in started:
            assert process.stdin
            process.stdin.close()
            await process.wait()


async def write(processes: Sequence[Process], dsn: str, callers: int, count: int) -> float:
    """Events a second of processes that start together, each with so many callers and its share of ``count``."""
    task = json.dumps({"dsn": dsn, "callers": callers, "count": count // len(processes)})
    await _tell(processes, task, "ready")
    begin = time.perf_counter()
    await _tell(processes, "go", "done")
    return rate(count, begin)


async def _tell(processes: Sequence[Process], line: str, answer: str) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write(f"{line}\n".encode())
    for process in processes:
        assert process.stdout
        heard = (await process.stdout.readline()).decode().strip()
        if heard != answer:
            raise RuntimeError(f"a writing process said {heard!r} instead of {answer!r}")


async def _serve() -> None:
    while line := sys.stdin.readline():
        told = json.loads(line)
        async with opened(SERVICE, told["dsn"]) as store:
            appender = Appender(store, encrypt=0, trace=False)
            start_up_is_over()
            print("ready", flush=True)
            sys.stdin.readline()
            await appender.append(told["callers"], told["count"])
            print("done", flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
