"""A year of one customer's life with its payments: ``measure()``.

Everything is asked at the gateway's doors, the platform runs as a whole, and time is moved step by step. What was
charged, net and VAT, is compared to the cent with a table that was worked out by hand:

    what                                              net       VAT   by hand
    the trial                                        0.00      0.00
    starter, before anybody said where they are     97.00      0.00
    the upgrade to growth, by the second                  -  0.00
    growth, a person in Germany                    297.00     56.43   297 x 19 %
    growth, late, paid on another card             297.00     56.43   as its draft was made
    starter, a business in France, confirmed        97.00      0.00   reverse charge
    away, and back                                  97.00      0.00   as before
    starter, a person in Finland, until the end     97.00     24.74   97 x 25.5 % = 24.735

Nothing that was paid changes when the customer moves: the whole table is compared at the end of the year.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.customers import books

from ytempire.cli import detached
from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Journey
from ytempire.cli.plan import UpOptions
from ytempire.cli.running import plan_of
from ytempire.cli.testing import temporary_var
from ytempire.cli.timekeeper import Timekeeper

STARTER, GROWTH = Decimal("97.00"), Decimal("297.00")
FREE = Decimal("0.00")
GROWTH_IN_GERMANY, STARTER_IN_FINLAND = Decimal("56.43"), Decimal("24.74")
_HOME = {"name": "Riverside Media", "line1": "1 Quay", "postal_code": "12345", "city": "Harbour"}
YEAR = timedelta(days=365)
_A_LITTLE = timedelta(hours=2)
"""Stripe charges a renewal one hour after its period began."""
_MAILS = {
    "Your trial has begun": 1,
    "Your payment did not go through": 1,
    "Your payment went through: everything goes on": 1,
    "Your subscription has ended": 1,
    "Your subscription has begun": 1,
    "How your invoices are taxed from now on": 4,
}
_FIRST_MAILS = {"Your trial has begun": 1, "How your invoices are taxed from now on": 1}
"""Besides a receipt for each payment: how often each mail comes, at the least."""


Payment = tuple[Decimal, Decimal]
"""Net and VAT."""


@dataclass
class Life:
    """What is seen and expected on the way."""

    browser: Browser
    clock: Timekeeper
    expected: list[Payment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def billing(self) -> dict[str, Any]:
        return dict(self.browser.get("/billing"))

    def wait(self, days: float) -> None:
        self.clock.advance(timedelta(days=days), lambda at, share: None)

    def to_the_next_period(self) -> None:
        end = datetime.fromisoformat(self.billing()["subscription"]["period_end"])
        self.clock.advance(end - self.clock.now() + _A_LITTLE, lambda at, share: None)

    def see(self, what: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look at the account's billing once everything has settled."""
        self.clock.settle(0)
        now = self.billing()
        if not holds(now):
            self.problems.append(f"{what}: {now['subscription']}, {now['entitlements']}")
        return now

    def paid(self) -> list[Payment]:
        """Net and VAT of each payment, in order."""
        made = [invoice for invoice in self.billing()["invoices"] if invoice["status"] == "paid"]
        made.sort(key=lambda invoice: (invoice["paid_at"], Decimal(invoice["net"]["amount"])))
        return [(Decimal(invoice["net"]["amount"]), Decimal(invoice["tax"]["amount"])) for invoice in made]

    def move_to(self, country: str, vat_id: str | None = None) -> None:
        self.browser.post("/billing/tax", {**_HOME, "country": country, "vat_id": vat_id})


def measure(*, whole: bool = True) -> dict[str, Any]:
    """How long a year took, and what differed from what was expected; not ``whole``: its first two months."""
    with temporary_var() as var:
        plan = plan_of(detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning")))
        journey = Journey(Browser(plan), plan)
        try:
            journey.sign_up(lambda now, share: None)
            life = Life(journey.browser, Timekeeper(plan))
            began, first = time.monotonic(), life.clock.now()
            _first_months(life, journey)
            if whole:
                _late_and_back(life)
                _leave_and_return(life, journey, first + YEAR)
            seconds, charged = time.monotonic() - began, life.paid()
            life.problems += _mails(journey, _MAILS if whole else _FIRST_MAILS)
            life.clock.settle(0)
            ledger = asyncio.run(books.judged(plan))
        finally:
            journey.browser.close()
            detached.stop(var)
    both = zip(charged, life.expected, strict=False)
    differing = [f"{_told(got)} for {_told(wanted)}" for got, wanted in both if got != wanted]
    if len(charged) != len(life.expected):
        differing.append(f"{len(charged)} payments for {len(life.expected)}")
    return {
        "seconds": seconds,
        "payments": len(charged),
        "total": str(sum(net for net, _ in charged)),
        "vat": str(sum(vat for _, vat in charged)),
        "differing": differing + life.problems,
        "ledger": ledger,
    }


def _told(payment: Payment) -> str:
    return "{} + {}".format(*payment)


def _first_months(life: Life, journey: Journey) -> None:
    """The trial, a month of the small plan, and half of one more before a larger plan is taken."""
    journey.subscribe(lambda now, share: None)
    life.expected += [(FREE, FREE), (STARTER, FREE)]
    life.see("the trial", lambda b: b["subscription"]["status"] == "trialing")
    life.to_the_next_period()
    life.see("the first payment", lambda b: b["subscription"]["status"] == "active")
    life.wait(14)
    before = life.billing()["subscription"]
    preview = life.browser.post("/billing/preview", {"plan": "growth"})
    changed = life.browser.post("/billing/subscription", {"change": "change_plan", "plan": "growth"})
    if changed["plan"] != "growth":
        life.problems.append(f"the upgrade: {changed}")
    life.see("the upgrade", lambda b: b["entitlements"]["videos_per_day"] == 30)
    newest = max(life.billing()["invoices"], key=lambda invoice: invoice["paid_at"])
    due = _rest(before, newest["period_start"], GROWTH) - _rest(before, newest["period_start"], STARTER)
    life.expected += [(due, FREE), (GROWTH, GROWTH_IN_GERMANY)]
    if abs(Decimal(preview["due_now"]["amount"]) - due) > Decimal("0.05"):
        life.problems.append(f"the preview said {preview['due_now']}, {due} was charged")
    life.move_to("DE")
    life.see("Germany", lambda b: b["tax"]["percent"] == "19")
    life.to_the_next_period()


def _rest(period: dict[str, Any], moment: str, price: Decimal) -> Decimal:
    """What the rest of a period after a moment costs, by the second, to the cent."""
    begin, end = (datetime.fromisoformat(period[name]) for name in ("period_start", "period_end"))
    share = Decimal(int((end - datetime.fromisoformat(moment)).total_seconds())) / int((end - begin).total_seconds())
    return (price * share).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _late_and_back(life: Life) -> None:
    """A card that fails, the days of grace, nothing new after them, and a payment that restores all."""
    life.browser.post("/billing/card", {"payment_method_id": "pm_card_chargeCustomerFail"})
    life.to_the_next_period()
    life.see("overdue", lambda b: b["subscription"]["status"] == "past_due" and b["entitlements"]["active"])
    life.wait(8)
    life.see("after the days of grace", lambda b: not b["entitlements"]["active"])
    life.browser.post("/billing/card", {"payment_method_id": "pm_card_mastercard"})
    life.browser.post("/billing/pay", {})
    life.expected.append((GROWTH, GROWTH_IN_GERMANY))
    life.see("recovered", lambda b: b["subscription"]["status"] == "active" and b["entitlements"]["active"])
    life.browser.post("/billing/subscription", {"change": "change_plan", "plan": "starter"})
    life.see("the downgrade waits", lambda b: b["subscription"]["next_plan"] == "starter")
    life.move_to("FR", "FR12345678901")
    life.wait(1)
    life.see("a confirmed business", lambda b: b["tax"]["treatment"] == "reverse_charge")
    life.to_the_next_period()
    life.expected.append((STARTER, FREE))
    life.see("the downgrade", lambda b: b["entitlements"]["videos_per_day"] == 15)


def _leave_and_return(life: Life, journey: Journey, end: datetime) -> None:
    """Cancelled for the end of the period, away for a month, back without a second trial until the year is over."""
    life.browser.post("/billing/subscription", {"change": "cancel_at_period_end"})
    life.see("the cancellation", lambda b: b["subscription"]["cancels_at"] and b["next_invoice"] is None)
    life.to_the_next_period()
    life.see("the end", lambda b: b["subscription"]["status"] == "canceled" and not b["entitlements"]["active"])
    life.wait(30)
    journey.subscribe(lambda now, share: None)
    life.expected.append((STARTER, FREE))
    life.see("the return", lambda b: b["subscription"]["status"] == "active")
    life.move_to("FI")
    while life.clock.now() < end:
        life.to_the_next_period()
        life.expected.append((STARTER, STARTER_IN_FINLAND))


def _mails(journey: Journey, wanted: dict[str, int]) -> list[str]:
    """Mails that did not come."""
    browser, address = journey.browser, journey.customer.email
    inbox = browser.outside.get(f"{browser.sandbox}/inbox/messages", params={"to": address, "limit": 1000}).json()
    messages = inbox["messages"] if isinstance(inbox, dict) else inbox
    subjects = [message["subject"] for message in messages]
    return [f"no mail: {subject}" for subject, count in wanted.items() if subjects.count(subject) < count]


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<10} {value}")
