"""Tax rates, tax ids, coupons and pauses: by the vendor's SDK, on the virtual clock, to the cent."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe
from stripe_support import advance, client, customer, price

from ytempire.sandbox.process import Addresses


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


def rate(api: stripe.StripeClient, percentage: float, *, inclusive: bool = False) -> str:
    made = api.v1.tax_rates.create({"display_name": "VAT", "percentage": percentage, "inclusive": inclusive})
    return made.id


def begin(api: stripe.StripeClient, amount: int = 9700, **more: Any) -> stripe.Subscription:
    owner = more.pop("customer", None) or customer(api)
    return api.v1.subscriptions.create({"customer": owner, "items": [{"price": price(api, amount)}], **more})


def newest(api: stripe.StripeClient, subscription: str) -> stripe.Invoice:
    return api.v1.invoices.list({"subscription": subscription, "limit": 1}).data[0]


def sums(invoice: stripe.Invoice) -> tuple[int, int, int, int]:
    """Subtotal, what discounts took, tax, and what was paid."""
    off = sum(part.amount for part in invoice.total_discount_amounts or [])
    return invoice.subtotal, off, sum(tax.amount for tax in invoice.total_taxes or []), invoice.amount_paid


@pytest.mark.parametrize(
    ("percentage", "inclusive", "expected"),
    [
        (19, False, (9700, 0, 1843, 11543)),
        (25.5, False, (9700, 0, 2474, 12174)),  # 2473.5 is rounded half up
        (8.1, False, (9700, 0, 786, 10486)),
        (19, True, (9700, 0, 1549, 9700)),
    ],
)
def test_a_rate_adds_its_tax_or_is_inside_the_price(
    api: stripe.StripeClient, percentage: float, inclusive: bool, expected: tuple[int, int, int, int]
) -> None:
    made = begin(api, default_tax_rates=[rate(api, percentage, inclusive=inclusive)])
    invoice = newest(api, made.id)
    assert sums(invoice) == expected
    assert invoice.total_excluding_tax == (expected[3] - expected[2])


def test_another_rate_is_for_later_invoices_alone(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, default_tax_rates=[rate(api, 19)])
    api.v1.subscriptions.update(made.id, {"default_tax_rates": [rate(api, 20)]})
    assert sums(newest(api, made.id)) == (9700, 0, 1843, 11543)
    advance(web, days=31, hours=2)
    assert sums(newest(api, made.id)) == (9700, 0, 1940, 11640)


def test_a_draft_takes_another_rate_and_a_final_invoice_does_not(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, default_tax_rates=[rate(api, 19)])
    end = made["items"].data[0].current_period_end
    web.post("/control/clock", json={"now": datetime.fromtimestamp(end + 60, UTC).isoformat()}).raise_for_status()
    draft = str(newest(api, made.id).id)
    api.v1.invoices.update(draft, {"default_tax_rates": [rate(api, 20)]})
    advance(web, hours=2)
    assert sums(newest(api, made.id)) == (9700, 0, 1940, 11640)
    with pytest.raises(stripe.InvalidRequestError) as final:
        api.v1.invoices.update(draft, {"default_tax_rates": [rate(api, 21)]})
    assert final.value.code == "invoice_not_editable"


def test_a_reverse_charge_customer_pays_no_tax_and_the_invoice_says_why(
    api: stripe.StripeClient, web: httpx.Client
) -> None:
    owner = customer(api)
    api.v1.customers.update(owner, {"tax_exempt": "reverse", "address": {"country": "FR", "city": "Lyon"}})
    api.v1.customers.tax_ids.create(owner, {"type": "eu_vat", "value": "FR 12 345678901"})
    made = begin(api, customer=owner, default_tax_rates=[rate(api, 20)])
    invoice = newest(api, made.id)
    assert sums(invoice) == (9700, 0, 0, 9700)
    assert [each.value for each in invoice.customer_tax_ids or []] == ["FR12345678901"]
    pdf = web.get(invoice.invoice_pdf or "").content
    assert b"Reverse charge" in pdf
    assert b"FR12345678901" in pdf
    assert "Reverse charge" in web.get(invoice.hosted_invoice_url or "").text


@pytest.mark.parametrize(
    ("value", "after"), [("DE123456789", "verified"), ("DE111111111", "unverified"), ("DE222222222", "pending")]
)
def test_a_registry_answers_a_moment_later(api: stripe.StripeClient, web: httpx.Client, value: str, after: str) -> None:
    owner = customer(api)
    made = api.v1.customers.tax_ids.create(owner, {"type": "eu_vat", "value": value})
    assert made.verification is not None
    assert (made.verification.status, made.country) == ("pending", "DE")
    advance(web, hours=1)
    seen = api.v1.tax_ids.retrieve(made.id)
    assert seen.verification is not None
    assert (seen.verification.status, seen.customer) == (after, owner)


def test_a_number_of_another_form_is_refused_and_one_can_be_taken_away(api: stripe.StripeClient) -> None:
    owner = customer(api)
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        api.v1.customers.tax_ids.create(owner, {"type": "eu_vat", "value": "DE12345"})
    assert (wrong.value.code, wrong.value.param) == ("tax_id_invalid", "value")
    made = api.v1.customers.tax_ids.create(owner, {"type": "gb_vat", "value": "GB123456789"})
    api.v1.customers.tax_ids.delete(owner, made.id)
    assert api.v1.customers.tax_ids.list(owner).data == []


@pytest.mark.parametrize(
    ("coupon", "first", "second", "fourth"),
    [
        ({"percent_off": 25, "duration": "forever"}, *[(9700, 2425, 1382, 8657)] * 3),
        (
            {"amount_off": 2000, "currency": "usd", "duration": "once"},
            (9700, 2000, 1463, 9163),
            (9700, 0, 1843, 11543),
            (9700, 0, 1843, 11543),
        ),
        (
            {"percent_off": 50, "duration": "repeating", "duration_in_months": 3},
            (9700, 4850, 922, 5772),
            (9700, 4850, 922, 5772),
            (9700, 0, 1843, 11543),
        ),
    ],
)
def test_a_coupon_takes_off_for_as_long_as_it_lasts_and_tax_is_of_the_rest(
    api: stripe.StripeClient, web: httpx.Client, coupon: Any, first: Any, second: Any, fourth: Any
) -> None:
    off = api.v1.coupons.create(coupon)
    made = begin(api, discounts=[{"coupon": off.id}], default_tax_rates=[rate(api, 19)])
    seen = [sums(newest(api, made.id))]
    for _ in range(3):
        advance(web, days=31, hours=2)
        seen.append(sums(newest(api, made.id)))
    assert (seen[0], seen[1], seen[3]) == (first, second, fourth)


def test_a_promotion_code_is_used_up_and_expires(api: stripe.StripeClient, web: httpx.Client) -> None:
    off = api.v1.coupons.create({"percent_off": 10, "duration": "once"})
    promotion: Any = {"type": "coupon", "coupon": off.id}
    code = api.v1.promotion_codes.create({"promotion": promotion, "code": "WELCOME10", "max_redemptions": 1})
    begin(api, discounts=[{"promotion_code": code.id}])
    assert api.v1.promotion_codes.list({"code": "welcome10", "active": True}).data == []
    with pytest.raises(stripe.InvalidRequestError) as used:
        begin(api, discounts=[{"promotion_code": code.id}])
    assert used.value.code == "promotion_code_expired"
    short = api.v1.coupons.create({"percent_off": 10, "duration": "once", "max_redemptions": 1})
    begin(api, discounts=[{"coupon": short.id}])
    assert not api.v1.coupons.retrieve(short.id).valid
    with pytest.raises(stripe.InvalidRequestError) as late:
        begin(api, discounts=[{"coupon": short.id}])
    assert late.value.code == "coupon_expired"


def test_what_is_given_up_is_credited_at_what_was_paid_for_it(api: stripe.StripeClient, web: httpx.Client) -> None:
    off = api.v1.coupons.create({"percent_off": 50, "duration": "once"})
    made = begin(api, 10_000, discounts=[{"coupon": off.id}])
    item = made["items"].data[0]
    half = (item.current_period_start + item.current_period_end) // 2
    change: Any = {"id": item.id, "price": price(api, 30_000)}
    preview = api.v1.invoices.create_preview(
        {
            "customer": str(made.customer),
            "subscription": made.id,
            "subscription_details": {
                "items": [change], "proration_behavior": "always_invoice", "proration_date": half,
            },
        }
    )  # fmt: skip
    assert [line.amount for line in preview.lines.data] == [-2_500, 15_000]


def test_a_preview_shows_tax_and_discount_and_redeems_nothing(api: stripe.StripeClient) -> None:
    made = begin(api, default_tax_rates=[rate(api, 19)])
    off = api.v1.coupons.create({"percent_off": 50, "duration": "once", "max_redemptions": 1})
    preview = api.v1.invoices.create_preview(
        {"customer": str(made.customer), "subscription": made.id, "discounts": [{"coupon": off.id}]}
    )
    assert (preview.subtotal, preview.total_excluding_tax, preview.total) == (9700, 4850, 5772)
    assert api.v1.coupons.retrieve(off.id).times_redeemed == 0


def test_a_paused_subscription_is_not_charged_and_resumes_by_itself(
    api: stripe.StripeClient, web: httpx.Client
) -> None:
    made = begin(api)
    end = made["items"].data[0].current_period_end
    paused = api.v1.subscriptions.update(
        made.id, {"pause_collection": {"behavior": "void", "resumes_at": end + 40 * 86_400}}
    )
    assert paused.pause_collection is not None
    advance(web, days=32)
    assert (newest(api, made.id).status, api.v1.subscriptions.retrieve(made.id).status) == ("void", "active")
    advance(web, days=62)
    assert api.v1.subscriptions.retrieve(made.id).pause_collection is None
    assert (newest(api, made.id).status, newest(api, made.id).amount_paid) == ("paid", 9700)


def test_a_pause_that_ends_early_begins_a_period_that_is_charged_at_once(
    api: stripe.StripeClient, web: httpx.Client
) -> None:
    made = begin(api)
    api.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    advance(web, days=45)
    back = api.v1.subscriptions.update(
        made.id, {"pause_collection": "", "billing_cycle_anchor": "now", "proration_behavior": "none"}
    )
    invoice = newest(api, made.id)
    assert (invoice.status, invoice.amount_paid, back.pause_collection) == ("paid", 9700, None)
    assert back["items"].data[0].current_period_start == back.billing_cycle_anchor
