"""One running child process on an asyncio loop: its output as it comes, its end the moment it happens.

asyncio's own subprocess reports the end only once every copy of the output pipe is closed, and a grandchild (an
encoder of a killed service) can hold one for minutes; here the end is watched by a process descriptor instead.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import threading
from collections.abc import Callable

from ytempire.cli.processes import ProcessSpec, popen_arguments

_CHUNK_BYTES = 65_536


class Child:
    """Start it with `Child.start`, then `await child.wait()` once."""

    def __init__(self, process: subprocess.Popen[bytes], feed: Callable[[bytes], None]) -> None:
        self._process = process
        self._feed = feed
        self._output = process.stdout.fileno() if process.stdout is not None else -1
        os.set_blocking(self._output, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._output, self._read)

    @classmethod
    def start(cls, spec: ProcessSpec, feed: Callable[[bytes], None]) -> Child:
        """Start `spec`; every piece of its output goes to `feed`. Raises `OSError` when it cannot be executed."""
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            spec.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **popen_arguments(spec)
        )
        return cls(process, feed)

    @property
    def pid(self) -> int:
        """Process id, and id of the process group it leads."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait for its end and take what it still had to say; returns the exit code (negative: the signal)."""
        try:
            await self._ended()
        finally:
            if self._loop.remove_reader(self._output):
                self._read()
            if self._process.stdout is not None:
                self._process.stdout.close()
        return self._process.wait()

    async def _ended(self) -> None:
        ended = asyncio.Event()
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            # An old kernel: a thread of its own waits instead.
            report = functools.partial(self._loop.call_soon_threadsafe, ended.set)
            threading.Thread(target=lambda: (self._process.wait(), report()), daemon=True).start()
            await ended.wait()
            return
        self._loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._output, _CHUNK_BYTES)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self._loop.remove_reader(self._output)
                return
            self._feed(chunk)
