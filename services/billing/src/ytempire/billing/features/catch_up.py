"""Ask Stripe once a day what it told: a notice that never reached the gateway is followed all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import NoticesListingDue
from ytempire.billing.features.follow_stripe import KINDS, FollowStripe
from ytempire.billing.ports import Notice, Notices
from ytempire.chassis import Clock, next_daily
from ytempire.eventstore import Claim, Delivery, EventStore, Timer, TransientError, Unit

_AGAIN = timedelta(hours=1)
_WINDOW = timedelta(days=3)
"""As long as Stripe tries to deliver a notice: longer than a day, so that no failure leaves a gap."""
_STREAM = "stripe-notices-listing"
log = structlog.get_logger()


@dataclass(frozen=True)
class CatchUp:
    store: EventStore
    notices: Notices
    follow: FollowStripe
    clock: Clock

    async def begin(self) -> None:
        """Set the first timer, once in the life of the store."""
        timer = Timer(_STREAM, next_daily(self.clock.now()), _STREAM, NoticesListingDue())
        await self.store.submit(Unit((), Claim(_STREAM, "begin"), timers=(timer,)))

    async def list(self, event: NoticesListingDue, delivery: Delivery) -> None:
        due = next_daily(delivery.envelope.time)
        try:
            if missed := await self._missed(delivery):
                log.warning("notices that no webhook brought", count=missed)
        except TransientError as error:
            due = delivery.envelope.time + _AGAIN
            log.warning("notices not listed: asked again in an hour", error=str(error))
        timer = Timer(_STREAM, due, _STREAM, NoticesListingDue())
        await self.store.submit(Unit((), delivery.claim, timers=(timer,)))

    async def _missed(self, delivery: Delivery) -> int:
        """How many of the listed notices were new."""
        listed, missed = await self.notices.since(delivery.envelope.time - _WINDOW, KINDS), 0
        for notice in listed:
            if await self._concerns_us(notice):
                missed += await self.follow.notice(notice.webhook_id, notice.kind, notice.object_id)
        return missed

    async def _concerns_us(self, notice: Notice) -> bool:
        """Whether it names one of our accounts, or none: an account at Stripe may serve more than this platform."""
        if notice.user_id is None:
            return True
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(notice.user_id))
        return state.customer_id is not None
