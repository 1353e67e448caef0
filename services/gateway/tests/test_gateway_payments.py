"""How an account pays, at the gateway's doors: card, open invoice, and what is told to nobody but who asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ytempire.events import Event, Money
from ytempire.events.billing import (
    DiscountEnded,
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentMethodChanged,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionPaused,
    SubscriptionRecovered,
    SubscriptionResumed,
    SubscriptionStarted,
    TrialEnding,
)
from ytempire.eventstore import new_id
from ytempire.gateway.projections.operations import OPERATIONS

AT = datetime(2026, 11, 22, tzinfo=UTC)


async def test_another_card_is_charged_and_shown(person: Any) -> None:
    nothing = (await person.get("/billing")).json()
    absent = ("subscription", "entitlements", "next_invoice", "tax", "discount", "card")
    assert nothing == dict.fromkeys(absent) | {"invoices": []}
    changed = await person.post("/billing/card", {"payment_method_id": "pm_card_visa"})
    assert changed.status_code == 200, changed.text
    seen = await person.until("/billing", lambda p: p["card"])
    assert seen["card"] == {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031}
    refused = await person.post("/billing/card", {"payment_method_id": "pm_declined"})
    assert (refused.status_code, refused.json()["field"]) == (402, "/payment_method_id")


async def test_a_subscription_is_shown_with_what_follows_and_changed(person: Any) -> None:
    body = {"payment_method_id": "pm_card_visa", "billing_name": "Mara", "billing_email": "m@example.com"}
    assert (await person.post("/onboarding/payment", body)).status_code == 200
    begun = await person.until("/billing", lambda b: b["subscription"] and b["entitlements"])
    assert begun["next_invoice"] == {"at": "2026-11-29T00:00:00Z", "net": {"amount": "97.00", "currency": "USD"}}
    assert begun["entitlements"]["videos_per_day"] == 15
    shown = (await person.post("/billing/preview", {"plan": "growth"})).json()
    assert shown["due_now"] == {"amount": "133.33", "currency": "USD"}
    ends = await person.post("/billing/subscription", {"change": "cancel_at_period_end"})
    assert ends.status_code == 200, ends.text
    cancelled = await person.until("/billing", lambda b: b["subscription"]["cancels_at"])
    assert cancelled["next_invoice"] is None
    refused = await person.post("/billing/subscription", {"change": "resume"})
    assert (refused.status_code, refused.json()["field"]) == (422, "/change")
    for body in ({"change": "change_plan"}, {"change": "resume", "plan": "growth"}, {"change": "pause"}):
        assert (await person.post("/billing/subscription", body)).status_code == 422


async def test_an_overdue_subscription_says_until_when_work_goes_on(person: Any) -> None:
    body = {"payment_method_id": "pm_card_visa", "billing_name": "Mara", "billing_email": "m@example.com"}
    await person.post("/onboarding/payment", body)
    ids = {"user_id": person.user_id, "subscription_id": "sub_1"}
    stream, world = f"subscription-{person.user_id}", person.platform.world
    await world.say("billing", stream, SubscriptionPastDue(**ids, grace_ends_at=AT), tenant=person.user_id)
    late = (await person.until("/billing", lambda b: b["subscription"]["grace_ends_at"]))["subscription"]
    assert (late["status"], late["grace_ends_at"]) == ("past_due", "2026-11-22T00:00:00Z")
    await world.say("billing", stream, SubscriptionRecovered(**ids), tenant=person.user_id)
    await person.until("/billing", lambda b: b["subscription"]["grace_ends_at"] is None)


async def test_the_timeline_tells_everything_in_order(person: Any) -> None:
    ids = {"user_id": person.user_id, "subscription_id": "sub_1"}
    period: Any = {"period_start": AT, "period_end": AT + timedelta(days=30)}
    usd = Money.parse("1297.00", "USD")
    disputed: Any = {"user_id": person.user_id, "dispute_id": "dp_1", "invoice_id": "in_t", "amount": usd}
    trial: Any = {"status": "trialing", "trial_ends_at": AT, **period}
    events: list[Event] = [
        SubscriptionStarted(**ids, plan="starter", **trial),
        PaymentMethodChanged(user_id=person.user_id, brand="visa", last4="4242", exp_month=12, exp_year=2031),
        EntitlementsChanged(user_id=person.user_id, plan="starter", active=True, channels=5, videos_per_day=15),
        TrialEnding(user_id=person.user_id, trial_ends_at=AT),
        InvoicePaid(user_id=person.user_id, invoice_id="in_t", net=usd, tax=Money.zero(), **period),
        SubscriptionChanged(**ids, plan="growth", status="active", next_plan="starter", **period),
        PaymentFailed(user_id=person.user_id, invoice_id="in_u", code="x", attempt=1, next_attempt_at=AT),
        SubscriptionPastDue(**ids, grace_ends_at=AT),
        SubscriptionRecovered(**ids),
        RefundIssued(user_id=person.user_id, invoice_id="in_t", amount=usd),
        DisputeOpened(**disputed),
        DisputeClosed(**disputed, won=True),
        DisputeClosed(**disputed, won=False),
        SubscriptionCancelled(**ids),
        EntitlementsChanged(user_id=person.user_id, plan="starter", active=False, channels=0, videos_per_day=0),
    ]
    stream = f"subscription-{person.user_id}"
    await person.platform.world.say("billing", stream, *events, tenant=person.user_id)
    seen = await person.until("/billing/timeline", lambda b: len(b["timeline"]) == len(events))
    assert [line["event"] for line in seen["timeline"]] == [type(event).__name__ for event in events]
    assert [line["text"] for line in seen["timeline"]] == [
        "The starter plan began, free until 22 November 2026.",
        "The visa card that ends in 4242 is charged.",
        "15 videos a day and 5 channels are allowed.",
        "The trial ends on 22 November 2026.",
        "1,297.00 USD was paid for 22 November 2026 to 22 December 2026.",
        "The growth plan is active until 22 December 2026, then it is the starter plan.",
        "A payment failed, try 1. It is tried again on 22 November 2026.",
        "A payment is overdue. Work goes on until 22 November 2026.",
        "The overdue payment was made: everything goes on.",
        "1,297.00 USD was refunded.",
        "The bank took a payment of 1,297.00 USD back until it has decided.",
        "The bank decided: 1,297.00 USD was given back to us.",
        "The bank decided: 1,297.00 USD stays with you.",
        "The subscription ended.",
        "Nothing new can be begun; everything stays readable.",
    ]


HOME = {"name": "Mara Works", "country": "de", "line1": "Weg 1", "postal_code": "10115", "city": "Berlin"}


async def test_where_the_account_is_decides_its_tax_and_stays_sealed(person: Any) -> None:
    told = await person.post("/billing/tax", {**HOME, "vat_id": "DE 123 456 789"})
    assert told.status_code == 200, told.text
    seen = await person.until("/billing", lambda b: b["tax"])
    assert seen["tax"] == {"country": "DE", "treatment": "vat", "percent": "19", "vat_id": "pending"}
    line = (await person.get("/billing/timeline")).json()["timeline"][-1]
    assert line["text"] == "Invoices to come are for DE, with 19 % of VAT. The VAT number is being checked."
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        (logged,) = connection.execute("select string_agg(data::text, ' ') from es.events").fetchone() or ("",)
    for personal in ("Mara Works", "Weg 1", "10115", "123456789", "123 456 789"):
        assert personal not in logged


async def test_a_country_is_two_letters_and_a_number_that_is_not_kept_is_refused(person: Any) -> None:
    for country in ("Germany", "D1", "D"):
        wrong = await person.post("/billing/tax", {**HOME, "country": country})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "/country")
        assert wrong.json()["code"] == "country_malformed"
    refused = await person.post("/billing/tax", {**HOME, "country": "XX", "vat_id": "XX1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "vat_id_not_used")
    assert refused.json()["field"] == "/vat_id"


async def test_a_pause_is_shown_from_its_order_to_its_end(person: Any) -> None:
    for body in ({"change": "pause"}, {"change": "pause", "months": 4}, {"change": "resume", "months": 1}):
        refused = await person.post("/billing/subscription", body)
        assert refused.status_code == 422, body
    assert refused.json()["errors"][0]["code"] == "months_misplaced"
    ids: Any = {"user_id": person.user_id, "subscription_id": "sub_1"}
    end, later = AT + timedelta(days=30), AT + timedelta(days=61)
    pausing = SubscriptionChanged(
        **ids, plan="starter", status="active", period_start=AT, period_end=end, pause_begins=end, pause_ends=later
    )
    told = (pausing, SubscriptionPaused(**ids, ends_at=later), SubscriptionResumed(**ids))
    await person.platform.world.say("billing", f"subscription-{person.user_id}", *told, tenant=person.user_id)
    shown = (await person.until("/billing", lambda b: b["subscription"]))["subscription"]
    assert (shown["pause_begins"], shown["pause_ends"]) == ("2026-12-22T00:00:00Z", "2027-01-22T00:00:00Z")
    seen = await person.until("/billing/timeline", lambda b: len(b["timeline"]) == 3)
    assert [line["text"] for line in seen["timeline"]] == [
        "The starter plan is active until 22 December 2026, then it is paused until 22 January 2027.",
        "The subscription is paused until 22 January 2027.",
        "The pause is over: everything goes on.",
    ]


async def test_a_code_is_used_shown_and_gone_when_it_is_used_up(person: Any) -> None:
    told = await person.post("/billing/discount", {"discount_code": "welcome20"})
    assert told.status_code == 200, told.text
    seen = await person.until("/billing", lambda b: b["discount"])
    assert seen["discount"] == {
        "code": "WELCOME20", "percent": "20", "amount": None, "duration": "repeating", "months": 3,
    }  # fmt: skip
    stream = f"subscription-{person.user_id}"
    ended = DiscountEnded(user_id=person.user_id, code="WELCOME20")
    await person.platform.world.say("billing", stream, ended, tenant=person.user_id)
    await person.until("/billing", lambda b: b["discount"] is None)
    lines = (await person.get("/billing/timeline")).json()["timeline"]
    assert [line["text"] for line in lines] == [
        "The code WELCOME20 takes 20 % off, for 3 months.",
        "The discount WELCOME20 is used up.",
    ]


async def test_paid_invoices_tell_their_tax(person: Any) -> None:
    period: Any = {"period_start": AT, "period_end": AT + timedelta(days=30)}
    usd, vat = Money.parse("97.00", "USD"), Money.parse("18.43", "USD")
    stream = f"subscription-{person.user_id}"
    mine: Any = {"user_id": person.user_id, "net": usd}
    await person.platform.world.say(
        "billing",
        stream,
        InvoicePaid(invoice_id="in_v", tax=vat, tax_percent="19", **mine, **period),
        InvoicePaid(invoice_id="in_r", tax=Money.zero(), reverse_charge=True, **mine, **period),
        tenant=person.user_id,
    )
    seen = await person.until("/billing/timeline", lambda b: len(b["timeline"]) == 2)
    assert [line["text"] for line in seen["timeline"]] == [
        "97.00 USD was paid for 22 November 2026 to 22 December 2026, and 18.43 USD of VAT (19 %).",
        "97.00 USD was paid for 22 November 2026 to 22 December 2026, without VAT: reverse charge.",
    ]
    shown = {each["invoice_id"]: each for each in (await person.get("/billing")).json()["invoices"]}
    assert (shown["in_v"]["tax_percent"], shown["in_r"]["reverse_charge"]) == ("19", True)


async def test_nothing_is_due(person: Any) -> None:
    refused = await person.post("/billing/pay")
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_due")


async def test_invoices_are_listed_as_they_are_paid(person: Any) -> None:
    failed = PaymentFailed(user_id=person.user_id, invoice_id="in_1", code="payment_failed")
    paid = InvoicePaid(
        user_id=person.user_id,
        invoice_id="in_1",
        net=Money.parse("97.00", "USD"),
        tax=Money.zero(),
        period_start=AT,
        period_end=AT + timedelta(days=30),
    )
    await person.platform.world.say("billing", f"subscription-{person.user_id}", failed, tenant=person.user_id)
    (due,) = (await person.until("/billing", lambda p: p["invoices"]))["invoices"]
    assert (due["status"], due["net"], due["paid_at"]) == ("open", None, None)
    assert due["failed_at"] is not None
    await person.platform.world.say("billing", f"subscription-{person.user_id}", paid, tenant=person.user_id)
    (shown,) = (await person.until("/billing", lambda p: p["invoices"][0]["paid_at"]))["invoices"]
    assert (shown["status"], shown["net"]) == ("paid", {"amount": "97.00", "currency": "USD"})


async def test_an_address_is_told_to_who_asked_and_kept_sealed(person: Any) -> None:
    key = new_id()
    opened = await person.post("/billing/access", {"kind": "portal"}, key)
    assert opened.status_code == 200, opened.text
    told = opened.json()
    assert told["url"].startswith("https://pay.example/portal?back=http")
    assert "sealed" not in told
    assert (await person.post("/billing/access", {"kind": "portal"}, key)).json() == told
    operation = (await person.get(f"/operations/{told['operation_id']}")).json()
    assert operation["status"] == "succeeded"
    assert "pay.example" not in str(operation)
    assert "ciphertext" not in str(operation)
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        connection.execute("select set_config('ytempire.tenant', '*', false)")
        rows = connection.execute(f"select data::text from {OPERATIONS.schema}.outcomes".encode()).fetchall()
    assert not any("pay.example" in data for (data,) in rows)


async def test_an_invoice_of_somebody_else_is_not_found(person: Any) -> None:
    refused = await person.post("/billing/access", {"kind": "invoice", "invoice_id": "in_other"})
    assert (refused.status_code, refused.json()["field"]) == (404, "/invoice_id")
    for body in ({"kind": "invoice"}, {"kind": "portal", "invoice_id": "in_1"}):
        misplaced = await person.post("/billing/access", body)
        assert (misplaced.status_code, misplaced.json()["code"]) == (422, "invoice_id_misplaced")
