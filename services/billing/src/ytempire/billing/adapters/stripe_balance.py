"""Stripe's balance through its own SDK: what moved, and the invoices behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.domain.accounts import MINOR, Movement, Sale
from ytempire.billing.domain.disputes import Outcome
from ytempire.billing.ports import DisputeFacts
from ytempire.events import Money

_PAGE = 100
_CREDIT = "credit"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StripeBalance(StripeCalls):
    """Balance transactions, and the changes of customers' credit that Stripe lists nowhere."""

    async def moved_by(self, kind: str, object_id: str) -> Sequence[Movement]:
        return await self._call("stripe moved by", lambda: list(self._moved_by(kind, object_id)))

    async def moved_between(self, begin: datetime, end: datetime) -> Sequence[Movement]:
        return await self._call("stripe moved between", lambda: list(self._moved_between(begin, end)))

    async def with_sale(self, moved: Movement) -> Movement:
        return await self._call("stripe sale", lambda: replace(moved, sale=self._sale(moved)))

    async def dispute(self, dispute_id: str) -> DisputeFacts | None:
        return await self._call("stripe dispute", lambda: self._dispute(dispute_id))

    def _moved_by(self, kind: str, object_id: str) -> Iterable[Movement]:
        client = self._client.v1
        if kind.startswith("charge.dispute."):
            return map(_movement, client.disputes.retrieve(object_id).balance_transactions)
        if kind.startswith("refund."):
            return _of(client.refunds.retrieve(object_id, {"expand": _EXPANDED}))
        if kind.startswith("charge."):
            charge = client.charges.retrieve(object_id, {"expand": ["balance_transaction"]})
            refunds = self._refunds_of(object_id) if charge.amount_refunded else []
            return [moved for thing in (charge, *refunds) for moved in _of(thing)]
        if kind.startswith("payout."):
            return _of(client.payouts.retrieve(object_id, {"expand": _EXPANDED}))
        return _credit(client.invoices.retrieve(object_id))

    def _refunds_of(self, charge_id: str) -> list[Any]:
        """Oldest first."""
        found = self._client.v1.refunds.list(
            {"charge": charge_id, "limit": _PAGE, "expand": [f"data.{name}" for name in _EXPANDED]}
        )
        return list(found.auto_paging_iter())[::-1]

    def _moved_between(self, begin: datetime, end: datetime) -> Iterable[Movement]:
        since, until = int(begin.timestamp()), int(end.timestamp())
        listed = self._client.v1.balance_transactions.list({"created": {"gte": since, "lt": until}, "limit": _PAGE})
        return map(_movement, listed.auto_paging_iter())

    def _sale(self, moved: Movement) -> Sale | None:
        if moved.kind == _CREDIT:
            return _sale_of(self._client.v1.invoices.retrieve(moved.source_id))
        posted = self._client.v1.balance_transactions.retrieve(moved.id, {"expand": ["source"]})
        source: Any = posted.source
        if source is None or source.object not in {"charge", "refund", "dispute"} or source.payment_intent is None:
            return None
        sale = self._sale_by(_id(source.payment_intent))
        if sale is None or source.object != "refund":
            return sale
        return replace(sale, refunded=self._refunded_before(source))

    def _sale_by(self, intent_id: str) -> Sale | None:
        """The invoice that a payment was for."""
        paid = self._client.v1.invoice_payments.list(
            {
                "payment": {"type": "payment_intent", "payment_intent": intent_id},
                "limit": 1,
                "expand": ["data.invoice"],
            }
        ).data
        return _sale_of(paid[0].invoice) if paid else None

    def _dispute(self, dispute_id: str) -> DisputeFacts | None:
        found = self._client.v1.disputes.retrieve(dispute_id)
        outcome = _OUTCOMES.get(found.status)
        if outcome is None or found.payment_intent is None:
            return None
        sale = self._sale_by(_id(found.payment_intent))
        amount = Money.minor(found.amount, found.currency.upper())
        return DisputeFacts(sale.user_id, found.id, sale.invoice_id, amount, outcome) if sale else None

    def _refunded_before(self, refund: Any) -> int:
        """What had gone back of the same charge when a refund was made, by the order that Stripe keeps."""
        earlier = 0
        for other in self._refunds_of(_id(refund.charge)):
            if other.id == refund.id:
                break
            earlier += other.amount * MINOR
        return earlier


_OUTCOMES: dict[str, Outcome] = {"needs_response": "open", "under_review": "open", "won": "won", "lost": "lost"}
_EXPANDED = ["balance_transaction", "failure_balance_transaction"]


def _of(thing: Any) -> Iterable[Movement]:
    """What a charge, refund or payout moved: nothing yet, once, or, if it failed behind that, twice."""
    moves = (getattr(thing, name, None) for name in _EXPANDED)
    return [_movement(posted) for posted in moves if posted is not None]


def _movement(posted: Any) -> Movement:
    currency = posted.currency.upper()
    return Movement(
        id=posted.id,
        at=datetime.fromtimestamp(posted.created, UTC),
        kind=posted.reporting_category,
        source_id=_id(posted.source) if posted.source is not None else posted.id,
        amount=Money.minor(posted.amount, currency),
        fee=posted.fee * MINOR,
    )


def _credit(invoice: Any) -> Iterable[Movement]:
    """The change of a customer's credit by an invoice that nothing was charged for."""
    paid_at = invoice.status_transitions.paid_at
    if invoice.status != "paid" or invoice.amount_paid or not invoice.total or paid_at is None:
        return []
    nothing = Money.zero(invoice.currency.upper())
    return [Movement(invoice.id, datetime.fromtimestamp(paid_at, UTC), _CREDIT, invoice.id, nothing)]


def _sale_of(invoice: Any) -> Sale | None:
    details = invoice.parent.subscription_details if invoice.parent else None
    metadata = details.metadata if details is not None else None
    user_id = metadata.to_dict().get("user_id") if metadata is not None else None
    if user_id is None or not _ID.fullmatch(user_id):
        return None
    return Sale(
        user_id=user_id,
        invoice_id=invoice.id,
        total=invoice.total * MINOR,
        tax=sum(tax.amount for tax in getattr(invoice, "total_taxes", None) or []) * MINOR,
        # Stripe's balance of a customer is below zero when the customer is owed something
        credit=((invoice.ending_balance or 0) - invoice.starting_balance) * MINOR,
    )


def _id(reference: Any) -> str:
    return reference if isinstance(reference, str) else str(reference.id)
