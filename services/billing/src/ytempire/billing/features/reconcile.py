"""Compare the ledger with Stripe's own list every day of business time, and post what no notice told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce

import structlog

from ytempire.billing.domain import ledger, reconciliation
from ytempire.billing.domain.events import NoticesListingDue
from ytempire.billing.features.keep_ledger import KeepLedger
from ytempire.billing.ports import Balance
from ytempire.eventstore import Delivery, EventStore, TransientError

_SETTLED = timedelta(hours=1)
"""A day is compared an hour after it is over: what Stripe booked at its end is in the list by then."""
log = structlog.get_logger()


@dataclass
class Reconcile:
    store: EventStore
    balance: Balance
    keep: KeepLedger
    _known: tuple[reconciliation.Reconciliation, int] = (reconciliation.Reconciliation(), 0)
    """State and version up to what was read last: each day adds to one stream, which is not folded anew every day."""

    async def run(self, event: NoticesListingDue, delivery: Delivery) -> None:
        """Every day that is over and not known to agree."""
        state, version = await self._read()
        try:
            for day in state.open(ledger.day_of(delivery.envelope.time - _SETTLED)):
                told = reconciliation.decide(state, await self._compared(day))
                await self.store.append(reconciliation.STREAM, *told, expected=version)
                state, version = reduce(reconciliation.evolve, told, state), version + len(told)
                if any(day == differing for differing, _ in state.differing):
                    log.error("the ledger differs from Stripe", day=str(day))
        except TransientError as error:
            if not delivery.last:
                raise
            # the days stay open: the next time begins with them
            log.warning("the ledger was not compared with Stripe", error=str(error))

    async def _read(self) -> tuple[reconciliation.Reconciliation, int]:
        state, version = self._known
        async for record in self.store.stream(reconciliation.STREAM, version):
            state, version = reconciliation.evolve(state, record.event), record.version
        self._known = state, version
        return self._known

    async def _compared(self, day: date) -> reconciliation.Compare:
        begin = datetime.combine(day, time(), UTC)
        listed = await self.balance.moved_between(begin, begin + timedelta(days=1))
        missed = sum([await self.keep.post(moved) for moved in listed])
        kept, _ = await self.store.state(ledger.LEDGER, ledger.stream(day))
        return reconciliation.Compare(day, ledger.totals(listed), kept.totals, missed)
