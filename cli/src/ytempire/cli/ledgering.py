"""The ledger of Stripe's money, seen by tools: the trial balance, entries, and the days that were compared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import open_services

_MICROS = 1_000_000


@dataclass(frozen=True)
class Balance:
    """What stands on an account: a debit above zero, a credit below."""

    currency: str
    account: str
    amount: Decimal


@dataclass(frozen=True)
class Comparison:
    """How the days agreed with Stripe's own list."""

    days: int
    until: date | None
    differing: Sequence[tuple[date, str, Decimal]]
    missed: int
    """Movements that no notice had told."""


@dataclass(frozen=True)
class Line:
    """One side of an entry."""

    at: datetime
    entry_id: str
    what: str
    source_id: str
    tenant: str
    account: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Books:
    """What is known of the money at Stripe."""

    balances: Sequence[Balance]
    comparison: Comparison

    @property
    def agree(self) -> bool:
        return not self.comparison.differing


async def books(plan: PlatformPlan) -> Books:
    """The trial balance and how it was compared."""
    async with _ledger(plan) as (connection, tables):
        lines = tables["lines"].c
        summed = select(lines.currency, lines.account, func.sum(lines.micros)).group_by(lines.currency, lines.account)
        balances = [Balance(c, a, _units(m)) for c, a, m in await connection.execute(summed)]
        return Books(sorted(balances, key=lambda b: (b.currency, b.account)), await _comparison(connection, tables))


async def entries(plan: PlatformPlan, day: date | None, user: str | None) -> Sequence[Line]:
    """The entries of a day or of a customer, oldest first."""
    async with _ledger(plan) as (connection, tables):
        lines = tables["lines"].c
        wanted = select(*lines).order_by(lines.at, lines.entry_id, lines.micros.desc())
        for column, value in ((lines.day, day), (lines.tenant_id, user)):
            wanted = wanted if value is None else wanted.where(column == value)
        rows = (await connection.execute(wanted)).all()
    return [
        Line(r.at, r.entry_id, r.what, r.source_id, r.tenant_id, r.account, _units(r.micros), r.currency) for r in rows
    ]


async def _comparison(connection: AsyncConnection, tables: dict[str, Table]) -> Comparison:
    compared = tables["compared"].c
    total = (
        await connection.execute(
            select(func.count(compared.day.distinct()), func.max(compared.day), func.sum(compared.missed))
        )
    ).one()
    open_days = select(compared.day, compared.currency, compared.difference).where(compared.difference != 0)
    differing = [(day, c, _units(m)) for day, c, m in await connection.execute(open_days.order_by(compared.day))]
    return Comparison(total[0], total[1], differing, int(total[2] or 0))


@asynccontextmanager
async def _ledger(plan: PlatformPlan) -> AsyncIterator[tuple[AsyncConnection, dict[str, Table]]]:
    async with open_services(plan, "billing") as (billing,):
        (model,) = (projection for projection in billing.models.projections if projection.name == "ledger")
        async with billing.models.reading(model) as connection:
            yield connection, dict(model.tables.tables)


def _units(micros: Any) -> Decimal:
    return Decimal(micros) / _MICROS
