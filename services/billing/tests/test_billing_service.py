"""Billing on PostgreSQL against the real Stripe stand-in: money is moved once, and what Stripe says is followed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import stripe
from billing_support import choose, order, posts, seal, subscribe, tell
from sqlalchemy import select

from ytempire.billing.adapters.discount_table import discounts
from ytempire.billing.adapters.stripe_payments import StripePayments
from ytempire.billing.adapters.vat_table import seller_in
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import PlanNoted, SubscriptionOrdered
from ytempire.billing.features.subscribe import Subscribe
from ytempire.billing.ports import Payer, PaymentRefusedError, SubscriptionFacts
from ytempire.billing.projections.slot_usage import PROJECTION as SLOT_USAGE
from ytempire.billing.projections.slot_usage import VIDEO_SLOTS
from ytempire.billing.projections.subscriptions import PROJECTION as SUBSCRIPTIONS
from ytempire.billing.projections.subscriptions import SUBSCRIPTIONS as TABLE
from ytempire.chassis.testing import Bench
from ytempire.events import Money
from ytempire.events.billing import (
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentMethodChanged,
    PaymentSetupRejected,
    PlanChangePreviewed,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionChangeRejected,
    SubscriptionPastDue,
    SubscriptionRecovered,
    SubscriptionStarted,
    TrialEnding,
    VideoSlotRefused,
    VideoSlotReleased,
    VideoSlotReserved,
)
from ytempire.events.gateway import (
    PlanChangePreviewRequested,
    SubscriptionChangeRequested,
    VideoRequested,
    WebhookReceived,
)
from ytempire.events.media import VideoRejected, VideoRenderFailed
from ytempire.events.onboarding import PreferencesSaved
from ytempire.eventstore import (
    Delivery,
    MessageContext,
    PermanentError,
    StreamAppend,
    TransientError,
    Unit,
    handling,
    new_id,
)
from ytempire.eventstore.audit import verify


async def test_a_trial_begins_without_a_charge(billing: Bench, outside: Any) -> None:
    user_id = await subscribe(billing)
    (made,) = await billing.events(SubscriptionStarted)
    assert (made.plan, made.status) == ("starter", "trialing")
    assert made.trial_ends_at is not None
    left = made.trial_ends_at - billing.host.clock.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    (entitled,) = await billing.events(EntitlementsChanged)
    assert (entitled.active, entitled.channels, entitled.videos_per_day) == (True, 5, 15)
    assert await billing.types() == [
        "PlanNoted", "SubscriptionOrdered", "TrialGranted", "CustomerCreated", "SubscriptionStarted",
        "PaymentMethodChanged", "EntitlementsChanged",
    ]  # fmt: skip
    (card,) = await billing.events(PaymentMethodChanged)
    assert (card.brand, card.last4, card.exp_month) == ("visa", "4242", 12)
    assert {record.meta["tenant"] for record in await billing.log()} == {user_id}
    async with billing.host.models.reading(SUBSCRIPTIONS) as connection:
        (row,) = (await connection.execute(select(TABLE))).mappings().all()
    assert (row["user_id"], row["status"], row["videos_per_day"]) == (user_id, "trialing", 15)
    assert (await verify(billing.store)).findings == []


async def test_a_plan_without_a_trial_is_charged_at_once(billing: Bench, api: stripe.StripeClient) -> None:
    await subscribe(billing, "scale")
    (made,) = await billing.events(SubscriptionStarted)
    assert (made.status, made.trial_ends_at) == ("active", None)
    await tell(billing, api, made.subscription_id)
    (paid,) = await billing.events(InvoicePaid)
    assert paid.net == Money.parse("797.00", "USD")
    assert 28 <= (paid.period_end - paid.period_start).days <= 31


async def test_a_year_is_paid_in_advance_for_ten_months_money(billing: Bench, api: stripe.StripeClient) -> None:
    await subscribe(billing, "scale", "year")
    (made,) = await billing.events(SubscriptionStarted)
    assert (made.interval, made.price) == ("year", Money.parse("7970.00", "USD"))
    await tell(billing, api, made.subscription_id)
    (paid,) = await billing.events(InvoicePaid)
    assert paid.net == Money.parse("7970.00", "USD")
    assert 365 <= (paid.period_end - paid.period_start).days <= 366


@pytest.mark.parametrize(
    ("card", "plan", "code"),
    [
        ("pm_card_chargeDeclined", "starter", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "starter", "card_declined"),
        ("pm_card_chargeCustomerFail", "scale", "card_declined"),
        ("pm_unknown", "starter", "invalid_payment_method"),
    ],
)
async def test_a_refused_payment_method(billing: Bench, card: str, plan: str, code: str) -> None:
    user_id = new_id()
    await choose(billing, user_id, plan)
    await order(billing, user_id, card)
    (refused,) = await billing.events(PaymentSetupRejected)
    assert (refused.code, refused.field) == (code, "payment_method_id")
    assert refused.message.endswith((".", "again."))
    assert await billing.events(SubscriptionStarted) == []
    await order(billing, user_id)
    assert len(await billing.events(SubscriptionStarted)) == 1


async def test_an_order_that_was_too_long_on_its_way_is_refused(billing: Bench) -> None:
    user_id = new_id()
    await choose(billing, user_id)
    early = billing.host.clock.now() - timedelta(hours=2)
    late = billing.host.sealer.seal("billing", {"name": "Ada", "email": "a@b.example"}, early, timedelta(hours=1))
    await order(billing, user_id, sealed=late)
    (refused,) = await billing.events(PaymentSetupRejected)
    assert refused.code == "order_expired"


async def subscribe_at_stripe(
    payments: StripePayments, payer: Payer, plan: PlanNoted, card: str, key: str
) -> SubscriptionFacts:
    kept = await payments.keep_card(payer, card, key)
    return await payments.subscribe(payer.user_id, kept, plan, plan.trial_days, key)


async def test_a_card_has_one_trial_and_says_so_to_the_second_account(billing: Bench, api: stripe.StripeClient) -> None:
    first, second, third = await subscribe(billing), await subscribe(billing), new_id()
    await choose(billing, third)
    await order(billing, third, "pm_card_mastercard")
    tried, charged, other = await billing.events(SubscriptionStarted)
    assert (tried.user_id, tried.status, tried.no_trial) == (first, "trialing", None)
    assert (charged.user_id, charged.status, charged.no_trial) == (second, "active", "card_had_trial")
    assert charged.trial_ends_at is None
    assert (other.status, other.no_trial) == ("trialing", None)
    await tell(billing, api, charged.subscription_id)
    (paid,) = await billing.events(InvoicePaid)
    assert (paid.user_id, paid.net) == (second, Money.parse("97.00", "USD"))


async def test_an_account_has_one_trial_whatever_its_card(billing: Bench, api: stripe.StripeClient) -> None:
    user_id = await subscribe(billing)
    (first,) = await billing.events(SubscriptionStarted)
    api.v1.subscriptions.cancel(first.subscription_id)
    await tell(billing, api, first.subscription_id)
    await order(billing, user_id, "pm_card_amex")
    _, again = await billing.events(SubscriptionStarted)
    assert (again.status, again.no_trial) == ("active", "account_had_trial")


async def test_the_same_key_gives_the_same_subscription(payments: StripePayments, outside: Any) -> None:
    user_id, key, since = new_id(), new_id(), outside.mark()
    plan = PlanNoted(
        user_id=user_id, plan="starter", price=Money.parse(97, "USD"), channels=5, videos_per_day=15, trial_days=7
    )
    payer = Payer(user_id, "Ada", "ada@studio.example")
    first = await subscribe_at_stripe(payments, payer, plan, "pm_card_visa", key)
    outside.fault("stripe", "drop_answer", method="POST", path="^/v1/subscriptions$")
    second = await subscribe_at_stripe(payments, payer, plan, "pm_card_visa", key)
    assert first == second
    assert first.user_id == user_id
    assert len({line["path"] for line in posts(outside, "/v1/subscriptions", since)}) == 1
    with pytest.raises(PaymentRefusedError):
        await subscribe_at_stripe(payments, payer, plan, "pm_card_chargeDeclined", new_id())


async def test_rule_4_6_a_crash_between_stripe_s_answer_and_our_log_makes_one_subscription(
    billing: Bench, payments: StripePayments, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    ordered = SubscriptionOrdered(
        user_id=user_id, plan="starter", payment_method_id="pm_card_visa", sealed=seal(billing)
    )
    await choose(billing, user_id)
    state, _ = await billing.store.state(domain.SUBSCRIPTION, domain.stream(user_id))
    assert state.plan is not None
    envelope = billing.envelope(ordered, tenant=user_id)
    # the first life got Stripe's answer and ended before it could write it down
    payer = Payer(user_id, "Ada", "ada@studio.example")
    made = await subscribe_at_stripe(payments, payer, state.plan, "pm_card_visa", envelope.id)
    with handling(MessageContext.of(envelope)):
        # the same event as the first life's: the service's own reaction to it asks with the same key
        await billing.store.submit(Unit((StreamAppend(domain.stream(user_id), (ordered,)),), ids=[envelope.id]))
        make = Subscribe(billing.store, payments, billing.host.opener, seller_in("US"), discounts()).make
        delivery = Delivery(envelope, "orders-of-the-second-life")
        await make(ordered, delivery)
        await make(ordered, delivery)
    await billing.settle()
    (started,) = await billing.events(SubscriptionStarted)
    assert started.subscription_id == made.subscription_id
    customers = api.v1.customers.search({"query": f"metadata['user_id']:'{user_id}'"}).data
    assert started.subscription_id in [
        s.id for c in customers for s in api.v1.subscriptions.list({"customer": c.id}).data
    ]


async def test_a_stripe_that_is_down_is_asked_again(billing: Bench, outside: Any) -> None:
    outside.fault("stripe", "status", status=503, method="POST", path="^/v1/customers$", count=4)
    await subscribe(billing)
    assert len(await billing.events(SubscriptionStarted)) == 1


async def test_notices_are_followed_once(billing: Bench, api: stripe.StripeClient, outside: Any) -> None:
    user_id = await subscribe(billing)
    (started,) = await billing.events(SubscriptionStarted)
    outside.advance(days=8)
    told = await tell(billing, api, started.subscription_id)
    assert told >= 5
    before = len(await billing.log())
    assert await tell(billing, api, started.subscription_id) == told
    assert len(await billing.log()) == before
    trial, paid = sorted(await billing.events(InvoicePaid), key=lambda e: e.period_start)
    assert trial.net == Money.zero()
    assert paid.net == Money.parse("97.00", "USD")
    assert paid.tax == Money.zero()
    assert paid.period_start == started.trial_ends_at
    assert 28 <= (paid.period_end - paid.period_start).days <= 31
    assert len(await billing.events(TrialEnding)) == 1
    (changed,) = await billing.events(SubscriptionChanged)
    assert (changed.status, changed.period_end) == ("active", paid.period_end)
    owned = {r.meta["tenant"] for r in await billing.log() if r.type == InvoicePaid.type_name()}
    assert owned == {user_id}


async def test_a_notice_that_no_webhook_brought_is_found_by_listing_within_a_day(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    await subscribe(billing)
    (started,) = await billing.events(SubscriptionStarted)
    outside.advance(days=8)  # the trial ends and the first month is charged: no webhook reaches us
    await billing.settle()
    assert [paid.net for paid in await billing.events(InvoicePaid)] == [Money.zero(), Money.parse("97.00", "USD")]
    assert (await billing.events(SubscriptionChanged))[-1].status == "active"
    before = len(await billing.log())
    # whatever comes late by webhook was known
    assert await tell(billing, api, started.subscription_id) >= 5
    assert len(await billing.log()) == before


async def test_a_day_on_which_stripe_cannot_be_asked_leaves_no_gap(billing: Bench, outside: Any) -> None:
    await subscribe(billing, "scale")
    outside.fault("stripe", "status", status=503, method="GET", path="^/v1/events$", count=1_000)
    outside.advance(days=1.01)
    await billing.settle()
    assert await billing.events(InvoicePaid) == []
    outside.web.delete("/control/faults")
    outside.advance(days=0.1)
    await billing.settle()
    assert [paid.net for paid in await billing.events(InvoicePaid)] == [Money.parse("797.00", "USD")]


async def test_dunning_leaves_days_of_grace_then_nothing_new_and_a_payment_restores_all(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = await subscribe(billing)
    (started,) = await billing.events(SubscriptionStarted)
    customer = str(api.v1.subscriptions.retrieve(started.subscription_id).customer)
    cards = {
        name: api.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer}).id
        for name in ("chargeCustomerFail", "mastercard")
    }
    api.v1.subscriptions.update(started.subscription_id, {"default_payment_method": cards["chargeCustomerFail"]})
    outside.advance(days=8)
    await tell(billing, api, started.subscription_id)
    (late,) = await billing.events(SubscriptionPastDue)
    (failed,) = await billing.events(PaymentFailed)
    assert (failed.attempt, failed.next_attempt_at is not None) == (1, True)
    await billing.deliver(video(user_id))
    assert len(await billing.events(VideoSlotReserved)) == 1

    outside.advance(days=7.1)
    await tell(billing, api, started.subscription_id)
    assert late.grace_ends_at is not None
    assert late.grace_ends_at <= billing.host.clock.now()
    assert (await billing.events(EntitlementsChanged))[-1].active is False
    assert {e.attempt for e in await billing.events(PaymentFailed)} >= {1, 3}
    await billing.deliver(video(user_id))
    assert (await billing.events(VideoSlotRefused))[-1].code == "subscription_past_due"

    api.v1.subscriptions.update(started.subscription_id, {"default_payment_method": cards["mastercard"]})
    outside.advance(days=7.1)
    await tell(billing, api, started.subscription_id)
    assert len(await billing.events(SubscriptionRecovered)) == 1
    assert (await billing.events(EntitlementsChanged))[-1].active is True
    await billing.deliver(video(user_id))
    assert len(await billing.events(VideoSlotReserved)) == 2


async def test_a_refund_is_recorded_once_whoever_gave_it(billing: Bench, api: stripe.StripeClient) -> None:
    user_id = await subscribe(billing, "scale")
    (started,) = await billing.events(SubscriptionStarted)
    customer = str(api.v1.subscriptions.retrieve(started.subscription_id).customer)
    (charge,) = api.v1.charges.list({"customer": customer}).data
    refund = api.v1.refunds.create({"charge": charge.id, "amount": 10_000})
    for webhook_id in (new_id(), new_id()):
        notice = WebhookReceived(provider="stripe", webhook_id=webhook_id, kind="refund.created", object_id=refund.id)
        await billing.deliver(notice)
    await billing.settle()
    (gone,) = await billing.events(RefundIssued)
    (invoice,) = api.v1.invoices.list({"subscription": started.subscription_id}).data
    assert (gone.user_id, gone.invoice_id, gone.amount) == (user_id, invoice.id, Money.parse("100.00", "USD"))


def video(user_id: str) -> VideoRequested:
    return VideoRequested(video_id=new_id(), user_id=user_id, channel_id=new_id(), topic="Budgets")


async def test_a_video_takes_a_slot_of_its_owner_s_day(billing: Bench) -> None:
    user_id = await subscribe(billing)
    zone = PreferencesSaved(
        user_id=user_id, video_style="educational", video_length_s=480, auto_publish=False, timezone="Asia/Tokyo"
    )
    await billing.deliver(zone)
    midnight = billing.host.clock.now().replace(hour=14, minute=59)
    demo, *wanted = (video(user_id) for _ in range(17))
    for event in (demo, *wanted):
        await billing.deliver(event, at=midnight)
        await billing.deliver(event, at=midnight)
    first, *reserved = await billing.events(VideoSlotReserved)
    assert (first.video_id, first.demo) == (demo.video_id, True)
    (refused,) = await billing.events(VideoSlotRefused)
    assert [(e.video_id, e.demo) for e in reserved] == [(e.video_id, False) for e in wanted[:15]]
    assert (refused.video_id, refused.code) == (wanted[15].video_id, "daily_video_limit")
    await billing.deliver(video(user_id), at=midnight + timedelta(minutes=1))
    assert (await billing.events(VideoSlotReserved))[-1].day == reserved[0].day + timedelta(days=1)
    failed = VideoRenderFailed(
        video_id=wanted[0].video_id, user_id=user_id, channel_id=new_id(), stage="script", code="x", message="No."
    )
    await billing.deliver(failed)
    await billing.deliver(video(user_id), at=midnight)
    assert len(await billing.events(VideoSlotReserved)) == 18
    await billing.settle()
    async with billing.host.models.reading(SLOT_USAGE) as connection:
        rows = (await connection.execute(select(VIDEO_SLOTS.c.status))).scalars().all()
    assert (rows.count("reserved"), rows.count("released")) == (17, 1)


async def test_an_outcome_before_its_request_waits_for_it(billing: Bench) -> None:
    rejected = VideoRejected(video_id=new_id(), user_id=new_id(), code="brief_unreadable", field="brief", message="No.")
    envelope = billing.envelope(rejected)
    handler = billing.service.subscriptions[VideoRejected]
    with pytest.raises(TransientError):
        await handler(rejected, Delivery(envelope, "billing__work__media", 1))
    with suppress(PermanentError):
        await handler(rejected, Delivery(envelope, "billing__work__media", 9))
    assert await billing.log() == []


async def change(bench: Bench, user_id: str, change: Any, plan: str | None = None) -> None:
    await bench.deliver(SubscriptionChangeRequested(user_id=user_id, change=change, plan=plan), tenant=user_id)
    await bench.settle()


async def test_a_larger_plan_is_charged_for_the_rest_of_the_period_and_holds_at_once(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = await subscribe(billing, "starter")
    (made,) = await billing.events(SubscriptionStarted)
    outside.advance(days=22)  # the trial is over, and half of the first paid month
    await tell(billing, api, made.subscription_id)
    await billing.deliver(PlanChangePreviewRequested(user_id=user_id, plan="growth"), tenant=user_id)
    (preview,) = await billing.events(PlanChangePreviewed)
    await change(billing, user_id, "change_plan", "growth")
    changed = (await billing.events(SubscriptionChanged))[-1]
    assert (changed.plan, changed.status, changed.next_plan) == ("growth", "active", None)
    entitled = (await billing.events(EntitlementsChanged))[-1]
    assert (entitled.plan, entitled.channels, entitled.videos_per_day) == ("growth", 10, 30)
    newest = api.v1.invoices.list({"subscription": made.subscription_id, "limit": 1}).data[0]
    # half a month of 297 less half a month of 97
    assert newest.status == "paid"
    assert abs(newest.amount_paid - 10_000) < 400
    # and, but for the seconds between, what the preview said
    assert abs(preview.due_now.micros // 10_000 - newest.amount_paid) <= 2
    assert changed.next_price == preview.price == Money.parse(297, "USD")


async def test_a_smaller_plan_waits_for_the_next_period(billing: Bench, api: stripe.StripeClient, outside: Any) -> None:
    user_id = await subscribe(billing, "scale")
    (made,) = await billing.events(SubscriptionStarted)
    await change(billing, user_id, "change_plan", "starter")
    changed = (await billing.events(SubscriptionChanged))[-1]
    assert (changed.plan, changed.next_plan) == ("scale", "starter")
    assert (await billing.events(EntitlementsChanged))[-1].plan == "scale"
    outside.advance(days=32)
    await tell(billing, api, made.subscription_id)
    turned = (await billing.events(SubscriptionChanged))[-1]
    assert (turned.plan, turned.next_plan) == ("starter", None)
    assert (await billing.events(EntitlementsChanged))[-1].channels == 5
    newest = api.v1.invoices.list({"subscription": made.subscription_id, "limit": 1}).data[0]
    assert (newest.status, newest.amount_paid) == ("paid", 9_700)


async def test_a_cancellation_is_kept_or_comes_true(billing: Bench, api: stripe.StripeClient, outside: Any) -> None:
    user_id = await subscribe(billing, "scale")
    (made,) = await billing.events(SubscriptionStarted)
    await change(billing, user_id, "cancel_at_period_end")
    assert (await billing.events(SubscriptionChanged))[-1].cancels_at == made.period_end
    await change(billing, user_id, "resume")
    assert (await billing.events(SubscriptionChanged))[-1].cancels_at is None
    await change(billing, user_id, "cancel_at_period_end")
    outside.advance(days=32)
    await tell(billing, api, made.subscription_id)
    assert (await billing.events(SubscriptionChanged))[-1].status == "canceled"
    assert [ended.subscription_id for ended in await billing.events(SubscriptionCancelled)] == [made.subscription_id]
    assert not (await billing.events(EntitlementsChanged))[-1].active
    # whoever comes back begins a new one, with the same customer
    await choose(billing, user_id, "starter")
    await order(billing, user_id)
    assert [started.plan for started in await billing.events(SubscriptionStarted)] == ["scale", "starter"]


async def test_a_card_that_is_refused_leaves_the_plan_as_it_was(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = await subscribe(billing, "growth")
    (made,) = await billing.events(SubscriptionStarted)
    outside.advance(days=8)
    await tell(billing, api, made.subscription_id)
    customer = api.v1.subscriptions.retrieve(made.subscription_id).customer
    bad = api.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": str(customer)})
    api.v1.subscriptions.update(made.subscription_id, {"default_payment_method": bad.id})
    await change(billing, user_id, "change_plan", "scale")
    (rejected,) = await billing.events(SubscriptionChangeRejected)
    assert rejected.code == "card_declined"
    assert (await billing.events(EntitlementsChanged))[-1].plan == "growth"
    assert api.v1.subscriptions.retrieve(made.subscription_id)["items"].data[0].price.unit_amount == 29_700


async def test_a_demonstration_that_fails_is_asked_for_again_and_settled_where_its_slot_is(billing: Bench) -> None:
    user_id = await subscribe(billing)
    asked = [video(user_id) for _ in range(3)]
    await billing.deliver(asked[0])
    await billing.deliver(asked[1])
    failed = VideoRenderFailed(
        video_id=asked[0].video_id, user_id=user_id, channel_id=new_id(), stage="script", code="x", message="No."
    )
    await billing.deliver(failed)
    await billing.deliver(asked[0].model_copy(update={"video_id": new_id(), "requested_by": "autopilot"}))
    await billing.deliver(asked[2])
    assert [e.demo for e in await billing.events(VideoSlotReserved)] == [True, False, False, True]
    assert [e.video_id for e in await billing.events(VideoSlotReleased)] == [asked[0].video_id]
