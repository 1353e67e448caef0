"""The double-entry ledger: which accounts a movement touches, that it is posted once, and how days are compared."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.billing.domain import ledger, reconciliation
from ytempire.billing.domain.accounts import Movement, Sale, lines
from ytempire.billing.domain.events import LedgerEntryPosted, LedgerReconciled
from ytempire.billing.features.follow_stripe import KINDS
from ytempire.events import Event, Money
from ytempire.events.billing import LedgerDifferenceChanged
from ytempire.eventstore import derived_id

HISTORIES = int(os.environ.get("YTEMPIRE_HISTORIES", "500"))
USER = derived_id("user")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CENT = 10_000
DAY = date(2026, 11, 20)


def usd(cents: int) -> Money:
    return Money(micros=cents * CENT, currency="USD")


def sale(total: int, tax: int = 0, **more: int) -> Sale:
    return Sale(USER, "in_1", total * CENT, tax * CENT, **{name: cents * CENT for name, cents in more.items()})


def moved(kind: str, cents: int, fee: int = 0, sold: Sale | None = None, id: str = "txn_1") -> Movement:
    return Movement(id, NOW, kind, "ch_1", usd(cents), fee * CENT, sold)


def accounts(movement: Movement) -> dict[str, int]:
    """The entry in cents by account."""
    return {line.account: line.micros // CENT for line in lines(movement)}


def post(*movements: Movement) -> list[Event]:
    state, log = ledger.Day(), []
    for movement in movements:
        events = ledger.decide(state, ledger.Post(movement))
        for event in events:
            state = ledger.evolve(state, event)
        log += events
    return log


# what stands where


def test_a_charge_is_revenue_and_vat_and_its_fee_is_ours() -> None:
    entry = accounts(moved("charge", 11_900, 375, sale(11_900, 1_900)))
    assert entry == {"stripe_balance": 11_525, "fees": 375, "revenue": -10_000, "vat_payable": -1_900}


def test_credit_that_pays_a_part_makes_revenue_of_the_whole_invoice() -> None:
    entry = accounts(moved("charge", 6_900, 230, sale(11_900, 1_900, credit=5_000)))
    assert entry == {
        "stripe_balance": 6_670,
        "fees": 230,
        "customer_credit": 5_000,
        "vat_payable": -1_900,
        "revenue": -10_000,
    }


def test_an_invoice_below_zero_gives_credit_and_takes_revenue_and_vat_back() -> None:
    owed = replace(moved("credit", 0), sale=sale(-1_190, -190, credit=-1_190))
    assert accounts(owed) == {"customer_credit": -1_190, "vat_payable": 190, "revenue": 1_000}


def test_an_invoice_that_credit_pays_moves_nothing_at_stripe() -> None:
    paid = replace(moved("credit", 0), sale=sale(1_190, 190, credit=1_190))
    assert accounts(paid) == {"customer_credit": 1_190, "vat_payable": -190, "revenue": -1_000}


def test_a_refund_takes_back_its_share_of_vat_and_leaves_the_fee() -> None:
    assert accounts(moved("refund", -5_950, 0, sale(11_900, 1_900))) == {
        "stripe_balance": -5_950,
        "vat_payable": 950,
        "refunds": 5_000,
    }


def test_a_refund_that_failed_comes_back_by_the_shares_it_went_by() -> None:
    there = moved("refund", -3_333, 0, sale(11_900, 1_900, refunded=1_000))
    back = replace(there, kind="refund_failure", amount=usd(3_333), id="txn_2")
    sums: Counter[str] = Counter()
    for movement in (there, back):
        sums.update(accounts(movement))
    assert set(sums.values()) == {0}


def test_a_dispute_costs_the_amount_and_a_fee_and_a_won_one_brings_the_amount_back() -> None:
    lost = accounts(moved("dispute", -11_900, 1_500, sale(11_900, 1_900)))
    assert lost == {"stripe_balance": -13_400, "fees": 1_500, "disputes": 11_900}
    won = accounts(moved("dispute_reversal", 11_900, 0, sale(11_900, 1_900)))
    assert won == {"stripe_balance": 11_900, "disputes": -11_900}


@pytest.mark.parametrize(
    ("kind", "account"), [("payout", "payouts"), ("fee", "fees"), ("charge", "suspense"), ("topup", "suspense")]
)
def test_what_belongs_to_no_invoice_stands_against_its_account_or_in_suspense(kind: str, account: str) -> None:
    assert accounts(moved(kind, -700)) == {"stripe_balance": -700, account: 700}


def test_a_charge_that_is_not_its_invoice_waits_in_suspense() -> None:
    entry = accounts(moved("charge", 5_000, 175, sale(11_900, 1_900)))
    assert entry == {"stripe_balance": 4_825, "fees": 175, "suspense": -5_000}


# an entry balances, once


def test_an_entry_names_who_and_what() -> None:
    (entry,) = post(moved("charge", 11_900, 375, sale(11_900, 1_900)))
    assert isinstance(entry, LedgerEntryPosted)
    assert (entry.user_id, entry.invoice_id, entry.what, entry.source_id) == (USER, "in_1", "charge", "ch_1")
    assert ledger.on_balance(entry) == 11_525 * CENT


def test_the_same_movement_is_posted_once() -> None:
    charge = moved("charge", 9_700, 311, sale(9_700))
    assert len(post(charge, charge, replace(charge, id="txn_2"), charge)) == 2


def test_a_movement_of_nothing_is_no_entry() -> None:
    assert post(moved("charge", 0)) == []


kinds = st.sampled_from(
    ["charge", "credit", "refund", "refund_failure", "dispute", "dispute_reversal", "payout", "fee", "x"]
)
cents = st.integers(-200_000, 200_000)


@st.composite
def movements(draw: st.DrawFn) -> Movement:
    total = draw(st.integers(-100_000, 200_000))
    # a tax has the sign of what it is on, and is below it
    tax = draw(st.integers(0, abs(total) // 2)) * (1 if total >= 0 else -1)
    kind = draw(kinds)
    credit = draw(st.sampled_from([0, total, total // 3]))
    fits = draw(st.booleans())
    amount = total - credit if fits else draw(cents)
    sold = draw(st.sampled_from([None, sale(total, tax, credit=credit, refunded=draw(st.integers(0, 50_000)))]))
    return moved(kind, amount, draw(st.integers(0, 3_000)), sold, f"txn_{draw(st.integers(0, 6))}")


@settings(max_examples=HISTORIES, deadline=None)
@given(st.lists(movements(), max_size=8), st.randoms(use_true_random=False))
def test_debits_are_credits_and_neither_order_nor_repetition_changes_a_day(
    history: list[Movement], chance: Random
) -> None:
    """Of what carries one id there is one thing, however often and in which order it is told."""
    distinct = list({movement.id: movement for movement in history}.values())
    told = [*distinct, *(chance.choice(distinct) for _ in distinct)] if distinct else []
    chance.shuffle(told)
    log = [event for event in post(*told) if isinstance(event, LedgerEntryPosted)]
    assert all(sum(line.micros for line in entry.lines) == 0 for entry in log)
    assert all(len({line.account for line in entry.lines}) == len(entry.lines) for entry in log)
    posted = {entry.entry_id: entry for entry in log}
    assert len(posted) == len(log)
    assert posted == {e.entry_id: e for e in post(*distinct) if isinstance(e, LedgerEntryPosted)}
    day = ledger.LEDGER.fold(log)
    assert {k: v for k, v in day.totals.items() if v} == {k: v for k, v in ledger.totals(distinct).items() if v}


@settings(max_examples=HISTORIES, deadline=None)
@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=6), st.integers(0, 50))
def test_the_vat_of_the_refunds_of_a_charge_is_its_vat(parts: list[int], percent: int) -> None:
    total, gone, back = sum(parts), 0, 0
    tax = total * percent // 100
    for part in parts:
        share = accounts(moved("refund", -part, 0, sale(total, tax, refunded=gone))).get("vat_payable", 0)
        assert 0 <= share <= part
        back, gone = back + share, gone + part
    assert back == tax


def test_the_kinds_of_notices_can_be_asked_for_at_once() -> None:
    """Stripe refuses a list of more than twenty kinds; each is there once."""
    assert len(KINDS) == len(set(KINDS)) <= 20


# a day is compared

USD_CHARGE, USD_REFUND, EUR_CHARGE = ("USD", "charge"), ("USD", "refund"), ("EUR", "charge")


def compare(stripe: ledger.Totals, kept: ledger.Totals, missed: int = 0) -> list[LedgerReconciled]:
    command = reconciliation.Compare(DAY, stripe, kept, missed)
    events = reconciliation.decide(reconciliation.Reconciliation(), command)
    return [event for event in events if isinstance(event, LedgerReconciled)]


def test_a_day_that_agrees() -> None:
    (told,) = compare({USD_CHARGE: 700, USD_REFUND: -200}, {USD_CHARGE: 700, USD_REFUND: -200}, missed=1)
    assert (told.stripe_net.micros, told.ledger_net.micros, told.difference.micros, told.missed) == (500, 500, 0, 1)


def test_differences_do_not_make_up_for_one_another() -> None:
    (told,) = compare({USD_CHARGE: 700, USD_REFUND: -200}, {USD_CHARGE: 600, USD_REFUND: -100})
    assert (told.stripe_net, told.ledger_net) == (Money(micros=500, currency="USD"), Money(micros=500, currency="USD"))
    assert told.difference.micros == 200


def test_each_currency_is_compared_by_itself() -> None:
    euro, dollar = compare({USD_CHARGE: 700, EUR_CHARGE: 10}, {USD_CHARGE: 700})
    assert (euro.difference, dollar.difference.micros) == (Money(micros=10, currency="EUR"), 0)


def test_a_quiet_day_agrees_too() -> None:
    (told,) = compare({}, {})
    assert told.difference == Money.zero()


def test_days_stay_open_until_they_agree() -> None:
    state = reconciliation.Reconciliation()
    assert state.open(DAY + timedelta(days=1)) == [DAY]
    differs = reconciliation.Compare(DAY, {USD_CHARGE: 5}, {}, 0)
    *_, told = reconciliation.decide(state, differs)
    assert told == LedgerDifferenceChanged(days=(DAY,), differences=(Money(micros=5, currency="USD"),))
    for event in reconciliation.decide(state, differs):
        state = reconciliation.evolve(state, event)
    assert [type(event) for event in reconciliation.decide(state, differs)] == [LedgerReconciled], "told once"
    assert state.open(DAY + timedelta(days=1)) == [DAY]
    assert state.open(DAY + timedelta(days=4)) == [DAY + timedelta(days=n) for n in range(4)]
    # the money is in the ledger now; the currency it differed in is compared again though nothing is left of it
    again = reconciliation.decide(state, reconciliation.Compare(DAY, {}, {}, 0))
    assert again[-1] == LedgerDifferenceChanged(days=(), differences=())
    for event in again:
        state = reconciliation.evolve(state, event)
    assert state.open(DAY + timedelta(days=1)) == []
    assert state.differing == {}
