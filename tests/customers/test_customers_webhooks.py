"""The short form of `webhooks.py`."""

from __future__ import annotations

from tests.customers.webhooks import measure

SHORT = 10


def test_notices_in_any_order_and_repeated_end_in_the_same_state_and_ledger() -> None:
    """Given ten lives that are alike, when each is told in an order of its own, then all end as the one in order."""
    got = measure(SHORT)
    assert got["problems"] == []
    assert (got["differing"], got["difference"]) == (0, 0)
    # a charge for each of four invoices, a refund, a dispute and its reversal
    assert got["entries"] == (SHORT + 1) * 7
    assert got["notices"] > (SHORT + 1) * 60
