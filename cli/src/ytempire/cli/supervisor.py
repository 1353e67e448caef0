"""Starts processes in order, restarts what dies, stops them in reverse order.

It knows nothing of YTEMPIRE: `ytempire.cli.platform` says which processes there are. One asyncio loop in the main
thread starts all children, because the kernel ties a child's death signal to the thread that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ytempire.cli.child import Child
from ytempire.cli.logs import Console, ProcessLog
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.processes import ProcessSpec

State = Literal["waiting", "starting", "ready", "restarting", "stopped"]

# Pauses before the first, second ... restart in a row; the last one repeats, so the platform never gives up.
RESTART_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# A process that served this long starts again at the first pause.
STEADY_SECONDS = 30.0
# A process that dies this often before it was ready even once will not come up by itself.
DEATHS_BEFORE_FIRST_READY = 3
_POLL_SECONDS = 0.1


class StartFailed(PlatformProblem):
    """A process did not become ready while the platform started; a fault of the platform, not of the person."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """Processes that start at the same time, and what is done once all of them are ready."""

    specs: tuple[ProcessSpec, ...]
    then: Callable[[], None] | None = None


class Supervised:
    """One process over its restarts."""

    def __init__(self, spec: ProcessSpec, log: ProcessLog, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.log = log
        self.state: State = "waiting"
        self.pid: int | None = None
        self.restarts = 0
        self.exit_code: int | None = None
        self.started_at: float | None = None
        self.ready_after_s: float | None = None
        self.last_reason = "it has not been started"
        self._changed = changed
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._deaths_before_ready = 0
        self._first_ready = asyncio.Event()
        self._start_error: str | None = None
        self._gave_up = asyncio.Event()

    def launch(self) -> None:
        """Begin to keep the process running."""
        self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.spec.name}")

    async def wait_first_ready(self) -> None:
        """Wait until the process serves for the first time. Raises `StartFailed` with its last words."""
        waits = [asyncio.create_task(self._first_ready.wait()), asyncio.create_task(self._gave_up.wait())]
        try:
            await asyncio.wait(waits, timeout=self.spec.ready_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not self._first_ready.is_set():
            raise StartFailed(self._start_failure())

    def _start_failure(self) -> str:
        reason = self._start_error or f"was not ready after {self.spec.ready_seconds:.0f} s ({self.last_reason})"
        last = "\n".join(f"    {line}" for line in list(self.log.recent)[-12:])
        return f"{self.spec.name} {reason}." + (f" Its last lines:\n{last}" if last else "")

    async def _keep_running(self) -> None:
        pauses = 0
        while not self._stopping:
            began = time.monotonic()
            was_ready = await self._run_once()
            if self._stopping:
                break
            pauses = 0 if was_ready and time.monotonic() - began > STEADY_SECONDS else pauses
            if not self._may_restart(was_ready):
                break
            pause = RESTART_PAUSES_S[min(pauses, len(RESTART_PAUSES_S) - 1)]
            pauses += 1
            self.restarts += 1
            self._set("restarting")
            self.log.write(f"[supervisor] {self._obituary()}; it starts again in {pause:g} s")
            await asyncio.sleep(pause)
        self._set("stopped")

    def _may_restart(self, was_ready: bool) -> bool:
        if was_ready or self._first_ready.is_set():
            return True
        self._deaths_before_ready += 1
        if self._deaths_before_ready < DEATHS_BEFORE_FIRST_READY:
            return True
        self._start_error = f"died {self._deaths_before_ready} times before it was ready ({self._obituary()})"
        self._gave_up.set()
        return False

    def _obituary(self) -> str:
        code = self.exit_code
        if code is None:
            return self.last_reason
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def _run_once(self) -> bool:
        """Run the process until it ends; returns whether it was ready."""
        self._set("starting")
        try:
            child = await self._start()
        except (OSError, PlatformProblem) as error:
            self.exit_code, self.last_reason = None, f"could not be started: {error}"
            return False
        watch = asyncio.create_task(self._watch_ready())
        try:
            self.exit_code = await child.wait()
        finally:
            watch.cancel()
            _kill_group(child.pid)
        was_ready = self.state == "ready"
        self.pid = None
        return was_ready

    async def _start(self) -> Child:
        if self.spec.before_start is not None:
            await asyncio.to_thread(self.spec.before_start)
        child = Child.start(self.spec, self.log.feed)
        self._child, self.pid, self.started_at = child, child.pid, time.time()
        self._changed()
        if self._stopping:
            child.send(self.spec.stop_signal)
        return child

    async def _watch_ready(self) -> None:
        began = time.monotonic()
        while (reason := await asyncio.to_thread(self.spec.ready)) is not None:
            self.last_reason = reason
            await asyncio.sleep(_POLL_SECONDS)
        if self.restarts and self.spec.after_restart is not None:
            try:
                await asyncio.to_thread(self.spec.after_restart)
            except (OSError, PlatformProblem) as error:
                self.log.write(f"[supervisor] what follows its restart failed: {error}")
        self.ready_after_s = round(time.monotonic() - began, 2)
        self._first_ready.set()
        self._set("ready")

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop signal, wait (not at all once `hurry` is set), SIGKILL to its whole process group."""
        self._stopping = True
        if self._task is None:
            return
        if self.state == "restarting":
            self._task.cancel()
        elif self._child is not None and self._child.running:
            self._child.send(self.spec.stop_signal)
        rush = asyncio.create_task(hurry.wait())
        await asyncio.wait({self._task, rush}, timeout=self.spec.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        rush.cancel()
        if not self._task.done() and self._child is not None:
            self.log.write(f"[supervisor] it did not stop within {self.spec.stop_seconds:g} s and is killed")
            _kill_group(self._child.pid)
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._set("stopped")
        self.log.close()

    def _set(self, state: State) -> None:
        self.state = state
        self._changed()


def _kill_group(pid: int) -> None:
    """End what is left of a process and its children (an encoder, a voice) that share its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class Supervisor:
    """Runs stages of processes until it is told to stop."""

    def __init__(
        self, stages: Sequence[Stage], log_dir: Path, console: Console | None, changed: Callable[[], None]
    ) -> None:
        self._stages = stages
        self._started: list[list[Supervised]] = []
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self.processes = {
            spec.name: Supervised(spec, ProcessLog(spec.name, log_dir, console, spec.worth_showing), changed)
            for stage in stages
            for spec in stage.specs
        }

    def request_stop(self) -> None:
        """Stop cleanly; asked a second time, kill what still runs."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def run(self, on_ready: Callable[[], Awaitable[None] | None]) -> None:
        """Start all stages, call `on_ready`, run until `request_stop`, stop. Raises `StartFailed`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request_stop)
        try:
            if await self._unless_stopped(self._start_stages()):
                outcome = on_ready()
                if outcome is not None:
                    await outcome
                await self._stop.wait()
        finally:
            await self._stop_stages()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def _unless_stopped(self, work: Awaitable[None]) -> bool:
        """Await `work`, or leave it when a stop is asked for; returns whether it was finished."""
        task = asyncio.ensure_future(work)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            return False
        task.result()
        return True

    async def _start_stages(self) -> None:
        for stage in self._stages:
            group = [self.processes[spec.name] for spec in stage.specs]
            self._started.append(group)
            for supervised in group:
                supervised.launch()
            await asyncio.gather(*(supervised.wait_first_ready() for supervised in group))
            if stage.then is not None:
                await asyncio.to_thread(stage.then)

    async def _stop_stages(self) -> None:
        for group in reversed(self._started):
            await asyncio.gather(*(supervised.stop(self._hurry) for supervised in group))
