"""A card as its holder knows it again."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events.billing import PaymentMethodChanged


@dataclass(frozen=True)
class Card:
    brand: str
    last4: str
    exp_month: int
    exp_year: int

    def change(self, user_id: str) -> PaymentMethodChanged:
        """The event that says that it is charged from now on."""
        return PaymentMethodChanged(
            user_id=user_id, brand=self.brand, last4=self.last4, exp_month=self.exp_month, exp_year=self.exp_year
        )
