"""The ledger's figures for whoever watches the platform: how much it differs, and until which day it was compared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time

import psycopg
import structlog
from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ytempire.billing.projections.ledger import COMPARED, LINES, PROJECTION
from ytempire.eventstore import ReadModels

_LOOK_S = 5.0
_MICROS = 1_000_000
difference = Gauge(
    "ytempire_ledger_difference",
    "Units by which the ledger differs from the payment provider's list; must be 0",
    ["currency"],
)
suspense = Gauge("ytempire_ledger_suspense", "Units that fit no invoice and wait for a person", ["currency"])
compared = Gauge("ytempire_ledger_compared_day_seconds", "Begin of the newest day that was compared, Unix time")
log = structlog.get_logger()

_DIFFERENCE = select(COMPARED.c.currency, func.sum(COMPARED.c.difference)).group_by(COMPARED.c.currency)
_NEWEST = select(func.max(COMPARED.c.day))
_SUSPENSE = (
    select(LINES.c.currency, func.sum(LINES.c.micros)).where(LINES.c.account == "suspense").group_by(LINES.c.currency)
)


class LedgerMetrics:
    """Looks at the read model every few seconds, so that every copy of the service says the same; a look may fail."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            try:
                await self.look()
            except (SQLAlchemyError, psycopg.Error, OSError) as error:
                log.warning("the ledger could not be measured", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Measure once."""
        async with self._models.reading(PROJECTION) as connection:
            for gauge, wanted in ((difference, _DIFFERENCE), (suspense, _SUSPENSE)):
                for currency, micros in await connection.execute(wanted):
                    gauge.labels(currency).set(float(micros) / _MICROS)
            newest = await connection.scalar(_NEWEST)
        if newest is not None:
            compared.set(datetime.combine(newest, time(), UTC).timestamp())
