"""Discounts: a code at the beginning or later, for as long as it lasts, refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from billing_support import choose, order, seal, tell

from ytempire.billing import bootstrap
from ytempire.billing.adapters.discount_table import discounts
from ytempire.billing.bootstrap import DEFINITION
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.discounts import Discount, Discounts, MakeDiscount, RefuseDiscount, RequestDiscount
from ytempire.billing.domain.events import DiscountOrdered, PlanNoted
from ytempire.billing.domain.state import Subscription, evolve
from ytempire.chassis.testing import Bench
from ytempire.events import Event, Money
from ytempire.events.billing import (
    DiscountEnded,
    DiscountGranted,
    DiscountRejected,
    InvoicePaid,
    PaymentSetupRejected,
    PlanChangePreviewed,
    PlanChangePreviewRejected,
    SubscriptionStarted,
)
from ytempire.events.gateway import DiscountRequested, PaymentSetupRequested, PlanChangePreviewRequested
from ytempire.eventstore import new_id

TABLE = discounts()
USER = new_id()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAN = PlanNoted(
    user_id=USER, plan="starter", price=Money.parse(97, "USD"), channels=5, videos_per_day=15, trial_days=7
)
STARTED = SubscriptionStarted(
    user_id=USER,
    subscription_id="sub_1",
    plan="starter",
    status="active",
    trial_ends_at=None,
    period_start=NOW,
    period_end=NOW + timedelta(days=30),
)
WELCOME = TABLE.find("welcome20")
GRANTED = DiscountGranted(user_id=USER, code="WELCOME20", percent="20", amount=None, duration="repeating", months=3)
ORDERED = DiscountOrdered(user_id=USER, code="WELCOME20")


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def given(*events: Event) -> Subscription:
    state = Subscription()
    for event in (PLAN, STARTED, *events):
        state = evolve(state, event)
    return state


def ask(state: Subscription, code: str, at: datetime = NOW) -> Event:
    (told,) = domain.decide(state, RequestDiscount(USER, TABLE.find(code), at))
    return told


def test_a_code_is_ordered_and_what_the_provider_made_of_it_is_told() -> None:
    assert WELCOME is not None
    assert ask(given(), " welcome20 ") == ORDERED
    assert domain.decide(given(ORDERED), MakeDiscount(USER, WELCOME)) == [GRANTED]
    assert domain.decide(given(ORDERED, GRANTED), MakeDiscount(USER, WELCOME)) == []


@pytest.mark.parametrize(
    ("code", "before", "refusal"),
    [
        ("NONSENSE", (), "discount_unknown"),
        ("SPRING25", (), "discount_expired"),
        ("START30", (GRANTED,), "discount_in_use"),
        ("WELCOME20", (GRANTED, DiscountEnded(user_id=USER, code="WELCOME20")), "discount_used_before"),
        ("START30", (ORDERED,), "change_in_progress"),
    ],
)
def test_what_cannot_be_given_is_refused_with_the_reason(code: str, before: tuple[Event, ...], refusal: str) -> None:
    told = ask(given(*before), code)
    assert isinstance(told, DiscountRejected)
    assert told.code == refusal
    assert told.message.endswith(".")


def test_a_code_before_its_first_day_is_unknown_and_one_without_a_subscription_waits_for_the_payment() -> None:
    early = ask(given(), "WELCOME20", datetime(2025, 12, 31, tzinfo=UTC))
    assert isinstance(early, DiscountRejected)
    assert early.code == "discount_unknown"
    (none,) = domain.decide(Subscription(), RequestDiscount(USER, WELCOME, NOW))
    assert isinstance(none, DiscountRejected)
    assert none.code == "no_subscription"


def test_a_refusal_of_the_provider_leaves_all_as_it_was() -> None:
    (told,) = domain.decide(given(ORDERED), RefuseDiscount(USER, "discount_used_up", "Use another one."))
    after = evolve(given(ORDERED), told)
    assert (after.discount, after.discounting, after.codes) == (None, None, frozenset())


@pytest.mark.parametrize(("discounted", "ends"), [(False, 1), (True, 0)])
def test_a_discount_ends_with_a_period_that_has_none(discounted: bool, ends: int) -> None:
    start, end = NOW + timedelta(days=30), NOW + timedelta(days=60)
    seen = domain.Observe(USER, "sub_1", "active", start, end, NOW, None, discounted)
    told = [each for each in domain.decide(given(GRANTED), seen) if isinstance(each, DiscountEnded)]
    assert len(told) == ends


# at Stripe's stand-in


async def pay_with(bench: Bench, user_id: str, code: str | None) -> None:
    event = PaymentSetupRequested(
        user_id=user_id, payment_method_id="pm_card_visa", sealed=seal(bench), discount_code=code
    )
    await bench.deliver(event, tenant=user_id)
    await bench.settle()


async def test_a_code_at_the_beginning_takes_off_for_its_months_and_then_ends(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await choose(billing, user_id, "scale")
    await pay_with(billing, user_id, "welcome20")
    (made,) = await billing.events(SubscriptionStarted)
    for _ in range(3):
        await tell(billing, api, made.subscription_id)
        outside.advance(days=31.1)
    await tell(billing, api, made.subscription_id)
    told = sorted(await billing.events(InvoicePaid), key=lambda paid: paid.period_start)
    assert [each.net for each in told] == [usd("637.60"), usd("637.60"), usd("637.60"), usd("797.00")]
    assert [each.code for each in await billing.events(DiscountEnded)] == ["WELCOME20"]


async def test_a_code_for_one_invoice_on_a_subscription_that_runs(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await choose(billing, user_id, "starter")
    await order(billing, user_id)
    await billing.deliver(DiscountRequested(user_id=user_id, discount_code="START30"), tenant=user_id)
    await billing.settle()
    (granted,) = await billing.events(DiscountGranted)
    assert (granted.amount, granted.duration) == (usd("30.00"), "once")
    (made,) = await billing.events(SubscriptionStarted)
    outside.advance(days=7.1)
    await tell(billing, api, made.subscription_id)
    outside.advance(days=31.1)
    await tell(billing, api, made.subscription_id)
    told = sorted(await billing.events(InvoicePaid), key=lambda paid: (paid.period_start, paid.net.micros))
    assert [each.net for each in told] == [usd("0.00"), usd("67.00"), usd("97.00")]
    assert [each.code for each in await billing.events(DiscountEnded)] == ["START30"]


async def test_a_preview_shows_what_a_code_would_take_off_and_redeems_nothing(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await choose(billing, user_id, "starter")
    await order(billing, user_id)
    (made,) = await billing.events(SubscriptionStarted)
    outside.advance(days=7.1)
    await tell(billing, api, made.subscription_id)
    for code in (None, "PARTNER10", "SPRING25"):
        wanted = PlanChangePreviewRequested(user_id=user_id, plan="growth", discount_code=code)
        await billing.deliver(wanted, tenant=user_id)
    plain, less = await billing.events(PlanChangePreviewed)
    assert plain.discount == usd("0.00")
    assert less.discount is not None
    assert 29_000_000 < less.discount.micros <= 29_700_000  # a tenth of the rest of a month of 297.00
    assert less.due_now.micros < plain.due_now.micros
    (refused,) = await billing.events(PlanChangePreviewRejected)
    assert (refused.code, refused.field) == ("discount_expired", "discount_code")
    assert api.v1.promotion_codes.list({"code": "PARTNER10"}).data[0].times_redeemed == 0


async def test_a_code_that_is_used_up_is_refused_at_the_beginning_and_later(
    run_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = Discount(f"RARE-{new_id()[-6:].upper()}", NOW - timedelta(days=300), percent="50", most=1)
    monkeypatch.setattr(bootstrap, "discounts", lambda: Discounts((rare,)))
    async with run_service(DEFINITION) as bench:
        first, second, third = new_id(), new_id(), new_id()
        for user_id in (first, second, third):
            await choose(bench, user_id, "starter")
        await pay_with(bench, first, rare.code)
        await pay_with(bench, second, rare.code)
        (refused,) = await bench.events(PaymentSetupRejected)
        assert (refused.code, refused.field, refused.user_id) == ("discount_used_up", "discount_code", second)
        await pay_with(bench, third, None)
        await bench.deliver(DiscountRequested(user_id=third, discount_code=rare.code), tenant=third)
        await bench.settle()
        (late,) = await bench.events(DiscountRejected)
        assert (late.code, late.field) == ("discount_used_up", "discount_code")
        assert len(await bench.events(DiscountGranted)) == 1


async def test_a_code_that_is_not_offered_any_more_when_it_is_given_is_refused(billing: Bench) -> None:
    """Given an order of a release that knew the code, when this release does not, then it is said."""
    user_id = new_id()
    await choose(billing, user_id, "starter")
    await order(billing, user_id)
    await billing.store.append(domain.stream(user_id), DiscountOrdered(user_id=user_id, code="OLD"))
    await billing.settle()
    (refused,) = await billing.events(DiscountRejected)
    assert refused.code == "discount_gone"
