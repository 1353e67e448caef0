"""The short form of `million.py`."""

from __future__ import annotations

from tests.backbone.million import measure


def test_rule_4_9_a_log_is_rebuilt_and_audited_in_bounded_memory() -> None:
    got = measure(3_000)
    assert (got["events"], got["findings"]) == (3_000, 0)
    assert 0 < got["pss_mb"] < 400
