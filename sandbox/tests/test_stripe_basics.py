"""Customers, cards, errors, idempotency, lists: driven by the vendor's SDK."""

import threading
import time

import httpx
import pytest
import stripe
from stripe_support import client, customer, price

from ytempire.sandbox.process import Addresses


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


def test_customer_is_found_again_by_email_and_metadata(api: stripe.StripeClient) -> None:
    made = api.v1.customers.create({"email": "grace@example.com", "metadata": {"user_id": "u-77"}})
    assert [c.id for c in api.v1.customers.list({"email": "grace@example.com"}).data] == [made.id]
    found = api.v1.customers.search({"query": "metadata['user_id']:'u-77'"})
    assert [c.id for c in found.data] == [made.id]
    changed = api.v1.customers.update(made.id, {"name": "Grace", "metadata": {"user_id": "", "plan": "pro"}})
    assert changed.name == "Grace"
    assert changed.metadata.to_dict() == {"plan": "pro"}


def test_a_bad_key_is_refused(sandbox: Addresses) -> None:
    for key in ("sk_live_x", "nonsense"):
        with pytest.raises(stripe.AuthenticationError) as caught:
            client(sandbox.base_url, sandbox.ca, key).v1.customers.list()
        assert caught.value.http_status == 401


def test_unknown_parameters_missing_ones_and_ids_are_named(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        api.v1.customers.create({"emial": "x"})
    assert (unknown.value.param, unknown.value.code) == ("emial", "parameter_unknown")
    with pytest.raises(stripe.InvalidRequestError) as absent:
        api.v1.products.create({})
    assert (absent.value.param, absent.value.code) == ("name", "parameter_missing")
    with pytest.raises(stripe.InvalidRequestError) as nobody:
        api.v1.customers.retrieve("cus_nobody")
    assert (nobody.value.http_status, nobody.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.APIError) as route:
        api.v1.quotes.list()
    assert route.value.http_status == 501
    assert "not_implemented" in str(route.value.http_body)


def test_cards_attach_or_are_declined(api: stripe.StripeClient) -> None:
    owner = customer(api, card=None)
    good = api.v1.payment_methods.attach("pm_card_visa", {"customer": owner})
    assert (good.customer, good.card.last4, good.card.brand) == (owner, "4242", "visa")
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": owner})
    assert (caught.value.code, caught.value.http_status) == ("card_declined", 402)
    kept = api.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": owner})
    assert kept.card.last4 == "0341"
    made = api.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert made.card.brand == "mastercard"
    assert len(api.v1.customers.payment_methods.list(owner).data) == 2


def test_a_server_may_not_send_card_numbers(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.StripeError, match="generally unsafe"):
        api.v1.payment_methods.create(
            {"type": "card", "card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030}}
        )


def test_setup_intent_attaches_and_asks_the_bank(api: stripe.StripeClient, web: httpx.Client) -> None:
    owner = customer(api, card=None)
    done = api.v1.setup_intents.create({"customer": owner, "payment_method": "pm_card_visa", "confirm": True})
    assert done.status == "succeeded"
    assert api.v1.payment_methods.retrieve(str(done.payment_method)).customer == owner
    asked = api.v1.setup_intents.create(
        {"customer": owner, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    )
    assert asked.status == "requires_action"
    assert web.post("/checkout/authenticate", data={"setup": asked.id}).status_code == 200
    assert api.v1.setup_intents.retrieve(asked.id).status == "succeeded"
    with pytest.raises(stripe.CardError):
        api.v1.setup_intents.create({"customer": owner, "payment_method": "pm_card_chargeDeclined", "confirm": True})


def test_idempotency_keys_replay_and_refuse_other_parameters(api: stripe.StripeClient) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "create-ada"}
    first = api.v1.customers.create({"email": "ida@example.com"}, key)
    again = api.v1.customers.create({"email": "ida@example.com"}, key)
    assert first.id == again.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(api.v1.customers.list({"email": "ida@example.com"}).data) == 1
    with pytest.raises(stripe.IdempotencyError):
        api.v1.customers.create({"email": "other@example.com"}, key)


def test_a_refusal_of_parameters_is_not_remembered(api: stripe.StripeClient) -> None:
    key: stripe.RequestOptions = {"idempotency_key": "fix-me"}
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.customers.create({"email": "no address"}, key)
    assert api.v1.customers.create({"email": "fixed@example.com"}, key).id


def test_a_decline_is_remembered(api: stripe.StripeClient) -> None:
    owner = customer(api, card=None)
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            api.v1.payment_methods.attach(
                "pm_card_chargeDeclined", {"customer": owner}, {"idempotency_key": "declined-once"}
            )


def test_a_lost_answer_is_replayed_to_the_sdk_s_own_retry(sandbox: Addresses, web: httpx.Client) -> None:
    rule = {"provider": "stripe", "method": "POST", "path": "^/v1/customers$", "action": "drop_answer"}
    assert web.post("/control/faults", json=rule).status_code == 201
    api = client(sandbox.base_url, sandbox.ca, retries=2)
    made = api.v1.customers.create({"email": "lost@example.com"})
    assert [c.id for c in api.v1.customers.list({"email": "lost@example.com"}).data] == [made.id]
    web.delete("/control/faults")


def test_prices_have_lookup_keys_and_lists_have_pages(api: stripe.StripeClient) -> None:
    ids = [price(api, amount) for amount in (100, 200, 300)]
    api.v1.prices.update(ids[0], {"lookup_key": "starter", "active": True})
    assert [p.id for p in api.v1.prices.list({"lookup_keys": ["starter"]}).data] == [ids[0]]
    page = api.v1.prices.list({"limit": 2})
    assert page.has_more
    assert [p.id for p in page.data] == [ids[2], ids[1]]
    everything = [p.id for p in api.v1.prices.list({"limit": 2}).auto_paging_iter()]
    assert set(ids) <= set(everything)
    assert len(everything) == len(set(everything))


def test_the_card_form_answers_as_in_a_browser(api: stripe.StripeClient, web: httpx.Client) -> None:
    card = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2035, "cvc": "123"}
    made = web.post("/checkout/payment_methods", json=card)
    assert made.status_code == 200
    owner = customer(api, card=None)
    assert api.v1.payment_methods.attach(made.json()["id"], {"customer": owner}).card.exp_year == 2035
    wrong = {
        "4000000000000002": "card_declined",
        "4000000000009995": "card_declined",
        "4242424242424241": "incorrect_number",
        "4111111111111111": "card_declined",
    }
    for number, code in wrong.items():
        refused = web.post("/checkout/payment_methods", json={**card, "number": number})
        assert (refused.status_code, refused.json()["error"]["code"]) == (402, code)
    late = web.post("/checkout/payment_methods", json={**card, "exp_year": 2020})
    assert late.json()["error"]["code"] == "invalid_expiry_year"
    assert "Payment method" in web.get("/checkout/card").text
    assert "pm_" in web.post("/checkout/card", data={**card, "setup": ""}).text


def test_the_journal_has_no_card_numbers_and_no_secrets(web: httpx.Client) -> None:
    text = web.get("/control/journal", params={"limit": 10_000}).text
    assert "4242424242424242" not in text
    assert "sk_test" not in text
    assert "_secret_" not in text


def test_the_same_key_in_flight_is_a_conflict(sandbox: Addresses, web: httpx.Client) -> None:
    rule = {"provider": "stripe", "method": "POST", "path": "^/v1/customers$", "action": "provider", "name": "slow"}
    web.post("/control/faults", json={**rule, "delay_s": 0.6})
    headers = {"authorization": "Bearer sk_test_sandbox", "idempotency-key": "in-flight"}
    answers: list[httpx.Response] = []

    def create() -> None:
        answers.append(web.post("/stripe/v1/customers", data={"email": "fly@example.com"}, headers=headers))

    first = threading.Thread(target=create)
    first.start()
    time.sleep(0.2)
    create()
    first.join()
    assert [answer.status_code for answer in answers] == [409, 200]
    assert answers[0].json()["error"]["code"] == "idempotency_key_in_use"


def test_the_portal_changes_card_and_cancels(api: stripe.StripeClient, web: httpx.Client) -> None:
    owner = customer(api)
    made = api.v1.subscriptions.create({"customer": owner, "items": [{"price": price(api)}]})
    session = api.v1.billing_portal.sessions.create({"customer": owner, "return_url": "https://localhost/back"})
    path = httpx.URL(session.url).path
    assert "visa ending in 4242" in web.get(path).text
    changed = web.post(path, data={"action": "card", "value": "pm_card_mastercard"})
    assert "mastercard ending in 4444" in changed.text
    assert web.post(path, data={"action": "card", "value": "pm_card_chargeDeclined"}).status_code == 402
    web.post(path, data={"action": "cancel", "value": made.id})
    assert api.v1.subscriptions.retrieve(made.id).cancel_at_period_end
    assert web.get(f"/checkout/invoice/{made.latest_invoice}").status_code == 200
    assert web.get("/checkout/portal/bps_none").status_code == 404
