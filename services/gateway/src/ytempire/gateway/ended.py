"""Sessions that ended: their access tokens are refused at once, without a query for each request.

A token outlives its session by minutes, a media link by hours. So each process keeps in memory which sessions ended
lately. It learns of what it ends itself as it does so, of the others' by PostgreSQL's notifications, and reads the
table again whenever its connection was lost, and now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

import orjson
import psycopg
import structlog

from ytempire.gateway.live import Change, Hub

CHANNEL = "gateway_ended_sessions"
_RECONNECT_S = 1.0
_READ_AGAIN_S = 30.0
_ALLOWANCE_S = 60.0
"""For clocks that differ between copies."""
log = structlog.get_logger()

_ENDED = """
select session_id, extract(epoch from ended_at)::float8 from public.sessions
where ended_at > now() - make_interval(secs => %s)"""


def told_of_end(session_id: str) -> str:
    """What to listen to at the hub to be woken when a session ends."""
    return f"session {session_id}"


class EndedSessions:
    """The sessions whose tokens could still look valid.

    :param longest_s: how long the longest-lived token is good.
    """

    def __init__(self, longest_s: float, hub: Hub) -> None:
        self.kept_s = longest_s + _ALLOWANCE_S
        self._hub = hub
        self._ended: OrderedDict[str, float] = OrderedDict()

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ended

    def add(self, session_id: str, ended_at: float) -> None:
        """Refuse the session from now on, and wake whoever listens with it."""
        known = session_id in self._ended
        self._ended[session_id] = ended_at
        self._forget()
        if not known:
            self._hub.publish(Change(told_of_end(session_id), "session", session_id))

    def _forget(self) -> None:
        oldest = time.time() - self.kept_s
        while self._ended and next(iter(self._ended.values())) < oldest:
            self._ended.popitem(last=False)


class EndedListener:
    """Follows what other copies end, until cancelled."""

    def __init__(self, dsn: str, ended: EndedSessions) -> None:
        self._dsn, self._ended = dsn, ended

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except (psycopg.OperationalError, OSError) as error:
                log.warning("listener for ended sessions lost its connection", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        async with connection:
            # first listen, then read: nothing falls between the two
            await connection.execute(f"listen {CHANNEL}")
            while True:
                for row in await (await connection.execute(_ENDED, [self._ended.kept_s])).fetchall():
                    self._ended.add(*row)
                async for notice in connection.notifies(timeout=_READ_AGAIN_S):
                    self._ended.add(*orjson.loads(notice.payload))
