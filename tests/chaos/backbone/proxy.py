"""A TCP proxy that delays, holds back and cuts what passes: the network between a service and its servers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_CHUNK = 65536


class Proxy:
    """Forwards to one port of loopback. Faults hold for every connection, those that are open included."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._open: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self.delay_s = 0.0
        """Each piece waits so long before it is passed on."""
        self.refusing = False
        """New connections are closed at once."""

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            self.cut()

    def cut(self) -> None:
        """Reset every connection there is."""
        for writer in list(self._open):
            writer.transport.abort()

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """Nothing passes, and nobody is told: a network that swallows."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.refusing:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            self._open.add(far_writer)
            try:
                await self._both_ways(reader, writer, far_reader, far_writer)
            finally:
                self._open.discard(far_writer)
                far_writer.transport.abort()
        except OSError:
            # the server is down, or one side went away: the other is told below
            return
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _both_ways(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        ways = [
            asyncio.create_task(self._pass(reader, far_writer)),
            asyncio.create_task(self._pass(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_CHUNK):
                await self._passing.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(piece)
                await writer.drain()
