"""The proof's verdicts on results that others measured: what must not pass does not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.prove.backbone import CHECKS, LONG_CHECKS, SEEDS, _chaos_seeds


def seeds(**changed: Any) -> dict[str, Any]:
    """Twenty good seeds, the last with changes."""
    good = {
        "events_acked": 5000,
        "kills": 3,
        "duplicates_delivered": 50,
        "lost": 0,
        "twice": 0,
        "misordered": 0,
        "rebuild_equal": True,
    }
    return {"seeds": [{"seed": n, **good} for n in range(1, SEEDS)] + [{"seed": SEEDS, **good, **changed}]}


def test_twenty_good_seeds_are_enough() -> None:
    figure, met = _chaos_seeds(seeds())
    assert met
    assert figure.startswith("20 seeds, 100,000 acknowledged, 60 kills, 1,000 duplicates")


@pytest.mark.parametrize(
    "changed",
    [
        {"lost": 1},
        {"twice": 1},
        {"misordered": 1},
        {"rebuild_equal": False},
        {"events_acked": 4999},
        {"kills": 1},
        {"duplicates_delivered": 49},
    ],
)
def test_one_bad_seed_is_one_too_many(changed: dict[str, Any]) -> None:
    assert not _chaos_seeds(seeds(**changed))[1]


def test_nineteen_seeds_are_too_few() -> None:
    result = seeds()
    result["seeds"] = [{**seed, "events_acked": 9000} for seed in result["seeds"][1:]]
    assert not _chaos_seeds(result)[1]


def test_every_promise_has_a_row() -> None:
    assert {id_ for id_, *_ in (*CHECKS, *LONG_CHECKS)} == {f"B{n}" for n in range(1, 11)}
