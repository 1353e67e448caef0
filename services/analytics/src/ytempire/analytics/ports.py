"""What analytics needs from the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from ytempire.analytics.domain.affiliate import Programme
from ytempire.analytics.domain.collection import Figures
from ytempire.events import Money


class ConnectionLostError(Exception):
    """YouTube no longer accepts the channel's grant."""


class Reports(Protocol):
    """YouTube's figures of one channel."""

    async def figures(
        self, refresh_token: str, platform_video_id: str, first: date, last: date, *, monetary: bool
    ) -> Sequence[Figures]:
        """Days of the most recent past are missing, not zero.

        :raises ConnectionLostError: if the grant is no longer accepted.
        """


@dataclass(frozen=True)
class Transaction:
    """One sale as the network tells it."""

    network: str
    transaction_id: str
    status: str
    commission: Money
    at: datetime
    sub_id: str


class AffiliateNetwork(Protocol):
    """An affiliate network."""

    name: str

    async def programmes(self) -> Sequence[Programme]: ...

    async def link(self, programme_id: str, sub_id: str) -> str: ...

    async def transactions(self, first: datetime, last: datetime) -> Sequence[Transaction]: ...
