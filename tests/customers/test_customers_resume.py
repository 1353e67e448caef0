"""The short form of `resume.py`."""

from __future__ import annotations

from tests.customers.resume import STEPS, measure

FIRST = STEPS[:2]


def test_a_journey_is_gone_on_with_behind_a_restart_on_another_device() -> None:
    """Given somebody who left behind a step, when the platform was restarted, then it is where it was left."""
    got = measure(FIRST)
    assert (got["problems"], got["resumed"]) == ([], list(FIRST))
