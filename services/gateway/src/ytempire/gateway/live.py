"""What changes while somebody looks: committed changes of read models, and progress signals.

Changes reach every copy of the gateway through PostgreSQL's notifications, which are sent when the projection's
transaction commits: whoever is told can read it. Progress comes as signals from core NATS and is kept in memory only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from ytempire.events import Envelope
from ytempire.events.signals import StageProgress
from ytempire.gateway.projections.common import CHANNEL

_QUEUE = 512
_PROGRESS_KEPT = 2000
_RECONNECT_S = 1.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a tenant is different now."""

    tenant: str
    topic: str
    """Such as ``video``, ``ticket``, ``operation`` or ``progress``; all are listed at ``GET /events``."""
    id: str
    event: str = ""
    """Type of the event behind it; empty for a signal."""
    data: dict[str, Any] = field(default_factory=dict)


class Waiter:
    """A request that waits for an operation's outcome."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        """Set when there is something to read."""
        self.events: list[Envelope] = []
        """What this process applied of the operation's chain; empty where another copy did."""


class Hub:
    """Hands changes to listeners of their tenant, and wakes requests that wait for an outcome."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Queue[Change]]] = {}
        self._waiting: dict[str, set[Waiter]] = {}
        self._progress: OrderedDict[str, StageProgress] = OrderedDict()

    @contextlib.contextmanager
    def listening(self, *tenants: str) -> Iterator[asyncio.Queue[Change]]:
        """A queue of the tenants' changes; a listener that is too slow loses the oldest."""
        queue: asyncio.Queue[Change] = asyncio.Queue(_QUEUE)
        for tenant in tenants:
            self._listeners.setdefault(tenant, set()).add(queue)
        try:
            yield queue
        finally:
            for tenant in set(tenants):
                queues = self._listeners[tenant]
                queues.discard(queue)
                if not queues:
                    del self._listeners[tenant]

    @contextlib.contextmanager
    def waiting(self, operation_id: str) -> Iterator[Waiter]:
        """Hears when the operation's outcome can be read."""
        waiter = Waiter()
        waiting = self._waiting.setdefault(operation_id, set())
        waiting.add(waiter)
        try:
            yield waiter
        finally:
            waiting.discard(waiter)
            if not waiting:
                self._waiting.pop(operation_id, None)

    def applied(self, run: Sequence[Envelope]) -> None:
        """This process committed events to the read models: faster than the database's word of it."""
        for envelope in run:
            for waiter in self._waiting.get(envelope.correlationid, ()):
                waiter.events.append(envelope)
                waiter.changed.set()

    def publish(self, change: Change, *, decides: bool = False) -> None:
        """Tell listeners; with ``decides`` also a request that waits for an operation's outcome."""
        if decides and change.topic == "operation":
            for waiter in self._waiting.get(change.id, ()):
                waiter.changed.set()
        for queue in self._listeners.get(change.tenant, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(change)

    def progressed(self, progress: StageProgress) -> None:
        known = self._progress.get(progress.video_id)
        if known is not None and known.at > progress.at:
            return
        self._progress[progress.video_id] = progress
        self._progress.move_to_end(progress.video_id)
        while len(self._progress) > _PROGRESS_KEPT:
            self._progress.popitem(last=False)
        data = progress.model_dump(mode="json", exclude={"user_id"})
        self.publish(Change(progress.user_id, "progress", progress.video_id, data=data))

    def progress(self, tenant: str, video_id: str) -> StageProgress | None:
        """The last signal of a tenant's video, if this process heard one."""
        known = self._progress.get(video_id)
        return known if known is not None and known.user_id == tenant else None


class ChangeListener:
    """Follows the database's notifications, until cancelled."""

    def __init__(self, dsn: str, hub: Hub, own: Container[int]) -> None:
        """``own`` holds the server's processes that commit for this one: ``Hub.applied`` is told of what they do."""
        self._dsn, self._hub, self._own = dsn, hub, own
        self.connected = False

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except (psycopg.OperationalError, OSError) as error:
                log.warning("change listener lost its connection", error=type(error).__name__)
            self.connected = False
            await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        async with connection:
            await connection.execute(f"listen {CHANNEL}")
            self.connected = True
            async for notice in connection.notifies():
                self._hub.publish(Change(**orjson.loads(notice.payload)), decides=notice.pid not in self._own)


class ProgressListener:
    """Follows progress signals, until cancelled."""

    def __init__(self, nats: Client, hub: Hub) -> None:
        self._nats, self._hub = nats, hub

    async def run(self) -> None:
        subscription = await self._nats.subscribe("signal.progress.>", cb=self._heard)
        try:
            await asyncio.Event().wait()
        finally:
            with contextlib.suppress(Exception):
                await subscription.unsubscribe()

    async def _heard(self, message: Msg) -> None:
        try:
            progress = StageProgress.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("a progress signal cannot be read", subject=message.subject, errors=error.error_count())
            return
        self._hub.progressed(progress)
