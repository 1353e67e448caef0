"""Heartbeats from NATS."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from ytempire.events import SERVICES
from ytempire.events.signals import ServiceHeartbeat

_SUBJECT = "signal.heartbeat.>"
log = structlog.get_logger()


class NatsHeartbeats:
    """Remembers when each service was heard last."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last: dict[str, float] = {}

    async def listen(self) -> None:
        """Subscribe; a lost connection is subscribed again by the client."""
        await self._client.subscribe(_SUBJECT, cb=self._heard)

    @property
    def last(self) -> Mapping[str, float]:
        return self._last

    @property
    def listening(self) -> bool:
        return bool(self._client.is_connected)

    async def _heard(self, message: Msg) -> None:
        try:
            beat = ServiceHeartbeat.model_validate_json(message.data)
        except ValidationError:
            log.warning("heartbeat cannot be read", subject=message.subject)
            return
        if beat.service in SERVICES:
            self._last[beat.service] = time.monotonic()
