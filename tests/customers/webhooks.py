"""Any permutation of the notices of two months, with duplicates, ends in the same state and ledger: ``measure()``.

As many accounts as permutations live the same life at the payment provider: a plan, a dearer one, a refund, a card that
fails, retries, a payment by hand that its holder disputes in vain, a cheaper plan, an end. The first is told
everything at once and in order. The others are told at random: late, shuffled, some things twice or three times, at any
moment between the steps and after the end. No daily list of notices helps them.
"""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import stripe
from nacl.public import PrivateKey
from tests.customers import books

from ytempire.billing.bootstrap import DEFINITION
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import LedgerEntryPosted
from ytempire.billing.domain.ledger import on_balance
from ytempire.chassis.testing import Bench, ManualClock, running, settings_of
from ytempire.cli.testing import EmbeddedServers, embedded_servers
from ytempire.events import Event
from ytempire.events.billing import InvoicePaid, RefundIssued
from ytempire.events.gateway import (
    InvoicePaymentRequested,
    PaymentMethodChangeRequested,
    PaymentSetupRequested,
    SubscriptionChangeRequested,
    WebhookReceived,
)
from ytempire.events.onboarding import PlanSelected
from ytempire.events.plans import on_offer
from ytempire.eventstore import Unit, new_id
from ytempire.sandbox.process import SandboxProcess

PERMUTATIONS = 200
SEED = 20_261_128
_TOGETHER = 20
"""Accounts that live at the same time at one provider."""
_FAILING, _DISPUTING = "pm_card_chargeCustomerFail", "pm_card_createDispute"


@dataclass
class Account:
    """One life, and what was told of it."""

    user_id: str
    chance: random.Random | None
    """None: told at once and in order."""
    customer_id: str = ""
    subscription_id: str = ""
    pending: list[WebhookReceived] = field(default_factory=list)
    told: list[WebhookReceived] = field(default_factory=list)

    def some(self, *, everything: bool = False) -> list[WebhookReceived]:
        """What is handed over now: any of the notices that wait, in any order, and some of the old ones again."""
        if self.chance is None:
            now, self.pending = self.pending, []
            return now
        self.chance.shuffle(self.pending)
        count = len(self.pending) if everything else self.chance.randint(0, len(self.pending))
        now, self.pending = self.pending[:count], self.pending[count:]
        self.told += now
        again = self.told if everything else self.told[: self.chance.randint(0, len(self.told))]
        repeated = [notice for notice in again if self.chance.random() < 0.5]
        shuffled = [*now, *repeated]
        self.chance.shuffle(shuffled)
        return shuffled


def measure(permutations: int = PERMUTATIONS, seed: int = SEED) -> dict[str, Any]:
    """How many of the permutations ended elsewhere than in order.

    Returns: permutations, differing (how many), problems (their words), notices (handed over), entries (posted),
    difference (micro-units between ledger and provider), seconds.
    """
    began, chance = time.monotonic(), random.Random(seed)
    total: Counter[str] = Counter()
    problems: list[str] = []
    with embedded_servers() as servers:
        left = permutations
        while left > 0:
            count = min(left, _TOGETHER)
            got, wrong = asyncio.run(_together(servers, count, chance))
            total.update(got)
            problems += wrong
            left -= count
    return {
        "permutations": permutations,
        "differing": total["differing"],
        "problems": problems[:20],
        "notices": total["notices"],
        "entries": total["entries"],
        "difference": total["difference"],
        "seconds": round(time.monotonic() - began, 1),
    }


async def _together(servers: EmbeddedServers, count: int, chance: random.Random) -> tuple[Counter[str], list[str]]:
    """``count`` permutations and the one in order, at a provider of their own."""
    async with _billing(servers) as town:
        accounts = [Account(new_id(), random.Random(chance.random()) if n else None) for n in range(count + 1)]
        await town.live(accounts)
        return await town.judge(accounts)


@asynccontextmanager
async def _billing(servers: EmbeddedServers) -> AsyncIterator[_Town]:
    """Billing on a fresh database beside a fresh provider."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ytest-")))
        addresses = stack.enter_context(SandboxProcess(folder / "sandbox"))
        trust = ssl.create_default_context(cafile=addresses.ca)
        web = stack.enter_context(httpx.Client(base_url=addresses.base_url, verify=trust, timeout=60))
        clock = ManualClock()
        settings = settings_of(
            DEFINITION,
            database=servers.service_database("billing"),
            nats=servers.nats_access,
            secrets_dir=_keys(folder / "keys"),
            folder=folder,
            ca_bundle=addresses.ca,
            stripe_url=f"{addresses.base_url}/stripe",
            stripe_key_file=folder / "keys" / "stripe.key",
        )
        async with running(DEFINITION, settings, clock) as bench:
            # what no webhook brings must not be made up for by the daily list
            await bench.store.submit(Unit((), cancel=("stripe-notices-listing",)))
            yield _Town(bench, clock, web, books.client(addresses.base_url, addresses.ca))


def _keys(folder: Path) -> Path:
    folder.mkdir()
    for service in ("billing", "gateway"):
        private = PrivateKey.generate()
        (folder / f"{service}.seal.key").write_bytes(base64.b64encode(bytes(private)))
        (folder / f"{service}.seal.pub").write_bytes(base64.b64encode(bytes(private.public_key)))
    (folder / "stripe.key").write_text("sk_test_sandbox\n")
    return folder


@dataclass
class _Town:
    """Where the accounts live: billing, the provider, and the time of both."""

    bench: Bench
    clock: ManualClock
    web: httpx.Client
    api: stripe.StripeClient
    since: int = 0
    """When the newest known event of the provider happened."""
    seen: set[str] = field(default_factory=set)
    charges: dict[str, str] = field(default_factory=dict)
    """Whose they are."""
    notices: int = 0

    async def live(self, accounts: Sequence[Account]) -> None:
        """The same two months for everybody."""
        # somebody else has the card's trial
        somebody = Account(new_id(), None)
        await self._begin([somebody])
        self.api.v1.subscriptions.cancel(somebody.subscription_id)
        await self._begin(accounts)
        await self._pass(accounts, 10)
        await self._ask(
            accounts, lambda who: SubscriptionChangeRequested(user_id=who, change="change_plan", plan="growth")
        )
        await self._pass(accounts, 2)
        for account in accounts:
            first = self.api.v1.charges.list({"customer": account.customer_id}).data[-1]
            self.api.v1.refunds.create({"charge": first.id, "amount": 1_900})
        await self._pass(accounts, 3)
        await self._ask(accounts, lambda who: PaymentMethodChangeRequested(user_id=who, payment_method_id=_FAILING))
        await self._pass(accounts, 17)
        await self._pass(accounts, 3.2)
        await self._ask(accounts, lambda who: PaymentMethodChangeRequested(user_id=who, payment_method_id=_DISPUTING))
        await self._ask(accounts, lambda who: InvoicePaymentRequested(user_id=who))
        await self._pass(accounts, 1)
        # a change of plan is refused to whom the account's log still calls overdue
        await self._tell(accounts, everything=True)
        await self._ask(
            accounts, lambda who: PaymentMethodChangeRequested(user_id=who, payment_method_id="pm_card_visa")
        )
        await self._ask(
            accounts, lambda who: SubscriptionChangeRequested(user_id=who, change="change_plan", plan="starter")
        )
        await self._pass(accounts, 2)
        self._win(accounts)
        await self._pass(accounts, 13)
        await self._pass(accounts, 13)
        await self._ask(accounts, lambda who: SubscriptionChangeRequested(user_id=who, change="cancel_now"))
        await self._pass(accounts, 1)
        await self._tell(accounts, everything=True)

    def _win(self, accounts: Sequence[Account]) -> None:
        """The bank decides for us."""
        customers = {account.customer_id for account in accounts}
        for dispute in self.api.v1.disputes.list({"limit": 100, "expand": ["data.charge"]}).data:
            charge: Any = dispute.charge
            if charge.customer in customers:
                self.api.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})

    async def _begin(self, accounts: Sequence[Account]) -> None:
        now = self.clock.now()
        offer = on_offer(now)["starter"]
        plan = {name: getattr(offer, name) for name in ("channels", "videos_per_day", "trial_days")}
        for account in accounts:
            who = account.user_id
            chosen = PlanSelected(user_id=who, plan="starter", price=offer.price("month"), **plan)
            await self.bench.deliver(chosen, tenant=who)
        value = {"name": "Ada", "email": "ada@studio.example"}
        sealed = self.bench.host.sealer.seal("billing", value, now, timedelta(hours=1))
        await self._ask(
            accounts, lambda who: PaymentSetupRequested(user_id=who, payment_method_id="pm_card_visa", sealed=sealed)
        )
        for account in accounts:
            state = await self._state(account)
            account.customer_id, account.subscription_id = state.customer_id or "", state.subscription_id or ""
        await self._tell(accounts)

    async def _ask(self, accounts: Sequence[Account], wanted: Any) -> None:
        for account in accounts:
            event: Event = wanted(account.user_id)
            await self.bench.deliver(event, tenant=account.user_id)
        await self.bench.settle()

    async def _pass(self, accounts: Sequence[Account], days: float) -> None:
        answer = self.web.post("/control/clock", json={"advance_seconds": days * 86_400}).raise_for_status()
        self.clock.offset = timedelta(seconds=answer.json()["offset_seconds"])
        await self.bench.settle()
        await self._tell(accounts)

    async def _tell(self, accounts: Sequence[Account], *, everything: bool = False) -> None:
        """What happened at the provider goes to its accounts; some of it is handed over."""
        self._collect(accounts)
        for account in accounts:
            for notice in account.some(everything=everything):
                await self.bench.deliver(notice)
                self.notices += 1
        await self.bench.settle()

    def _collect(self, accounts: Sequence[Account]) -> None:
        """New events of the provider, each with the account whose customer it names."""
        owners = {account.customer_id: account for account in accounts}
        events = self.api.v1.events.list({"limit": 100, "created": {"gte": self.since}})
        for event in list(events.auto_paging_iter())[::-1]:
            if event.id in self.seen:
                continue
            self.seen.add(event.id)
            thing = event.to_dict()["data"]["object"]
            if thing["object"] == "charge":
                self.charges[thing["id"]] = thing["customer"]
            customer = thing.get("customer") or self.charges.get(thing.get("charge", ""))
            if owner := owners.get(thing["id"] if thing["object"] == "customer" else customer):
                owner.pending.append(
                    WebhookReceived(provider="stripe", webhook_id=event.id, kind=event.type, object_id=thing["id"])
                )
            self.since = event.created

    async def _state(self, account: Account) -> domain.Subscription:
        state, _ = await self.bench.store.state(domain.SUBSCRIPTION, domain.stream(account.user_id))
        return state

    async def judge(self, accounts: Sequence[Account]) -> tuple[Counter[str], list[str]]:
        """What every account came to, against the one in order and against the provider."""
        by_tenant = await self._entries()
        wanted = self._shape(await self._state(accounts[0]))
        counts, problems = Counter[str](), list[str]()
        for number, account in enumerate(accounts):
            wrong = [*await self._unlike(account, wanted), *self._unposted(account, by_tenant)]
            counts["differing"] += bool(wrong)
            problems += [f"{number}: {what}" for what in wrong]
        models = self.bench.host.models
        counts["entries"] = sum(len(entries) for entries in by_tenant.values())
        counts["difference"] = books.difference(
            books.at_the_provider(self.api), await books.in_the_ledger(models)
        ) + await books.unbalanced(models)
        counts["notices"] = self.notices
        return counts, problems

    async def _entries(self) -> dict[str, list[LedgerEntryPosted]]:
        found: dict[str, list[LedgerEntryPosted]] = {}
        for record in await self.bench.log():
            if isinstance(record.event, LedgerEntryPosted):
                found.setdefault(record.meta["tenant"], []).append(record.event)
        return found

    @staticmethod
    def _shape(state: domain.Subscription) -> dict[str, Any]:
        """What must be alike of two lives: everything but ids, seconds, and which tries were seen to fail."""
        plan = state.subscribed
        return {
            "plan": (plan.plan, plan.interval) if plan else None,
            "status": state.status,
            # under which plan nothing is allowed says nothing
            "active": (state.active, state.channels, state.videos_per_day, state.active and state.entitled_plan),
            "overdue": (state.overdue, state.grace_over),
            "ahead": (state.next, state.cancels_at, state.changing, state.ordered),
            "disputed": (sorted(state.disputes.values()), state.lost_dispute),
            "paid": len(state.invoices),
            "refunded": len(state.refunds),
        }

    async def _unlike(self, account: Account, wanted: dict[str, Any]) -> list[str]:
        state = await self._state(account)
        shape = self._shape(state)
        wrong = [f"{name} is {shape[name]}, not {value}" for name, value in wanted.items() if shape[name] != value]
        there = self.api.v1.subscriptions.retrieve(account.subscription_id)
        end = datetime.fromtimestamp(there["items"].data[0].current_period_end, UTC)
        if (state.status, state.period_end) != (there.status, end):
            wrong.append(f"{state.status} until {state.period_end}, at the provider {there.status} until {end}")
        told = {e.invoice_id: e.net.micros + e.tax.micros for e in await self._of(account, InvoicePaid)}
        invoices = self.api.v1.invoices.list({"customer": account.customer_id, "status": "paid", "limit": 100})
        if told != {invoice.id: invoice.amount_paid * books.CENT for invoice in invoices.data}:
            wrong.append(f"paid invoices {told}")
        refunds = [e.amount.micros for e in await self._of(account, RefundIssued)]
        return wrong if refunds == [1_900 * books.CENT] else [*wrong, f"refunds {refunds}"]

    async def _of(self, account: Account, kind: type[Any]) -> list[Any]:
        return [event for event in await self.bench.events(kind) if event.user_id == account.user_id]

    def _unposted(self, account: Account, by_tenant: dict[str, list[LedgerEntryPosted]]) -> list[str]:
        """What the account's charges, refunds and disputes moved, where it is not in the ledger as it is."""
        there: dict[str, int] = {}
        for charge in self.api.v1.charges.list({"customer": account.customer_id, "limit": 100}).data:
            refunds = self.api.v1.refunds.list({"charge": charge.id}).data
            disputes = self.api.v1.disputes.list({"charge": charge.id}).data
            for thing in (charge, *refunds, *disputes):
                for moved in self.api.v1.balance_transactions.list({"source": thing.id}).data:
                    there[moved.id] = moved.net * books.CENT
        posted = {entry.entry_id: on_balance(entry) for entry in by_tenant.get(account.user_id, [])}
        return [] if posted == there else [f"the ledger has {posted}, the provider {there}"]


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<12} {value}")
