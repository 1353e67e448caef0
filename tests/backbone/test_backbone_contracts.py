"""The contract tests notice what they are for."""

from __future__ import annotations

from tests.backbone.breaking import NAMED, measure


def test_rule_4_10_a_field_taken_from_a_consumer_is_named_with_the_service() -> None:
    got = measure()
    assert got["named"] == NAMED, got["output"][-3000:]
