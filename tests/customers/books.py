"""The payment provider's own books, by the vendor's SDK, and what of them the ledger does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import stripe
from sqlalchemy import func, select

from ytempire.billing.projections.ledger import COMPARED, LINES, PROJECTION
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import open_services
from ytempire.eventstore import ReadModels

CENT = 10_000
Sums = Counter[str]
"""Micro-units that came into the balance, by the provider's category."""


def client(url: str, ca: str) -> stripe.StripeClient:
    """The vendor's SDK at the stand-in."""
    stripe.ca_bundle_path = ca
    return stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{url}/stripe"},
        http_client=stripe.RequestsClient(timeout=60),
    )


def at_the_provider(api: stripe.StripeClient) -> Sums:
    """Everything that ever moved; the sum is checked against the balance itself."""
    sums: Sums = Counter()
    for moved in api.v1.balance_transactions.list({"limit": 100}).auto_paging_iter():
        sums[moved.reporting_category] += moved.net * CENT
    standing = api.v1.balance.retrieve()
    total = sum(part.amount for part in (*standing.available, *standing.pending)) * CENT
    if sum(sums.values()) != total:
        raise AssertionError(f"the provider's list of what moved is {sum(sums.values())}, its balance {total}")
    return sums


async def in_the_ledger(models: ReadModels) -> Sums:
    """The same as billing's read model has it."""
    wanted = select(LINES.c.what, func.sum(LINES.c.micros)).where(LINES.c.account == "stripe_balance")
    async with models.reading(PROJECTION) as connection:
        rows: Iterable[Any] = await connection.execute(wanted.group_by(LINES.c.what))
    return Counter({what: int(micros) for what, micros in rows})


async def unbalanced(models: ReadModels) -> int:
    """How many entries have debits that are not their credits; 1 more if the trial balance is not zero."""
    entries = select(LINES.c.entry_id).group_by(LINES.c.entry_id).having(func.sum(LINES.c.micros) != 0)
    async with models.reading(PROJECTION) as connection:
        wrong = len((await connection.execute(entries)).all())
        total = (await connection.execute(select(func.coalesce(func.sum(LINES.c.micros), 0)))).scalar_one()
    return wrong + bool(total)


def difference(provider: Sums, ledger: Sums) -> int:
    """By how many micro-units they differ, category by category."""
    return sum(abs(provider[kind] - ledger[kind]) for kind in {*provider, *ledger})


async def judged(plan: PlatformPlan) -> dict[str, int]:
    """A running platform's ledger against its provider.

    Returns: difference (micro-units, with entries that do not balance), entries, days (that billing itself compared),
    days_differing, missed (movements that no notice had told).
    """
    async with open_services(plan, "billing") as (billing,):
        models = billing.models
        off = difference(at_the_provider(client(plan.sandbox_url, str(plan.ca_bundle))), await in_the_ledger(models))
        off += await unbalanced(models)
        async with models.reading(PROJECTION) as connection:
            entries = await connection.scalar(select(func.count(LINES.c.entry_id.distinct())))
            days = (await connection.execute(select(COMPARED.c.difference, COMPARED.c.missed))).all()
    return {
        "difference": off,
        "entries": int(entries or 0),
        "days": len(days),
        "days_differing": sum(bool(day.difference) for day in days),
        "missed": sum(day.missed for day in days),
    }
