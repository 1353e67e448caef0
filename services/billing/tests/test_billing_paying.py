"""How an account pays: the rules of card and open invoice, and the same against the real Stripe stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import stripe

from ytempire.billing.bootstrap import DEFINITION
from ytempire.billing.domain import paying as domain
from ytempire.billing.domain.card import Card
from ytempire.billing.domain.events import CardOrdered, InvoicePaymentOrdered
from ytempire.chassis import Opener
from ytempire.chassis.testing import Bench
from ytempire.events import Event
from ytempire.events.billing import (
    BillingAccessGranted,
    BillingAccessRejected,
    InvoicePaymentMade,
    InvoicePaymentRejected,
    PaymentMethodChanged,
    PaymentMethodChangeRejected,
    SubscriptionStarted,
)
from ytempire.events.gateway import (
    BillingAccessRequested,
    InvoicePaymentRequested,
    PaymentMethodChangeRequested,
    PaymentSetupRequested,
)
from ytempire.events.onboarding import PlanSelected
from ytempire.events.plans import on_offer
from ytempire.eventstore import derived_id, new_id

USER = derived_id("user")
CARD = Card("visa", "4242", 12, 2031)
BACK = "https://app.example/"
ORDERED = CardOrdered(user_id=USER, payment_method_id="pm_1")
DUE = InvoicePaymentOrdered(user_id=USER, invoice_id="in_1")


def decided(given: list[Event], command: domain.Command) -> list[Event]:
    return list(domain.PAYING.decide(domain.PAYING.fold(given), command))


def test_a_card_is_changed_once_for_each_order() -> None:
    assert decided([], domain.OrderCard(USER, "pm_1", True)) == [ORDERED]
    changed = decided([ORDERED], domain.KeepCard(USER, CARD))
    assert changed == [CARD.change(USER)]
    assert decided([ORDERED, *changed], domain.KeepCard(USER, CARD)) == []


def test_one_card_at_a_time_and_none_without_a_subscription() -> None:
    (unknown,) = decided([], domain.OrderCard(USER, "pm_1", False))
    (early,) = decided([ORDERED], domain.OrderCard(USER, "pm_2", True))
    assert isinstance(unknown, PaymentMethodChangeRejected)
    assert isinstance(early, PaymentMethodChangeRejected)
    assert (unknown.code, early.code) == ("no_subscription", "change_in_progress")
    # what was refused for coming too early leaves the order in hand alone
    assert decided([ORDERED, early], domain.KeepCard(USER, CARD)) == [CARD.change(USER)]


def test_a_refused_card_leaves_the_way_open_for_another() -> None:
    refused = decided([ORDERED], domain.RefuseCard(USER, "card_declined", "No."))
    assert isinstance(refused[0], PaymentMethodChangeRejected)
    assert decided([ORDERED, *refused], domain.OrderCard(USER, "pm_1", True)) == [ORDERED]


def test_an_open_invoice_is_charged_once_for_each_order() -> None:
    assert decided([], domain.OrderPayment(USER, "in_1")) == [DUE]
    (nothing,) = decided([], domain.OrderPayment(USER, None))
    (early,) = decided([DUE], domain.OrderPayment(USER, "in_1"))
    assert isinstance(nothing, InvoicePaymentRejected)
    assert isinstance(early, InvoicePaymentRejected)
    assert (nothing.code, early.code) == ("nothing_due", "change_in_progress")
    made = decided([DUE, early], domain.MakePayment(USER))
    assert made == [InvoicePaymentMade(user_id=USER, invoice_id="in_1")]
    assert decided([DUE, *made], domain.MakePayment(USER)) == []
    (refused,) = decided([DUE], domain.RefusePayment(USER, "card_declined", "No."))
    assert decided([DUE, refused], domain.OrderPayment(USER, "in_1")) == [DUE]


@pytest.fixture
async def billing(run_service: Any) -> AsyncIterator[Bench]:
    async with run_service(DEFINITION) as bench:
        yield bench


@pytest.fixture
def api(outside: Any, billing: Bench) -> stripe.StripeClient:
    """The vendor's SDK, to look at what is there."""
    return stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{outside.url}/stripe"},
        http_client=stripe.RequestsClient(timeout=20),
    )


async def subscribed(bench: Bench, plan: str = "starter") -> tuple[str, SubscriptionStarted]:
    user_id, now = new_id(), bench.host.clock.now()
    offer = on_offer(now)[plan]
    chosen = PlanSelected(
        user_id=user_id,
        plan=plan,
        price=offer.monthly,
        channels=offer.channels,
        videos_per_day=offer.videos_per_day,
        trial_days=offer.trial_days,
    )
    sealed = bench.host.sealer.seal("billing", {"name": "Ada", "email": "a@b.example"}, now, timedelta(hours=1))
    await ask(bench, user_id, chosen)
    await ask(bench, user_id, PaymentSetupRequested(user_id=user_id, payment_method_id="pm_card_visa", sealed=sealed))
    return user_id, (await bench.events(SubscriptionStarted))[-1]


async def ask(bench: Bench, user_id: str, event: Event) -> None:
    await bench.deliver(event, tenant=user_id)
    await bench.settle()


async def change(bench: Bench, user_id: str, method: str) -> None:
    await ask(bench, user_id, PaymentMethodChangeRequested(user_id=user_id, payment_method_id=method))


async def test_the_next_invoice_goes_to_the_new_card(billing: Bench, api: stripe.StripeClient) -> None:
    user_id, started = await subscribed(billing)
    await change(billing, user_id, "pm_card_mastercard")
    changed = (await billing.events(PaymentMethodChanged))[-1]
    assert (changed.user_id, changed.brand, changed.last4) == (user_id, "mastercard", "4444")
    now = api.v1.subscriptions.retrieve(started.subscription_id)
    charged = api.v1.payment_methods.retrieve(str(now.default_payment_method))
    assert charged.card is not None
    assert charged.card.last4 == "4444"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_unknown", "invalid_payment_method"),
        ("pm_card_authenticationRequiredOnSetup", "authentication_required"),
    ],
)
async def test_a_card_that_cannot_be_charged_changes_nothing(
    billing: Bench, api: stripe.StripeClient, method: str, code: str
) -> None:
    user_id, started = await subscribed(billing)
    before = api.v1.subscriptions.retrieve(started.subscription_id).default_payment_method
    await change(billing, user_id, method)
    (refused,) = await billing.events(PaymentMethodChangeRejected)
    assert (refused.code, refused.field) == (code, "payment_method_id")
    assert len(await billing.events(PaymentMethodChanged)) == 1
    assert api.v1.subscriptions.retrieve(started.subscription_id).default_payment_method == before


async def test_a_bank_that_asks_is_answered_in_the_card_form(billing: Bench, outside: Any, keys: Any) -> None:
    user_id, _ = await subscribed(billing)
    await ask(billing, user_id, BillingAccessRequested(user_id=user_id, kind="card", return_url=BACK))
    (granted,) = await billing.events(BillingAccessGranted)
    assert granted.sealed.recipient == "gateway"
    secret = Opener(keys, "gateway").open(granted.sealed, billing.host.clock.now())["client_secret"]
    assert not any(secret in str(record.data) for record in await billing.log())
    # what the form's script does in the browser: confirm with the secret's intent, then the bank's question
    intent = secret.partition("_secret_")[0]
    typed = {"number": "4000002500003155", "exp_month": 12, "exp_year": 2034, "cvc": "123", "setup": intent}
    made = outside.web.post("/checkout/payment_methods", json=typed).json()
    assert made["setup"] == "requires_action"
    assert outside.web.post("/checkout/authenticate", data={"setup": intent}).status_code == 200
    await change(billing, user_id, made["id"])
    changed = (await billing.events(PaymentMethodChanged))[-1]
    assert changed.last4 == "3155"


async def test_an_overdue_invoice_is_paid_by_hand_once(billing: Bench, api: stripe.StripeClient, outside: Any) -> None:
    user_id, started = await subscribed(billing)
    await ask(billing, user_id, InvoicePaymentRequested(user_id=user_id))
    (refused,) = await billing.events(InvoicePaymentRejected)
    assert refused.code == "nothing_due"
    bad = api.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": str(api.v1.subscriptions.retrieve(started.subscription_id).customer)}
    )
    api.v1.subscriptions.update(started.subscription_id, {"default_payment_method": bad.id})
    outside.advance(days=8)
    assert api.v1.subscriptions.retrieve(started.subscription_id).status == "past_due"
    await ask(billing, user_id, InvoicePaymentRequested(user_id=user_id))
    assert (await billing.events(InvoicePaymentRejected))[-1].code == "card_declined"
    await change(billing, user_id, "pm_card_visa")
    outside.fault("stripe", "drop_answer", method="POST", path="^/v1/invoices/.*/pay$")
    await ask(billing, user_id, InvoicePaymentRequested(user_id=user_id))
    (made,) = await billing.events(InvoicePaymentMade)
    assert api.v1.invoices.retrieve(made.invoice_id).status == "paid"
    assert api.v1.subscriptions.retrieve(started.subscription_id).status == "active"


async def test_an_invoice_that_stripe_does_not_take_as_it_is(
    billing: Bench, api: stripe.StripeClient, outside: Any
) -> None:
    user_id, started = await subscribed(billing)
    bad = api.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": str(api.v1.subscriptions.retrieve(started.subscription_id).customer)}
    )
    api.v1.subscriptions.update(started.subscription_id, {"default_payment_method": bad.id})
    outside.advance(days=8)
    error = {"error": {"type": "invalid_request_error", "message": "This invoice cannot be paid."}}
    outside.fault("stripe", "status", status=400, method="POST", path="^/v1/invoices/.*/pay$", body=error)
    await ask(billing, user_id, InvoicePaymentRequested(user_id=user_id))
    (refused,) = await billing.events(InvoicePaymentRejected)
    assert (refused.code, refused.field) == ("payment_required", "payment_method_id")


async def test_the_provider_s_pages_are_opened_for_their_owner_alone(
    billing: Bench, api: stripe.StripeClient, outside: Any, keys: Any
) -> None:
    (user_id, started), (other, _), nobody = await subscribed(billing, "scale"), await subscribed(billing), new_id()
    opener, now = Opener(keys, "gateway"), billing.host.clock.now()
    await ask(billing, user_id, BillingAccessRequested(user_id=user_id, kind="portal", return_url=BACK))
    (portal,) = await billing.events(BillingAccessGranted)
    assert "/checkout/portal/" in opener.open(portal.sealed, now)["url"]
    (invoice,) = api.v1.invoices.list({"subscription": started.subscription_id}).data
    for who in (user_id, other):
        wanted = BillingAccessRequested(user_id=who, kind="invoice", invoice_id=invoice.id, return_url=BACK)
        await ask(billing, who, wanted)
    _, pages = await billing.events(BillingAccessGranted)
    assert pages.user_id == user_id
    told = opener.open(pages.sealed, now)
    assert told["url"] == invoice.hosted_invoice_url
    file = outside.web.get(told["pdf_url"])
    assert file.content.startswith(b"%PDF")
    assert b"797.00 USD" in file.content
    await ask(billing, nobody, BillingAccessRequested(user_id=nobody, kind="portal", return_url=BACK))
    codes = [(e.user_id, e.code) for e in await billing.events(BillingAccessRejected)]
    assert codes == [(other, "invoice_not_found"), (nobody, "no_subscription")]
