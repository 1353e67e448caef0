"""Money: an integer of micro-units and an ISO 4217 currency. Never a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from pydantic import Field

from ytempire.events.base import Value

MICROS = 1_000_000


class Money(Value):
    """``micros`` millionths of one unit of ``currency``; may be negative (a credit, a reversal)."""

    micros: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read a provider's decimal exactly.

        :raises ValueError: if the amount is finer than a micro-unit, or is no number.
        """
        try:
            # a fraction is exact at any length, a decimal's product is rounded to the context's digits
            scaled = Fraction(Decimal(amount)) * MICROS
        except (InvalidOperation, OverflowError, ValueError) as error:
            raise ValueError(f"{amount!r} is no amount of {currency}") from error
        if scaled.denominator != 1:
            raise ValueError(f"{amount} {currency} is finer than a millionth: it cannot be kept exactly")
        return cls(micros=int(scaled), currency=currency)

    @classmethod
    def minor(cls, units: int, currency: str, exponent: int = 2) -> Money:
        """From an invoice's minor units (cents)."""
        return cls(micros=units * MICROS // 10**exponent, currency=currency)

    @classmethod
    def zero(cls, currency: str = "USD") -> Money:
        return cls(micros=0, currency=currency)

    def decimal(self) -> Decimal:
        """The exact amount in whole units."""
        return Decimal(self.micros) / MICROS

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(micros=self.micros + other.micros, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(micros=self.micros - other.micros, currency=self.currency)

    def __neg__(self) -> Money:
        return Money(micros=-self.micros, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.decimal():f} {self.currency}"

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency} without a dated rate")


def spread(total: int, parts: int) -> list[int]:
    """Split an integer into ``parts`` that sum to it exactly; the earlier parts take the remainder."""
    if parts < 1:
        raise ValueError("an amount is spread over at least one part")
    base, rest = divmod(total, parts)
    return [base + (1 if i < rest else 0) for i in range(parts)]
