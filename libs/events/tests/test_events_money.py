"""Money is exact, sums add up, and a statement says null where there is nothing to divide by."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ytempire.events import MICROS, Money, Pnl, PnlComponents, spread
from ytempire.events.pnl import MONTHLY_TARGET_MICROS, amount

MICRO = st.integers(-(10**18), 10**18)


@given(MICRO)
def test_an_amount_survives_its_decimal_form(micros: int) -> None:
    money = Money(micros=micros, currency="USD")
    assert Money.parse(money.decimal(), "USD") == money
    assert Money.parse(str(money).removesuffix(" USD"), "USD") == money
    assert Money.parse(amount(micros), "USD") == money
    assert Money.model_validate_json(money.model_dump_json()) == money


@given(MICRO, MICRO, MICRO)
def test_sums_are_exact_in_any_order(a: int, b: int, c: int) -> None:
    one, two, three = (Money(micros=n, currency="EUR") for n in (a, b, c))
    assert one + two + three == three + (one + two)
    assert one - two + two == one
    assert one + -one == Money.zero("EUR")


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_minor_units_are_exact(units: int, exponent: int) -> None:
    assert Money.minor(units, "USD", exponent).decimal() == Decimal(units).scaleb(-exponent)


@pytest.mark.parametrize(
    ("text", "micros"),
    [("97", 97_000_000), ("0.1", 100_000), ("-12.345678", -12_345_678), ("1e3", 1_000_000_000), (797, 797_000_000)],
)
def test_a_provider_s_decimal_is_read_exactly(text: str | int, micros: int) -> None:
    assert Money.parse(text, "USD").micros == micros


def test_an_amount_of_more_digits_than_a_decimal_context_has_is_not_rounded() -> None:
    assert Money.parse("1234567890123456789012345.678901", "USD").micros == 1234567890123456789012345678901


@pytest.mark.parametrize("text", ["0.0000001", "1.23456789", "100000000000000000000000000000.0000001"])
def test_what_is_finer_than_a_millionth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="finer than a millionth"):
        Money.parse(text, "USD")


@pytest.mark.parametrize("text", ["", "abc", "1,5", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount of USD"):
        Money.parse(text, "USD")


def test_currencies_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        Money.zero("USD") + Money.zero("EUR")
    for currency in ("usd", "US", "EURO", ""):
        with pytest.raises(ValidationError):
            Money.zero(currency)
    with pytest.raises(ValidationError):
        Money(micros=1.5, currency="USD")  # type: ignore[arg-type] - the refusal is what is tested


@given(MICRO, st.integers(1, 400))
def test_a_spread_sums_to_its_total_and_is_even(total: int, parts: int) -> None:
    shares = spread(total, parts)
    assert len(shares) == parts
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_a_spread_has_parts() -> None:
    assert spread(97_000_000, 30)[:2] == [3_233_334, 3_233_334]
    with pytest.raises(ValueError, match="at least one part"):
        spread(1, 0)


COMPONENTS = st.builds(
    PnlComponents,
    revenue=st.integers(0, 10**13),
    costs=st.integers(0, 10**13),
    platform_costs=st.integers(0, 10**13),
    subscription=st.integers(0, 10**13),
    videos_published=st.integers(0, 100),
    videos_earning=st.integers(0, 100),
)


@given(st.lists(COMPONENTS, max_size=40))
def test_a_statement_is_made_of_unrounded_sums(parts: list[PnlComponents]) -> None:
    pnl = Pnl.from_components(parts)
    total = sum(parts, PnlComponents())
    assert Pnl.from_components([total]) == pnl
    assert Pnl.from_components(reversed(parts)) == pnl
    revenue, costs, subscription = (Decimal(p) for p in (pnl.revenue, pnl.costs, pnl.subscription_cost))
    assert revenue * MICROS == sum(p.revenue for p in parts)
    assert Decimal(pnl.gross_profit) == revenue - costs
    assert Decimal(pnl.profit) == revenue - costs - subscription
    assert (pnl.margin is None) == (revenue == 0)
    assert (pnl.roi is None) == (costs + subscription == 0)
    assert (pnl.avg_revenue_per_earning_video is None) == (total.videos_earning == 0)
    assert pnl.target_reached is None


def test_a_statement_without_anything_divides_by_nothing() -> None:
    pnl = Pnl.from_components([])
    assert (pnl.profit, pnl.margin, pnl.roi, pnl.avg_revenue_per_earning_video) == ("0.00", None, None, None)
    assert Pnl.from_components([], calendar_month=True).target_reached is False


def test_ratios_are_rounded_once_at_the_end() -> None:
    third = PnlComponents(revenue=3_333_333, costs=1_111_111, subscription=111_111, videos_earning=1)
    pnl = Pnl.from_components([third] * 3)
    assert (pnl.revenue, pnl.costs, pnl.profit) == ("9.999999", "3.333333", "6.333333")
    assert (pnl.margin, pnl.roi, pnl.avg_revenue_per_earning_video) == ("63.33", "172.73", "3.333333")
    assert Pnl.from_components([PnlComponents(revenue=2_000_000, videos_earning=3)]).avg_revenue_per_earning_video == (
        "0.666667"
    )


def test_failed_work_is_not_the_customer_s() -> None:
    pnl = Pnl.from_components([PnlComponents(revenue=1_000_000, platform_costs=900_000)])
    assert (pnl.platform_costs, pnl.profit, pnl.roi) == ("0.90", "1.00", None)


@pytest.mark.parametrize(("short_by", "reached"), [(0, True), (1, False), (-1, True)])
def test_the_target_is_of_a_calendar_month_and_of_net_profit(short_by: int, reached: bool) -> None:
    parts = PnlComponents(revenue=MONTHLY_TARGET_MICROS + 97_000_000 - short_by, subscription=97_000_000)
    assert Pnl.from_components([parts], calendar_month=True).target_reached is reached
    assert Pnl.from_components([parts]).target_reached is None
