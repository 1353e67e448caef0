"""Balance transactions, disputes and payouts: every cent that moves is written down, by the vendor's SDK."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from stripe_support import advance, client, customer, price

from ytempire.sandbox.process import Addresses

DISPUTING = "pm_card_createDispute"


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


def charged(api: stripe.StripeClient, amount: int = 4900, card: str = "pm_card_visa") -> stripe.Charge:
    """A charge of a subscription's first invoice."""
    owner = customer(api, card)
    params: Any = {"customer": owner, "items": [{"price": price(api, amount)}]}
    api.v1.subscriptions.create(params)
    (charge,) = api.v1.charges.list({"customer": owner, "expand": ["data.balance_transaction"]}).data
    return charge


def moved(api: stripe.StripeClient, source: str) -> list[tuple[str, str, int, int, int]]:
    """What a source moved, oldest first."""
    found = api.v1.balance_transactions.list({"source": source}).data
    return [(m.type, m.reporting_category, m.amount, m.fee, m.net) for m in reversed(found)]


def dispute_of(api: stripe.StripeClient, charge: stripe.Charge, holds: Callable[[Any], bool] = bool) -> stripe.Dispute:
    """The charge's dispute, as soon as it is as expected: it opens when the charge's own request is answered."""
    deadline = time.monotonic() + 8
    while True:
        found = api.v1.disputes.list({"charge": charge.id}).data
        if found and found[0].balance_transactions and holds(found[0]):
            return found[0]
        assert time.monotonic() < deadline, "the dispute did not come about in time"
        time.sleep(0.02)


@pytest.mark.parametrize(("amount", "fee"), [(4_900, 172), (9_700, 311), (100, 33), (50, 31), (29_700, 891)])
def test_a_charge_moves_its_amount_less_a_fee_rounded_half_up(api: stripe.StripeClient, amount: int, fee: int) -> None:
    charge = charged(api, amount)
    assert moved(api, charge.id) == [("charge", "charge", amount, fee, amount - fee)]
    posted: Any = charge.balance_transaction
    assert (posted.fee_details[0].amount, posted.fee_details[0].type) == (fee, "stripe_fee")
    assert posted.available_on - posted.created == 2 * 86_400


def test_a_failed_charge_moves_nothing(api: stripe.StripeClient) -> None:
    charge = charged(api, card="pm_card_chargeCustomerFail")
    assert (charge.status, charge.balance_transaction) == ("failed", None)
    assert moved(api, charge.id) == []


def test_a_refund_takes_its_amount_back_and_the_fee_stays_gone(api: stripe.StripeClient) -> None:
    charge = charged(api)
    part = api.v1.refunds.create({"charge": charge.id, "amount": 1900, "expand": ["balance_transaction"]})
    assert moved(api, part.id) == [("refund", "refund", -1900, 0, -1900)]
    posted: Any = part.balance_transaction
    assert posted.id == api.v1.balance_transactions.list({"source": part.id}).data[0].id


def test_a_dispute_that_is_won_comes_back_without_its_fee(api: stripe.StripeClient) -> None:
    charge = charged(api, card=DISPUTING)
    dispute = dispute_of(api, charge)
    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 4900, "fraudulent")
    assert moved(api, dispute.id) == [("adjustment", "dispute", -4900, 1500, -6400)]
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        api.v1.refunds.create({"charge": charge.id})
    evidence: Any = {"evidence": {"uncategorized_text": "winning_evidence"}}
    assert api.v1.disputes.update(dispute.id, evidence).status == "won"
    assert moved(api, dispute.id)[1] == ("adjustment", "dispute_reversal", 4900, 0, 4900)
    assert len(api.v1.disputes.retrieve(dispute.id).balance_transactions) == 2
    told = [e.type for e in api.v1.events.list({"limit": 100}).data if dispute.id in str(e.data.object)]
    assert told[::-1] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_a_dispute_without_an_answer_is_lost(api: stripe.StripeClient, web: httpx.Client) -> None:
    charge = charged(api, card=DISPUTING)
    dispute_of(api, charge)
    advance(web, days=14.1)
    lost = dispute_of(api, charge, lambda dispute: dispute.status == "lost")
    assert len(moved(api, lost.id)) == 1
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        api.v1.disputes.close(lost.id)


def test_other_evidence_is_looked_at_until_the_dispute_is_closed(api: stripe.StripeClient) -> None:
    dispute = dispute_of(api, charged(api, card=DISPUTING))
    evidence: Any = {"evidence": {"uncategorized_text": "They logged in every day."}}
    assert api.v1.disputes.update(dispute.id, evidence).status == "under_review"
    assert api.v1.disputes.close(dispute.id).status == "lost"


def test_the_balance_is_the_sum_of_what_moved(api: stripe.StripeClient, web: httpx.Client) -> None:
    charge = charged(api)
    api.v1.refunds.create({"charge": charge.id, "amount": 100})
    everything = list(api.v1.balance_transactions.list({"limit": 100}).auto_paging_iter())
    standing = api.v1.balance.retrieve()
    total = standing.available[0].amount + standing.pending[0].amount
    assert total == sum(m.net for m in everything) == sum(m.amount - m.fee for m in everything)
    assert standing.pending[0].amount > 0
    advance(web, days=2.1)
    later = api.v1.balance.retrieve()
    assert (later.available[0].amount, later.pending[0].amount) == (total, 0)
    assert api.v1.balance_transactions.retrieve(everything[0].id).status == "available"


def test_money_is_paid_out_as_far_as_it_is_available(api: stripe.StripeClient, web: httpx.Client) -> None:
    charged(api)
    advance(web, days=2.1)
    before = api.v1.balance.retrieve().available[0].amount
    paid = api.v1.payouts.create({"amount": before - 100, "currency": "usd"})
    assert moved(api, paid.id) == [("payout", "payout", 100 - before, 0, 100 - before)]
    assert api.v1.balance.retrieve().available[0].amount == 100
    with pytest.raises(stripe.InvalidRequestError, match="insufficient funds"):
        api.v1.payouts.create({"amount": 101, "currency": "usd"})


def test_what_moved_is_listed_by_time_and_type(api: stripe.StripeClient, web: httpx.Client) -> None:
    advance(web, days=1)
    charge = charged(api)
    api.v1.refunds.create({"charge": charge.id})
    since: Any = {"gte": charge.created}
    both = api.v1.balance_transactions.list({"created": since, "expand": ["data.source"]}).data
    assert [m.type for m in both] == ["refund", "charge"]
    sources: Any = [m.source for m in both]
    assert [source.object for source in sources] == ["refund", "charge"]
    assert [m.type for m in api.v1.balance_transactions.list({"created": since, "type": "refund"}).data] == ["refund"]
    assert api.v1.balance_transactions.list({"created": {"lt": charge.created}, "source": charge.id}).data == []
