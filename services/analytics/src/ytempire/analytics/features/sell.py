"""Collect affiliate sales every day of business time; the sub id leads from a sale to its video."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from ytempire.analytics.domain import sales as domain
from ytempire.analytics.domain import video
from ytempire.analytics.domain.events import SalesCollectionDue
from ytempire.analytics.ports import AffiliateNetwork, Transaction
from ytempire.chassis import Clock, next_daily
from ytempire.eventstore import (
    Claim,
    Delivery,
    EventStore,
    PermanentError,
    Timer,
    TransientError,
    Unit,
    current,
    handling,
)

_WINDOW = timedelta(days=30)
"""The network answers for at most 31 days."""
log = structlog.get_logger()
_STREAM = "sales-collection"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Sell:
    store: EventStore
    network: AffiliateNetwork
    clock: Clock

    async def begin(self) -> None:
        """Set the first timer, once in the life of the store."""
        timer = Timer(_STREAM, next_daily(self.clock.now()), _STREAM, SalesCollectionDue())
        await self.store.submit(Unit((), Claim("sales-collection", "begin"), timers=(timer,)))

    async def collect(self, event: SalesCollectionDue, delivery: Delivery) -> None:
        now = self.clock.now()
        try:
            for transaction in await self.network.transactions(now - _WINDOW, now):
                await self._observe(transaction)
        except (TransientError, PermanentError) as error:
            if isinstance(error, TransientError) and not delivery.last:
                raise
            # tomorrow's window holds today's sales too
            log.warning("sales not collected today", error=str(error))
        timer = Timer(_STREAM, next_daily(delivery.envelope.time), _STREAM, SalesCollectionDue())
        await self.store.submit(Unit((), delivery.claim, timers=(timer,)))

    async def _observe(self, transaction: Transaction) -> None:
        if not _UUID.fullmatch(transaction.sub_id):
            return
        sold, _ = await self.store.state(video.VIDEO, video.stream(transaction.sub_id))
        if sold.noted is None:
            return
        command = domain.Observe(
            network=transaction.network,
            transaction_id=transaction.transaction_id,
            status=transaction.status,
            commission=transaction.commission,
            day=transaction.at.date(),
            video_id=sold.noted.video_id,
            user_id=sold.noted.user_id,
            channel_id=sold.noted.channel_id,
            at=self.clock.now(),
        )
        with handling(replace(current(), tenant=sold.noted.user_id)):
            await self.store.execute(
                domain.SALE, domain.stream(transaction.network, transaction.transaction_id), command
            )
