"""The short form of `tests/customers/signups.py`, and that its measure measures."""

from __future__ import annotations

import random

import pytest
from tests.customers.rank import rank_test
from tests.customers.signups import run

from ytempire.cli.plan import PlatformPlan

CHANCE = 0.001
"""How often the comparison of times may fail by chance; the long form asks for 0.01."""


def test_many_who_sign_up_at_once_get_one_account_for_each_address_and_learn_nothing(plan: PlatformPlan) -> None:
    """Given half of them with one address, when every link is followed at once, then each address has one account."""
    got = run(plan, sign_ups=40, timed=20)
    assert got["accounts"] == got["addresses"] == 21
    assert (got["answers"], got["kinds"]) == (1, {})
    assert min(got["p"], got["p_all"]) > CHANCE, got


def test_the_rank_test_sees_a_difference() -> None:
    assert rank_test(range(1, 11), range(11, 21)) == pytest.approx(0.000183, abs=1e-6)
    assert rank_test([1, 2, 2, 3], [1, 2, 2, 3]) == pytest.approx(1)
    assert rank_test([5] * 20, [5] * 20) == 1


def test_the_rank_test_finds_three_milliseconds_in_twenty_and_calls_chance_chance() -> None:
    chance = random.Random(1)
    alike = [rank_test([chance.gauss() for _ in range(50)], [chance.gauss() for _ in range(50)]) for _ in range(1000)]
    assert 20 < sum(p < 0.05 for p in alike) < 80
    slow = [[chance.gauss(mean, 5) for _ in range(100)] for mean in (20, 23)]
    assert rank_test(*slow) < 0.01
