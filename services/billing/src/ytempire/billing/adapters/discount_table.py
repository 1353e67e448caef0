"""The packaged table of discounts."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from ytempire.billing.domain.discounts import Discount, Discounts
from ytempire.events import Money


def discounts() -> Discounts:
    """Every offer of the table."""
    table = tomllib.loads((files("ytempire.billing") / "data" / "discounts.toml").read_text(encoding="utf-8"))
    return Discounts(
        tuple(
            Discount(
                code=entry["code"],
                valid_from=entry["valid_from"],
                valid_until=entry.get("valid_until"),
                percent=entry.get("percent"),
                amount=Money.parse(entry["amount"], entry["currency"]) if "amount" in entry else None,
                months=entry.get("months"),
                forever=entry.get("forever", False),
                most=entry.get("most"),
            )
            for entry in table["discount"]
        )
    )
