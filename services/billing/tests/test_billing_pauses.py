"""Pauses: whole periods without a charge and without slots, which end by themselves and mix with nothing silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from billing_support import choose, order, tell

from ytempire.billing.domain import changes, slots
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import PlanNoted
from ytempire.billing.domain.pauses import Pause, later, pause_for, taken
from ytempire.billing.domain.state import Subscription, evolve
from ytempire.chassis.testing import Bench
from ytempire.events import Money
from ytempire.events.billing import (
    EntitlementsChanged,
    InvoicePaid,
    SubscriptionChanged,
    SubscriptionChangeRejected,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionStarted,
    VideoSlotRefused,
)
from ytempire.events.gateway import SubscriptionChangeRequested, VideoRequested
from ytempire.eventstore import new_id

USER = new_id()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = datetime(2026, 12, 20, 12, tzinfo=UTC)
PLAN = PlanNoted(
    user_id=USER, plan="starter", price=Money.parse(97, "USD"), channels=5, videos_per_day=15, trial_days=7
)
PAID = Subscription(
    plan=PLAN,
    subscribed=PLAN,
    customer_id="cus_1",
    subscription_id="sub_1",
    status="active",
    period_start=NOW,
    period_end=END,
    active=True,
)
LAST = Pause(NOW - timedelta(days=90), NOW - timedelta(days=30), 2)
PAUSED = replace(PAID, pause=Pause(END, later(END, 1), 1), pauses=(Pause(END, later(END, 1), 1),))


def ask(state: Subscription, change: str, months: int = 0) -> list[Any]:
    return list(domain.decide(state, changes.RequestChange(USER, change, None, 0, months, NOW)))


@pytest.mark.parametrize(
    ("moment", "months", "after"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2027-12-15", 2, "2028-02-15"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2027-01-01", 3, "2027-04-01"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_one(moment: str, months: int, after: str) -> None:
    begin = datetime.fromisoformat(f"{moment}T12:00:00+00:00")
    assert later(begin, months).isoformat() == f"{after}T12:00:00+00:00"


def test_months_of_a_year_ago_do_not_count() -> None:
    old = pause_for(3, NOW - timedelta(days=500))
    assert taken((old, pause_for(1, NOW)), NOW) == 1


def test_a_pause_begins_when_what_is_paid_is_used_up() -> None:
    (ordered,) = ask(PAID, "pause", 2)
    assert (ordered.pause_begins, ordered.pause_ends, ordered.restart) == (END, later(END, 2), False)
    asked = evolve(PAID, ordered)
    changed, *rest = domain.decide(asked, changes.MakeChange(USER, "active", NOW, END, None))
    assert isinstance(changed, SubscriptionChanged)
    assert (changed.pause_begins, changed.pause_ends, changed.next_price) == (END, later(END, 2), None)
    assert not any(isinstance(event, EntitlementsChanged) for event in rest)


@pytest.mark.parametrize(
    ("change", "months", "state", "code"),
    [
        ("pause", 1, PAUSED, "already_paused"),
        ("pause", 1, replace(PAID, status="trialing"), "in_trial"),
        ("pause", 1, replace(PAID, status="past_due"), "payment_overdue"),
        ("pause", 1, replace(PAID, cancels_at=END), "already_cancelling"),
        ("pause", 1, replace(PAID, next=PLAN), "change_waits"),
        ("pause", 1, replace(PAID, subscribed=PLAN.model_copy(update={"interval": "year"})), "paid_by_the_year"),
        ("pause", 2, replace(PAID, pauses=(LAST,)), "pause_limit"),
        ("end_pause", 0, PAID, "not_paused"),
        ("cancel_at_period_end", 0, PAUSED, "paused"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_with_the_reason(
    change: str, months: int, state: Subscription, code: str
) -> None:
    (refused,) = ask(state, change, months)
    assert isinstance(refused, SubscriptionChangeRejected)
    assert refused.code == code
    assert refused.message.endswith(".")


def test_a_pause_that_was_taken_back_before_it_began_is_not_counted() -> None:
    (ordered,) = ask(PAUSED, "end_pause")
    assert not ordered.restart
    state = evolve(PAUSED, ordered)
    for event in domain.decide(state, changes.MakeChange(USER, "active", NOW, END, None)):
        state = evolve(state, event)
    assert (state.pause, state.pauses, state.active) == (None, (), True)


def test_a_period_that_began_before_the_provider_was_told_is_paid_and_the_pause_is_shorter() -> None:
    (ordered,) = ask(PAID, "pause", 1)
    turned = changes.MakeChange(USER, "active", END, later(END, 1), None)
    changed = domain.decide(evolve(PAID, ordered), turned)[0]
    assert isinstance(changed, SubscriptionChanged)
    assert changed.pause_begins is None


def test_a_pause_that_was_ended_at_the_provider_leaves_a_paid_period() -> None:
    seen = domain.Observe(USER, "sub_1", "active", END, later(END, 1), END, paused=False)
    events = domain.decide(PAUSED, seen)
    assert not any(isinstance(event, SubscriptionPaused | EntitlementsChanged) for event in events)


def test_slots_are_refused_until_the_pause_ends() -> None:
    allowance = slots.Allowance(False, "starter", 0, paused_until=END)
    reserve = slots.ReserveVideo(USER, new_id(), NOW.date(), allowance)
    (refused,) = slots.decide_video(slots.VideoSlots(), reserve)
    assert isinstance(refused, VideoSlotRefused)
    assert refused.code == "subscription_paused"
    assert "20 December 2026" in refused.message


# at Stripe's stand-in


async def change(bench: Bench, user_id: str, what: str, months: int = 0) -> None:
    event = SubscriptionChangeRequested.model_validate({"user_id": user_id, "change": what, "months": months})
    await bench.deliver(event, tenant=user_id)
    await bench.settle()


async def paying(bench: Bench) -> tuple[str, SubscriptionStarted]:
    user_id = new_id()
    await choose(bench, user_id, "scale")
    await order(bench, user_id)
    (made,) = await bench.events(SubscriptionStarted)
    return user_id, made


async def test_a_pause_of_two_months_is_not_charged_has_no_slots_and_ends_by_itself(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id, made = await paying(billing)
    await change(billing, user_id, "pause", 2)
    (asked,) = await billing.events(SubscriptionChanged)
    assert asked.pause_begins == made.period_end
    end = asked.pause_ends
    assert end is not None
    outside.advance(days=31.1)
    await tell(billing, api, made.subscription_id)
    (begun,) = await billing.events(SubscriptionPaused)
    assert begun.ends_at == end
    assert (await billing.events(EntitlementsChanged))[-1].active is False
    await billing.deliver(
        VideoRequested(video_id=new_id(), user_id=user_id, channel_id=new_id(), topic="t"), tenant=user_id
    )
    (refused,) = await billing.events(VideoSlotRefused)
    assert refused.code == "subscription_paused"
    outside.advance(days=31.1)
    await tell(billing, api, made.subscription_id)
    assert len(await billing.events(InvoicePaid)) == 1
    outside.advance(seconds=(end - outside.clock.now()).total_seconds() + 7200)
    await tell(billing, api, made.subscription_id)
    assert len(await billing.events(SubscriptionResumed)) == 1
    assert (await billing.events(EntitlementsChanged))[-1].active is True
    paid = sorted(await billing.events(InvoicePaid), key=lambda each: each.period_start)
    assert [each.net for each in paid] == [Money.parse("797.00", "USD")] * 2
    assert paid[1].period_start == end
    await change(billing, user_id, "pause", 2)
    (limit,) = await billing.events(SubscriptionChangeRejected)
    assert (limit.code, limit.field) == ("pause_limit", "months")


async def test_who_ends_a_pause_early_pays_at_once_for_a_period_from_then_on(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id, made = await paying(billing)
    await change(billing, user_id, "pause", 3)
    outside.advance(days=45)
    await tell(billing, api, made.subscription_id)
    await change(billing, user_id, "end_pause")
    await tell(billing, api, made.subscription_id)
    assert len(await billing.events(SubscriptionResumed)) == 1
    assert (await billing.events(EntitlementsChanged))[-1].active is True
    paid = sorted(await billing.events(InvoicePaid), key=lambda each: each.period_start)
    assert len(paid) == 2
    assert abs(paid[1].period_start - outside.clock.now()) < timedelta(minutes=5)


async def test_a_pause_does_not_end_early_if_the_card_refuses(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id, made = await paying(billing)
    await change(billing, user_id, "pause", 1)
    outside.advance(days=32)
    await tell(billing, api, made.subscription_id)
    customer = str(api.v1.subscriptions.retrieve(made.subscription_id).customer)
    bad = api.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    api.v1.subscriptions.update(made.subscription_id, {"default_payment_method": bad.id})
    await change(billing, user_id, "end_pause")
    (refused,) = await billing.events(SubscriptionChangeRejected)
    assert refused.code == "card_declined"
    assert await billing.events(SubscriptionResumed) == []
    assert api.v1.subscriptions.retrieve(made.subscription_id).pause_collection is not None
