"""Trials, renewals, dunning, prorations, cancellation: on the virtual clock, by the vendor's SDK."""

from typing import Any

import httpx
import pytest
import stripe
from stripe_support import advance, client, customer, price

from ytempire.sandbox.process import Addresses

DAY = 86_400


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


def begin(api: stripe.StripeClient, owner: str, amount: int = 4900, **more: Any) -> stripe.Subscription:
    params: Any = {"customer": owner, "items": [{"price": price(api, amount)}], "metadata": {"user_id": "u-1"}, **more}
    return api.v1.subscriptions.create(params)


def invoices(api: stripe.StripeClient, subscription: str) -> list[tuple[str | None, str | None, int]]:
    found = api.v1.invoices.list({"subscription": subscription, "limit": 100}).data
    return [(i.billing_reason, i.status, i.amount_paid) for i in reversed(found)]


def types(api: stripe.StripeClient, since: int, about: str) -> list[str]:
    """Event types about an object or its subscription, oldest first."""
    events = api.v1.events.list({"limit": 100, "created": {"gte": since}}).data
    return [e.type for e in reversed(events) if about in str(e.data.object)]


def test_a_trial_costs_nothing_and_then_becomes_active(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, customer(api), trial_period_days=7)
    item = made["items"].data[0]
    assert made.status == "trialing"
    assert item.current_period_end - item.current_period_start == 7 * DAY
    assert (made.trial_start, made.trial_end) == (item.current_period_start, item.current_period_end)
    assert not hasattr(made, "current_period_end")
    assert invoices(api, made.id) == [("subscription_create", "paid", 0)]
    advance(web, days=3.9)
    assert "customer.subscription.trial_will_end" not in types(api, made.created, made.id)
    advance(web, days=0.2)
    assert types(api, made.created, made.id).count("customer.subscription.trial_will_end") == 1
    advance(web, days=2.92)
    assert api.v1.subscriptions.retrieve(made.id).status == "active"
    assert invoices(api, made.id)[-1] == ("subscription_cycle", "draft", 0)
    advance(web, hours=2)
    assert invoices(api, made.id)[-1] == ("subscription_cycle", "paid", 4900)
    assert api.v1.charges.list({"customer": str(made.customer)}).data[0].amount == 4900
    happened = types(api, made.created, made.id)
    assert happened.index("customer.subscription.created") < happened.index("customer.subscription.updated")
    assert happened.count("invoice.paid") == 2


def test_an_invoice_is_a_page_and_a_file(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, customer(api))
    (invoice,) = api.v1.invoices.list({"subscription": made.id}).data
    assert web.get(str(invoice.hosted_invoice_url)).status_code == 200
    file = web.get(str(invoice.invoice_pdf)).content
    assert str(invoice.number).encode() in file
    assert b"49.00 USD   Paid" in file
    # the trailer leads to the table, and the table to the first object
    table = int(file.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert file[table:].startswith(b"xref\n")
    first = int(file[table:].splitlines()[3].split()[0])
    assert file[first:].startswith(b"1 0 obj")
    assert web.get("/checkout/invoice/in_unknown/pdf").status_code == 404


def test_months_are_renewed_on_the_anchor(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, customer(api))
    assert made.status == "active"
    advance(web, days=93)
    paid = invoices(api, made.id)
    assert [line[1:] for line in paid] == [("paid", 4900)] * 4
    period = api.v1.subscriptions.retrieve(made.id)["items"].data[0]
    assert 28 * DAY <= period.current_period_end - period.current_period_start <= 31 * DAY
    newest = api.v1.invoices.list({"subscription": made.id}, {"headers": {}}).data[0]
    assert newest.parent is not None
    assert newest.parent.subscription_details is not None
    assert newest.parent.subscription_details.subscription == made.id
    assert newest.parent.subscription_details.metadata is not None
    assert newest.parent.subscription_details.metadata["user_id"] == "u-1"
    line = newest.lines.data[0]
    assert line.pricing is not None
    assert line.period.start == period.current_period_start


def test_expansion_and_hidden_fields(api: stripe.StripeClient) -> None:
    made = begin(api, customer(api), expand=["latest_invoice.payments", "customer"])
    assert isinstance(made.latest_invoice, stripe.Invoice)
    assert isinstance(made.customer, stripe.Customer)
    assert made.latest_invoice.payments is not None
    intent = made.latest_invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, str)
    plain = api.v1.invoices.retrieve(str(made.latest_invoice.id))
    assert not hasattr(plain, "payments")


def test_without_a_card_nothing_begins(api: stripe.StripeClient) -> None:
    owner = customer(api, card=None)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        begin(api, owner)
    assert api.v1.subscriptions.list({"customer": owner, "status": "all"}).data == []
    assert api.v1.invoices.list({"customer": owner}).data == []


def test_a_card_that_cannot_be_charged(api: stripe.StripeClient, web: httpx.Client) -> None:
    owner = customer(api, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as caught:
        begin(api, owner, payment_behavior="error_if_incomplete")
    assert caught.value.code == "card_declined"
    assert api.v1.subscriptions.list({"customer": owner, "status": "all"}).data == []
    made = begin(api, owner)
    assert made.status == "incomplete"
    assert "invoice.payment_failed" in types(api, made.created, made.id)
    good = api.v1.payment_methods.attach("pm_card_visa", {"customer": owner})
    paid = api.v1.invoices.pay(str(made.latest_invoice), {"payment_method": good.id})
    assert (paid.status, api.v1.subscriptions.retrieve(made.id).status) == ("paid", "active")
    late = begin(api, owner)
    advance(web, hours=24)
    assert api.v1.subscriptions.retrieve(late.id).status == "incomplete_expired"
    assert api.v1.invoices.retrieve(str(late.latest_invoice)).status == "void"


def test_dunning_ends_in_recovery_or_cancellation(api: stripe.StripeClient, web: httpx.Client) -> None:
    owners = [customer(api), customer(api)]
    saved, lost = (begin(api, owner, trial_period_days=1) for owner in owners)
    for owner in owners:
        bad = api.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": owner})
        api.v1.customers.update(owner, {"invoice_settings": {"default_payment_method": bad.id}})
    advance(web, days=1, hours=2)
    assert api.v1.subscriptions.retrieve(saved.id).status == "past_due"
    open_invoice = api.v1.invoices.list({"subscription": saved.id}).data[0]
    assert open_invoice.next_payment_attempt is not None
    good = api.v1.payment_methods.attach("pm_card_visa", {"customer": owners[0]})
    api.v1.customers.update(owners[0], {"invoice_settings": {"default_payment_method": good.id}})
    advance(web, days=3.1)
    assert api.v1.subscriptions.retrieve(saved.id).status == "active"
    advance(web, days=14)
    ended = api.v1.subscriptions.retrieve(lost.id)
    assert ended.status == "canceled"
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "payment_failed"
    failed = [t for t in types(api, lost.created, lost.id) if t == "invoice.payment_failed"]
    assert len(failed) == 4


def test_an_upgrade_is_prorated_by_the_second(api: stripe.StripeClient, web: httpx.Client) -> None:
    made = begin(api, customer(api), 3000)
    item = made["items"].data[0]
    halfway = (item.current_period_end - item.current_period_start) / 2
    advance(web, hours=halfway / 3600)
    dearer = price(api, 9000)
    change: Any = {"items": [{"id": item.id, "price": dearer}]}
    preview = api.v1.invoices.create_preview(
        {"subscription": made.id, "subscription_details": {**change, "proration_behavior": "always_invoice"}}
    )
    assert [abs(line.amount) // 10 for line in preview.lines.data] in ([149, 449], [150, 450], [149, 450], [150, 449])
    assert invoices(api, made.id) == [("subscription_create", "paid", 3000)]
    api.v1.subscriptions.update(made.id, {**change, "proration_behavior": "always_invoice"})
    reason, status, amount = invoices(api, made.id)[-1]
    assert (reason, status) == ("subscription_update", "paid")
    assert 2990 <= amount <= 3000
    later = begin(api, customer(api), 3000)
    only = later["items"].data[0].id
    api.v1.subscriptions.update(later.id, {"items": [{"id": only, "price": dearer}]})
    assert len(invoices(api, later.id)) == 1
    advance(web, days=32)
    assert 14_990 <= invoices(api, later.id)[-1][2] <= 15_000


def test_an_upgrade_that_must_be_paid_at_once_changes_nothing_if_it_is_not(api: stripe.StripeClient) -> None:
    made = begin(api, customer(api))
    bad = api.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": str(made.customer)})
    api.v1.subscriptions.update(made.id, {"default_payment_method": bad.id})
    dearer: Any = {
        "items": [{"id": made["items"].data[0].id, "price": price(api, 9900)}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
    }
    before = invoices(api, made.id)
    with pytest.raises(stripe.CardError):
        api.v1.subscriptions.update(made.id, dearer)
    now = api.v1.subscriptions.retrieve(made.id)
    assert (now.status, now["items"].data[0].price.unit_amount) == ("active", 4900)
    assert invoices(api, made.id) == before


def test_a_downgrade_leaves_credit(api: stripe.StripeClient) -> None:
    owner = customer(api)
    made = begin(api, owner, 9000)
    item = made["items"].data[0].id
    cheaper = price(api, 1000)
    api.v1.subscriptions.update(
        made.id, {"items": [{"id": item, "price": cheaper}], "proration_behavior": "always_invoice"}
    )
    balance = api.v1.customers.retrieve(owner).balance
    assert balance is not None
    assert -8000 <= balance <= -7990


def test_cancellation_now_and_at_the_period_s_end(api: stripe.StripeClient, web: httpx.Client) -> None:
    now, later = begin(api, customer(api)), begin(api, customer(api))
    assert api.v1.subscriptions.cancel(now.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.subscriptions.cancel(now.id)
    marked = api.v1.subscriptions.update(later.id, {"cancel_at_period_end": True})
    assert marked.cancel_at == marked["items"].data[0].current_period_end
    assert marked.status == "active"
    advance(web, days=32)
    assert api.v1.subscriptions.retrieve(later.id).status == "canceled"
    assert "customer.subscription.deleted" in types(api, later.created, later.id)
    assert len(invoices(api, later.id)) == 1


def test_a_trial_without_a_card_pauses_if_told_to(api: stripe.StripeClient, web: httpx.Client) -> None:
    owner = customer(api, card=None)
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    made = begin(api, owner, trial_period_days=2, trial_settings=settings)
    advance(web, days=2.1)
    assert api.v1.subscriptions.retrieve(made.id).status == "paused"
    card = api.v1.payment_methods.attach("pm_card_visa", {"customer": owner})
    api.v1.customers.update(owner, {"invoice_settings": {"default_payment_method": card.id}})
    assert api.v1.subscriptions.resume(made.id).status == "active"


def test_refunds_never_exceed_the_charge(api: stripe.StripeClient) -> None:
    made = begin(api, customer(api), 5000)
    charge = api.v1.charges.list({"customer": str(made.customer)}).data[0]
    assert api.v1.refunds.create({"charge": charge.id, "amount": 2000}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.refunds.create({"charge": charge.id, "amount": 4000})
    api.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert api.v1.charges.retrieve(charge.id).refunded


def test_a_crashed_client_finds_its_subscription(api: stripe.StripeClient) -> None:
    owner = customer(api)
    made = begin(api, owner, trial_period_days=7)
    listed = api.v1.subscriptions.list({"customer": owner, "status": "all"}).data
    assert [(s.id, s.metadata["user_id"]) for s in listed] == [(made.id, "u-1")]
