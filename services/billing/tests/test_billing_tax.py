"""Tax: who is charged which VAT, from which day, and what a number that its registry confirms changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import stripe
from billing_support import choose, order, tell

from ytempire.billing import bootstrap
from ytempire.billing.adapters.vat_table import seller_in
from ytempire.billing.bootstrap import DEFINITION
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import TaxOrdered
from ytempire.billing.domain.state import Subscription, evolve
from ytempire.billing.domain.tax import MakeTax, RefuseTax, RequestTax, Retax
from ytempire.billing.domain.vat import Rate, Seller, Taxation, VatId, plain_vat_id, vat_id_fault
from ytempire.chassis.testing import Bench
from ytempire.events import Event, Money
from ytempire.events.billing import (
    CustomerCreated,
    InvoicePaid,
    PlanChangePreviewed,
    SubscriptionChanged,
    SubscriptionStarted,
    TaxChanged,
    TaxChangeRejected,
)
from ytempire.events.gateway import (
    PlanChangePreviewRequested,
    SubscriptionChangeRequested,
    TaxDetailsRequested,
    WebhookReceived,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import new_id

SELLER = seller_in("US")
USER = new_id()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEALED = Sealed(recipient="billing", key_id="k", ciphertext="c", expires_at=NOW)


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


# the table and its arithmetic


def test_every_country_of_the_union_has_a_rate_and_a_form_of_number() -> None:
    assert len(SELLER.eu) == 27
    for country in SELLER.eu | {"GB"}:
        rate = SELLER.rate(country, NOW)
        assert rate is not None
        assert 15 <= float(rate.percent) <= 27
        assert vat_id_fault(country, "nonsense") is not None


@pytest.mark.parametrize(
    ("country", "day", "percent"),
    [
        ("EE", "2025-06-30", "22"),
        ("EE", "2025-07-01", "24"),
        ("FI", "2024-08-31", "24"),
        ("FI", "2024-09-01", "25.5"),
        ("RO", "2025-08-01", "21"),
        ("DE", "2020-12-31", "16"),
        ("DE", "2026-11-20", "19"),
    ],
)
def test_a_rate_is_that_of_the_day(country: str, day: str, percent: str) -> None:
    rate = SELLER.rate(country, datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    assert rate is not None
    assert rate.percent == percent


@pytest.mark.parametrize(
    ("seller", "country", "vat_id", "treatment", "percent"),
    [
        ("US", "DE", "none", "vat", "19"),
        ("US", "DE", "pending", "vat", "19"),
        ("US", "DE", "unverified", "vat", "19"),
        ("US", "DE", "verified", "reverse_charge", "0"),
        ("DE", "DE", "verified", "vat", "19"),
        ("DE", "FR", "verified", "reverse_charge", "0"),
        ("US", "GB", "none", "vat", "20"),
        ("US", "JP", "none", "none", "0"),
    ],
)
def test_who_owes_the_tax(seller: str, country: str, vat_id: VatId, treatment: str, percent: str) -> None:
    found = seller_in(seller).taxation(country, vat_id, NOW)
    assert (found.treatment, found.percent) == (treatment, percent)


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("DE", "de 123 456 789", None),
        ("GR", "EL123456789", None),
        ("NL", "NL123456789B01", None),
        ("AT", "ATU12345678", None),
        ("GB", "GB 123 4567 89", None),
        ("DE", "DE12345678", "vat_id_malformed"),
        ("DE", "123456789", "vat_id_malformed"),
        ("FR", "DE123456789", "vat_id_of_another_country"),
        ("JP", "JP1234567", "vat_id_not_used"),
    ],
)
def test_what_a_number_looks_like(country: str, text: str, code: str | None) -> None:
    fault = vat_id_fault(country, plain_vat_id(text))
    assert (fault[0] if fault else None) == code
    assert fault is None or (fault[1] == "vat_id" and fault[2].endswith("."))


# given, when, then


def given(*events: Event) -> Subscription:
    state = Subscription()
    for event in events:
        state = evolve(state, event)
    return state


ORDERED = TaxOrdered(user_id=USER, country="DE", sealed=SEALED)
TAXED = TaxChanged(user_id=USER, country="DE", treatment="vat", percent="19", vat_id="pending")
GERMAN = Taxation("DE", "vat", "19")


def test_details_are_ordered_and_what_the_provider_made_of_them_is_told() -> None:
    assert domain.decide(given(), RequestTax(USER, "DE", "DE123456789", SEALED)) == [ORDERED]
    made = domain.decide(given(ORDERED), MakeTax(USER, "cus_1", "pending", GERMAN))
    assert made == [CustomerCreated(user_id=USER, stripe_customer_id="cus_1"), TAXED]
    assert domain.decide(given(ORDERED, *made), MakeTax(USER, "cus_1", "pending", GERMAN)) == []


def test_one_thing_at_a_time_is_with_the_provider() -> None:
    (busy,) = domain.decide(given(ORDERED), RequestTax(USER, "FR", "", SEALED))
    assert isinstance(busy, TaxChangeRejected)
    assert busy.code == "change_in_progress"
    state = given(ORDERED, busy)
    assert state.taxing == ORDERED
    (refused,) = domain.decide(state, RefuseTax(USER, "vat_id_refused", "vat_id", "Correct it."))
    assert evolve(state, refused).taxing is None


def test_the_registry_s_answer_orders_another_tax_once() -> None:
    free = Retax(USER, "verified", Taxation("DE", "reverse_charge"))
    (again,) = domain.decide(given(ORDERED, TAXED), free)
    assert again == TaxOrdered(user_id=USER, country="DE", vat_id="verified")
    assert domain.decide(given(ORDERED, TAXED, again), free) == []
    same = Retax(USER, "pending", GERMAN)
    assert domain.decide(given(ORDERED, TAXED), same) == []
    # an answer about a number of the country where the customer was before
    late = Retax(USER, "verified", Taxation("FR", "reverse_charge"))
    assert domain.decide(given(ORDERED, TAXED), late) == []


# at Stripe's stand-in


async def live_in(bench: Bench, user_id: str, country: str, vat_id: str = "") -> None:
    details = {
        "name": "Ada Works", "line1": "Weg 1", "line2": None, "city": "Ort", "postal_code": "10115", "state": None,
        "vat_id": vat_id,
    }  # fmt: skip
    sealed = bench.host.sealer.seal("billing", details, bench.host.clock.now(), timedelta(days=7))
    await bench.deliver(TaxDetailsRequested(user_id=user_id, country=country, sealed=sealed), tenant=user_id)
    await bench.settle()


async def ask_registry(bench: Bench, api: stripe.StripeClient, customer: str, outside: Any) -> None:
    """Let the registry answer, and hand over the notice."""
    outside.advance(seconds=60)
    for event in reversed(api.v1.events.list({"type": "customer.tax_id.updated", "limit": 100}).data):
        thing = event.to_dict()["data"]["object"]
        if thing["customer"] == customer:
            notice = WebhookReceived(provider="stripe", webhook_id=event.id, kind=event.type, object_id=thing["id"])
            await bench.deliver(notice)
    await bench.settle()


async def test_the_first_invoice_has_the_tax_of_the_country_and_what_was_said_stays_sealed(
    billing: Bench, api: stripe.StripeClient
) -> None:
    user_id = new_id()
    await live_in(billing, user_id, "DE")
    (taxed,) = await billing.events(TaxChanged)
    assert (taxed.treatment, taxed.percent, taxed.vat_id) == ("vat", "19", "none")
    await choose(billing, user_id, "scale")
    await order(billing, user_id)
    (customer,) = await billing.events(CustomerCreated)
    (made,) = await billing.events(SubscriptionStarted)
    await tell(billing, api, made.subscription_id)
    (paid,) = await billing.events(InvoicePaid)
    assert (paid.net, paid.tax, paid.tax_percent) == (usd("797.00"), usd("151.43"), "19")
    kept = api.v1.customers.retrieve(customer.stripe_customer_id)
    assert kept.address is not None
    assert (kept.name, kept.address.country, kept.email) == ("Ada Works", "DE", "ada@studio.example")
    assert not any("Weg 1" in str(record.data) or "Ada Works" in str(record.data) for record in await billing.log())


async def test_a_number_counts_once_its_registry_confirms_it_and_earlier_invoices_stay(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await live_in(billing, user_id, "FR", "FR 12 345678901")
    await choose(billing, user_id, "scale")
    await order(billing, user_id)
    (made,), (customer,) = await billing.events(SubscriptionStarted), await billing.events(CustomerCreated)
    await ask_registry(billing, api, customer.stripe_customer_id, outside)
    changes = [(each.treatment, each.percent, each.vat_id) for each in await billing.events(TaxChanged)]
    assert changes == [("vat", "20", "pending"), ("reverse_charge", "0", "verified")]
    outside.advance(days=31.1)
    await tell(billing, api, made.subscription_id)
    first, second = sorted(await billing.events(InvoicePaid), key=lambda paid: paid.period_start)
    assert (first.net, first.tax, first.reverse_charge) == (usd("797.00"), usd("159.40"), False)
    assert (second.net, second.tax, second.reverse_charge) == (usd("797.00"), usd("0.00"), True)
    assert second.receipt is not None
    assert second.receipt.recipient == "onboarding"
    assert not any("12345678901" in str(record.data) for record in await billing.log())


async def test_an_unknown_number_keeps_the_tax_and_says_so(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await live_in(billing, user_id, "DE", "DE111111111")
    (customer,) = await billing.events(CustomerCreated)
    await ask_registry(billing, api, customer.stripe_customer_id, outside)
    changes = [(each.treatment, each.vat_id) for each in await billing.events(TaxChanged)]
    assert changes == [("vat", "pending"), ("vat", "unverified")]
    await live_in(billing, user_id, "DE")
    assert [each.vat_id for each in await billing.events(TaxChanged)][-1] == "none"
    assert api.v1.customers.tax_ids.list(customer.stripe_customer_id).data == []


async def test_a_move_is_for_later_invoices_and_a_preview_shows_the_tax(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id = new_id()
    await live_in(billing, user_id, "DE")
    await choose(billing, user_id, "starter")
    await order(billing, user_id)
    (made,) = await billing.events(SubscriptionStarted)
    outside.advance(days=7.1)
    await tell(billing, api, made.subscription_id)
    await live_in(billing, user_id, "FI")
    await billing.deliver(PlanChangePreviewRequested(user_id=user_id, plan="growth"), tenant=user_id)
    (shown,) = await billing.events(PlanChangePreviewed)
    assert shown.net is not None
    assert shown.tax is not None
    assert shown.due_now == shown.net + shown.tax
    # two lines, each rounded for itself: less than a cent of difference each
    assert abs(shown.tax.micros - shown.net.micros * 255 // 1000) <= 10_000
    await billing.deliver(
        SubscriptionChangeRequested(user_id=user_id, change="change_plan", plan="growth"), tenant=user_id
    )
    await billing.settle()
    assert await billing.events(SubscriptionChanged)
    await tell(billing, api, made.subscription_id)
    told = sorted(await billing.events(InvoicePaid), key=lambda paid: paid.period_start)
    paid = [(each.tax_percent, each.tax) for each in told if each.net.micros]
    assert paid[0] == ("19", usd("18.43"))
    assert paid[1][0] == "25.5"


async def test_a_malformed_number_is_refused_before_anything_is_done(billing: Bench) -> None:
    await live_in(billing, new_id(), "DE", "DE1")
    (refused,) = await billing.events(TaxChangeRejected)
    assert (refused.code, refused.field) == ("vat_id_malformed", "vat_id")
    assert await billing.events(TaxChanged) == []


async def test_a_number_that_stripe_refuses_and_details_that_came_too_late_change_nothing(
    billing: Bench, outside: Any
) -> None:
    body = {
        "error": {"type": "invalid_request_error", "code": "tax_id_invalid", "message": "Invalid.", "param": "value"}
    }
    outside.fault("stripe", "status", method="POST", path="/tax_ids$", status=400, body=body, count=1)
    await live_in(billing, new_id(), "DE", "DE123456789")
    user_id, at = new_id(), billing.host.clock.now()
    details = {"name": "Ada", "vat_id": ""}
    sealed = billing.host.sealer.seal("billing", details, at - timedelta(days=8), timedelta(days=7))
    await billing.deliver(TaxDetailsRequested(user_id=user_id, country="DE", sealed=sealed), tenant=user_id)
    await billing.settle()
    refused = [(each.code, each.field) for each in await billing.events(TaxChangeRejected)]
    assert refused == [("vat_id_refused", "vat_id"), ("request_expired", "")]
    assert await billing.events(TaxChanged) == []


async def test_a_new_rate_is_taken_by_the_draft_of_its_day_and_what_was_paid_stays(
    run_service: Any, api: stripe.StripeClient, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a table in which Germany's rate rises while a subscription runs."""
    rises = outside.clock.now().date() + timedelta(days=10)
    rates = (Rate("DE", date(2007, 1, 1), "19"), Rate("DE", rises, "21"))
    monkeypatch.setattr(bootstrap, "seller_in", lambda country: Seller(country, rates, SELLER.eu))
    async with run_service(DEFINITION) as bench:
        user_id = new_id()
        await live_in(bench, user_id, "DE")
        await choose(bench, user_id, "scale")
        await order(bench, user_id)
        (made,) = await bench.events(SubscriptionStarted)
        await tell(bench, api, made.subscription_id)
        outside.advance(seconds=(made.period_end - outside.clock.now()).total_seconds() + 60)
        await tell(bench, api, made.subscription_id)
        outside.advance(seconds=7200)
        await tell(bench, api, made.subscription_id)
        assert [each.percent for each in await bench.events(TaxChanged)] == ["19", "21"]
        first, second = sorted(await bench.events(InvoicePaid), key=lambda paid: paid.period_start)
        assert (first.tax, first.tax_percent) == (usd("151.43"), "19")
        assert (second.tax, second.tax_percent) == (usd("167.37"), "21")
