"""The packaged table of VAT rates."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from ytempire.billing.domain.vat import Rate, Seller


def seller_in(country: str) -> Seller:
    """Who sells from a country, with the packaged rates."""
    table = tomllib.loads((files("ytempire.billing") / "data" / "vat.toml").read_text(encoding="utf-8"))
    rates = tuple(Rate(entry["country"], entry["valid_from"], entry["percent"]) for entry in table["rate"])
    return Seller(country, rates, frozenset(table["eu"]))
