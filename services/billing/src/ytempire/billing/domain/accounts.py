"""The chart of accounts, and which of them a movement of Stripe's balance touches. Debits are above zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from ytempire.events.base import Value
from ytempire.events.money import Money

Account = Literal[
    "stripe_balance",
    "fees",
    "payouts",
    "customer_credit",
    "vat_payable",
    "revenue",
    "refunds",
    "disputes",
    "suspense",
]
MINOR = 10_000
"""Micro-units of a cent: what Stripe counts in."""
ACCOUNTS: tuple[Account, ...] = get_args(Account)

_AGAINST: Mapping[str, Account] = {
    "dispute": "disputes",
    "dispute_reversal": "disputes",
    "fee": "fees",
    "payout": "payouts",
    "payout_reversal": "payouts",
}
"""What stands against the balance for Stripe's categories that have nothing to do with an invoice's tax."""
_SOLD = frozenset({"charge", "credit"})
_GIVEN_BACK = frozenset({"refund", "refund_failure"})


class LedgerLine(Value):
    """One side of an entry."""

    account: Account
    micros: int
    """A debit above zero, a credit below."""


@dataclass(frozen=True)
class Sale:
    """The invoice behind a movement. Amounts are micro-units of the movement's currency."""

    user_id: str
    invoice_id: str
    total: int
    """With tax; below zero where the customer is owed something."""
    tax: int
    credit: int = 0
    """What of the total was paid out of the customer's credit; below zero where credit was given."""
    refunded: int = 0
    """What of its charge had gone back before this movement."""

    def tax_of(self, part: int) -> int:
        """The tax in what goes back of the total, so that the parts of a whole sum to its tax."""
        return self._tax(self.refunded + part) - self._tax(self.refunded)

    def _tax(self, part: int) -> int:
        """To the minor unit, half up."""
        if self.total <= 0:
            return 0
        whole = self.total * MINOR
        return (2 * self.tax * part + whole) // (2 * whole) * MINOR


@dataclass(frozen=True)
class Movement:
    """One movement of the balance as Stripe has it; or a change of a customer's credit, which moves nothing there."""

    id: str
    """Stripe's id of the balance transaction, or of the invoice for a change of credit."""
    at: datetime
    kind: str
    """Stripe's reporting category: charge, refund, dispute ..., or credit."""
    source_id: str
    amount: Money
    """Into the balance, or out of it below zero, before the fee."""
    fee: int = 0
    sale: Sale | None = None

    @property
    def net(self) -> int:
        return self.amount.micros - self.fee


def lines(moved: Movement) -> Sequence[LedgerLine]:
    """The entry of a movement. Its lines sum to zero whatever the movement is."""
    debits: dict[Account, int] = {"stripe_balance": moved.net, "fees": moved.fee}
    for account, micros in _other_side(moved).items():
        debits[account] = debits.get(account, 0) + micros
    return tuple(LedgerLine(account=account, micros=debits[account]) for account in ACCOUNTS if debits.get(account))


def _other_side(moved: Movement) -> Mapping[Account, int]:
    amount, sale = moved.amount.micros, moved.sale
    if sale is not None and moved.kind in _SOLD and amount + sale.credit == sale.total:
        return {"revenue": sale.tax - sale.total, "vat_payable": -sale.tax, "customer_credit": sale.credit}
    if sale is not None and moved.kind in _GIVEN_BACK:
        # a refund that failed comes back by the same shares as it went
        tax = sale.tax_of(abs(amount)) if amount < 0 else -sale.tax_of(abs(amount))
        return {"refunds": -amount - tax, "vat_payable": tax}
    # what fits no invoice of ours waits in suspense until a person has looked at it
    return {_AGAINST.get(moved.kind, "suspense"): -amount}
