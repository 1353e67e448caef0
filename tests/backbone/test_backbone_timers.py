"""The short form of `timers.py`."""

from __future__ import annotations

from tests.backbone.timers import measure


def test_rule_4_14_timers_fire_once_in_order_through_the_running_platform_though_it_is_killed() -> None:
    """Given timers over some weeks in one service, when time is moved and the service killed, then each fires once."""
    got = measure(timers=400, kills=1, days=20)
    assert (got["set"], got["fired"], got["kills"]) == (400, 400, 1)
    assert got["chained"] == 20
    assert {name: got[name] for name in ("missing", "twice", "misordered", "mistimed", "findings")} == {
        "missing": 0, "twice": 0, "misordered": 0, "mistimed": 0, "findings": 0
    }  # fmt: skip
