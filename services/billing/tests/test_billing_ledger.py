"""The ledger of Stripe's money on PostgreSQL against the real Stripe stand-in: it is what Stripe says, to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import stripe
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from ytempire.billing.adapters.ledger_metrics import LedgerMetrics
from ytempire.billing.bootstrap import DEFINITION
from ytempire.billing.domain.accounts import LedgerLine
from ytempire.billing.domain.events import LedgerEntryPosted, LedgerReconciled
from ytempire.billing.domain.ledger import DOUBLE_ENTRY, day_of, stream
from ytempire.billing.projections.ledger import COMPARED, LINES, PROJECTION
from ytempire.chassis.testing import Bench
from ytempire.events import Money
from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    LedgerDifferenceChanged,
    SubscriptionCancelled,
    SubscriptionStarted,
)
from ytempire.events.gateway import PaymentSetupRequested, WebhookReceived
from ytempire.events.onboarding import PlanSelected
from ytempire.events.plans import on_offer
from ytempire.eventstore import new_id
from ytempire.eventstore.audit import verify

CENT = 10_000


@dataclass
class Books:
    """Billing, the vendor's SDK beside it, and what was told so far."""

    bench: Bench
    api: stripe.StripeClient
    outside: Any
    began: int
    """Unix time."""
    told: set[str] = field(default_factory=set)

    async def subscribe(self, card: str = "pm_card_visa") -> str:
        """Somebody who pays for a plan without a trial."""
        bench, user_id = self.bench, new_id()
        offer = on_offer(bench.host.clock.now())["scale"]
        plan = {name: getattr(offer, name) for name in ("channels", "videos_per_day", "trial_days")}
        chosen = PlanSelected(user_id=user_id, plan="scale", price=offer.price("month"), **plan)
        await bench.deliver(chosen, tenant=user_id)
        value = {"name": "Ada", "email": "ada@studio.example"}
        sealed = bench.host.sealer.seal("billing", value, bench.host.clock.now(), timedelta(hours=1))
        wanted = PaymentSetupRequested(user_id=user_id, payment_method_id=card, sealed=sealed)
        await bench.deliver(wanted, tenant=user_id)
        await bench.settle()
        return user_id

    async def charge_of(self, user_id: str) -> stripe.Charge:
        (started,) = [e for e in await self.bench.events(SubscriptionStarted) if e.user_id == user_id]
        customer = self.api.v1.subscriptions.retrieve(started.subscription_id).customer
        return self.api.v1.charges.list({"customer": str(customer)}).data[0]

    async def tell(self, *kinds: str) -> None:
        """Hand over the notices that nobody told, as the gateway does with webhooks; only some kinds, or all."""
        for event in self.api.v1.events.list({"limit": 100, "created": {"gte": self.began}}).auto_paging_iter():
            if event.id in self.told or (kinds and event.type not in kinds):
                continue
            self.told.add(event.id)
            thing: Any = event.data.object
            await self.bench.deliver(
                WebhookReceived(provider="stripe", webhook_id=event.id, kind=event.type, object_id=thing.id)
            )
        await self.bench.settle()

    async def at_stripe(self) -> Counter[str]:
        """What moved since the beginning, by category, in cents."""
        sums: Counter[str] = Counter()
        for moved in self.api.v1.balance_transactions.list(
            {"limit": 100, "created": {"gte": self.began}}
        ).auto_paging_iter():
            sums[moved.reporting_category] += moved.net
        return sums

    async def in_the_ledger(self) -> Counter[str]:
        """The same by the read model."""
        wanted = select(LINES.c.what, func.sum(LINES.c.micros)).where(LINES.c.account == "stripe_balance")
        async with self.bench.host.models.reading(PROJECTION) as connection:
            rows = await connection.execute(wanted.group_by(LINES.c.what))
        return Counter({what: int(micros) // CENT for what, micros in rows})

    async def balances(self) -> dict[str, int]:
        """The trial balance in cents."""
        async with self.bench.host.models.reading(PROJECTION) as connection:
            rows = await connection.execute(select(LINES.c.account, func.sum(LINES.c.micros)).group_by(LINES.c.account))
        return {account: int(micros) // CENT for account, micros in rows}

    async def compare(self) -> list[LedgerReconciled]:
        """The next morning: the time at which the days before are compared is over."""
        before = len(await self.bench.events(LedgerReconciled))
        now = self.bench.host.clock.now()
        morning = (now + timedelta(days=1)).replace(hour=4)
        self.outside.advance(seconds=(morning - now).total_seconds())
        await self.bench.settle()
        return (await self.bench.events(LedgerReconciled))[before:]


@pytest.fixture
async def books(run_service: Any, outside: Any) -> AsyncIterator[Books]:
    stripe.ca_bundle_path = outside.addresses.ca
    api = stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{outside.url}/stripe"},
        http_client=stripe.RequestsClient(timeout=20),
    )
    # days of its own: what earlier tests moved at the stand-in is behind them, and nothing of theirs goes on
    for subscription in api.v1.subscriptions.list({"limit": 100}).auto_paging_iter():
        api.v1.subscriptions.cancel(subscription.id)
    outside.advance(days=2)
    async with run_service(DEFINITION) as bench:
        yield Books(bench, api, outside, int(bench.host.clock.now().timestamp()))


async def test_a_charge_is_posted_once_however_often_it_is_told(books: Books) -> None:
    user_id = await books.subscribe()
    await books.tell()
    charge = await books.charge_of(user_id)
    for kind in ("charge.succeeded", "charge.updated"):
        notice = WebhookReceived(provider="stripe", webhook_id=f"evt_{new_id()}", kind=kind, object_id=charge.id)
        await books.bench.deliver(notice)
    await books.bench.settle()
    (entry,) = await books.bench.events(LedgerEntryPosted)
    assert (entry.user_id, entry.what, entry.source_id) == (user_id, "charge", charge.id)
    assert await books.balances() == {"stripe_balance": 79_700 - 2_341, "fees": 2_341, "revenue": -79_700}
    (record,) = [r for r in await books.bench.log() if r.type == LedgerEntryPosted.type_name()]
    assert record.meta["tenant"] == user_id
    assert (await verify(books.bench.store, ledgers=(DOUBLE_ENTRY,))).findings == []


async def test_refunds_and_disputes_are_posted_as_stripe_moves_them(books: Books) -> None:
    refunded = await books.charge_of(await books.subscribe())
    disputed = await books.charge_of(await books.subscribe("pm_card_createDispute"))
    books.api.v1.refunds.create({"charge": refunded.id, "amount": 10_000})
    (dispute,) = books.api.v1.disputes.list({"charge": disputed.id}).data
    await books.tell()
    assert await books.in_the_ledger() == await books.at_stripe()
    assert (await books.balances())["disputes"] == 79_700
    (opened,) = await books.bench.events(DisputeOpened)
    assert (opened.dispute_id, opened.amount) == (dispute.id, Money.parse("797.00", "USD"))
    assert not (await books.bench.events(EntitlementsChanged))[-1].active
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    books.api.v1.disputes.update(dispute.id, evidence)
    await books.tell()
    assert [closed.won for closed in await books.bench.events(DisputeClosed)] == [True]
    assert (await books.bench.events(EntitlementsChanged))[-1].active
    assert await books.in_the_ledger() == await books.at_stripe()
    balances = await books.balances()
    assert (balances["disputes"], balances["refunds"], balances["fees"]) == (0, 10_000, 2 * 2_341 + 1_500)
    assert sum(balances.values()) == 0


async def test_a_dispute_without_an_answer_is_lost_and_ends_the_subscription(books: Books) -> None:
    user_id = await books.subscribe("pm_card_createDispute")
    await books.tell()
    books.outside.advance(days=15)
    await books.tell()
    (closed,) = await books.bench.events(DisputeClosed)
    assert (closed.user_id, closed.won) == (user_id, False)
    (ended,) = await books.bench.events(SubscriptionCancelled)
    assert books.api.v1.subscriptions.retrieve(ended.subscription_id).status == "canceled"
    assert (await books.balances())["disputes"] == 79_700


async def test_a_payout_leaves_the_balance_for_the_bank(books: Books) -> None:
    await books.subscribe()
    books.outside.advance(days=2.1)
    books.api.v1.payouts.create({"amount": 50_000, "currency": "usd"})
    await books.tell()
    balances = await books.balances()
    assert (balances["payouts"], balances["stripe_balance"]) == (50_000, 79_700 - 2_341 - 50_000)


async def test_the_tax_of_an_invoice_is_payable_and_not_revenue(books: Books) -> None:
    rate: Any = {"display_name": "VAT", "percentage": 19, "inclusive": False, "country": "DE"}
    taxed = books.api.v1.tax_rates.create(rate)
    user_id = await books.subscribe()
    (started,) = await books.bench.events(SubscriptionStarted)
    books.api.v1.subscriptions.update(started.subscription_id, {"default_tax_rates": [taxed.id]})
    books.outside.advance(days=32)
    await books.tell()
    balances = await books.balances()
    assert (balances["revenue"], balances["vat_payable"]) == (-2 * 79_700, -15_143)
    charge = await books.charge_of(user_id)
    for part in (30_000, 30_000, charge.amount - 60_000):
        books.api.v1.refunds.create({"charge": charge.id, "amount": part})
    await books.tell()
    balances = await books.balances()
    assert (balances["vat_payable"], balances["refunds"]) == (0, 79_700)
    assert await books.in_the_ledger() == await books.at_stripe()


async def test_a_day_is_compared_when_it_is_over_and_agrees(books: Books) -> None:
    await books.subscribe()
    await books.tell()
    day = day_of(books.bench.host.clock.now())
    told = {event.day: event for event in await books.compare()}
    assert told[day].stripe_net == told[day].ledger_net
    assert (told[day].stripe_net.micros, told[day].difference.micros) == ((79_700 - 2_341) * CENT, 0)
    assert {event.difference.micros for event in told.values()} == {0}
    # each day once
    assert day not in {event.day for event in await books.compare()}
    async with books.bench.host.models.reading(PROJECTION) as connection:
        row = (await connection.execute(select(COMPARED).where(COMPARED.c.day == day))).mappings().one()
    assert (row["stripe_net"], row["difference"]) == ((79_700 - 2_341) * CENT, 0)


async def test_what_no_notice_told_is_posted_when_its_day_is_compared(books: Books) -> None:
    user_id = await books.subscribe()
    charge = await books.charge_of(user_id)
    books.api.v1.refunds.create({"charge": charge.id, "amount": 700})
    books.outside.fault("stripe", "status", status=500, path="^/v1/events", count=1_000)
    day = day_of(books.bench.host.clock.now())
    (told,) = [event for event in await books.compare() if event.day == day]
    assert (told.missed, told.difference.micros) == (2, 0)
    assert told.stripe_net.micros == (79_700 - 2_341 - 700) * CENT
    owned = {r.meta["tenant"] for r in await books.bench.log() if r.type == LedgerEntryPosted.type_name()}
    assert owned == {user_id}
    books.outside.web.delete("/control/faults")
    await books.tell()
    assert len(await books.bench.events(LedgerEntryPosted)) == 2


async def test_a_day_that_differs_says_so_every_day_until_it_agrees(books: Books) -> None:
    now = books.bench.host.clock.now()
    never = LedgerEntryPosted(
        entry_id="txn_that_never_was",
        at=now,
        what="charge",
        source_id="ch_none",
        user_id=None,
        invoice_id=None,
        currency="USD",
        lines=(LedgerLine(account="stripe_balance", micros=5), LedgerLine(account="suspense", micros=-5)),
    )
    await books.bench.store.append(stream(day_of(now)), never)
    for _ in range(2):
        (told,) = [event for event in await books.compare() if event.day == day_of(now)]
        assert (told.stripe_net.micros, told.ledger_net.micros, told.difference.micros) == (0, 5, 5)
    await LedgerMetrics(books.bench.host.models).look()
    assert REGISTRY.get_sample_value("ytempire_ledger_difference", {"currency": "USD"}) == 0.000_005
    assert REGISTRY.get_sample_value("ytempire_ledger_suspense", {"currency": "USD"}) == -0.000_005
    newest = max(event.day for event in await books.bench.events(LedgerReconciled))
    day = datetime.combine(newest, time(), UTC).timestamp()
    assert REGISTRY.get_sample_value("ytempire_ledger_compared_day_seconds") == day
    (differs,) = await books.bench.events(LedgerDifferenceChanged)
    assert (differs.days, [money.micros for money in differs.differences]) == ((day_of(now),), [5])


async def test_days_that_stripe_does_not_answer_for_are_compared_later(books: Books) -> None:
    await books.subscribe()
    await books.tell()
    books.outside.fault("stripe", "status", status=500, path="^/v1/balance_transactions", count=4)
    day = day_of(books.bench.host.clock.now())
    days = [event.day for _ in range(2) for event in await books.compare()]
    assert days.count(day) == 1
