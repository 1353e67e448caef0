"""The short form of `year.py`."""

from __future__ import annotations

from tests.customers.year import measure


def test_the_first_months_of_a_customer_are_charged_to_the_cent_with_the_vat_of_their_country() -> None:
    """Given a trial, an upgrade and a move to Germany, then four payments are those of the table."""
    got = measure(whole=False)
    assert got["differing"] == []
    assert (got["payments"], got["vat"]) == (4, "56.43")
