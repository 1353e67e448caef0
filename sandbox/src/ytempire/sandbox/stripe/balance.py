"""The account's balance: what each charge, refund, dispute and payout moved, and Stripe's fee for it."""

from dataclasses import dataclass

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.errors import StripeError
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of

FEE_PER_MILLE, FEE_FIXED = 29, 30
"""2.9 % and 30 cents of a successful charge of a domestic card: https://stripe.com/pricing (United States)."""
DISPUTE_FEE = 1_500
"""15.00 for a dispute that is received, whoever wins it; the same page."""
AVAILABLE_S = 2 * 86_400
"""Money of a card can be paid out after two days; what goes away is gone at once."""


@dataclass(frozen=True)
class Fee:
    """A part of what Stripe takes."""

    amount: int
    description: str


def charge_fee(amount: int) -> Fee:
    """What a charge costs, rounded half up; it is not given back with a refund."""
    return Fee((amount * FEE_PER_MILLE + 500) // 1_000 + FEE_FIXED, "Stripe processing fees")


class Balance:
    """Posts balance transactions, each with its source; they never change."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def post(self, source: Doc, type: str, category: str, amount: int, fee: Fee | None = None) -> Doc:
        """Move ``amount`` into the balance (or out of it, below 0), less a fee."""
        taken = fee.amount if fee else 0
        details = [_fee_line(fee, source["currency"])] if fee else []
        now = self._objects.now()
        return self._objects.make(
            "balance_transaction",
            amount=amount,
            available_on=now + AVAILABLE_S if amount > 0 else now,
            balance_type="payments",
            currency=source["currency"],
            description=source.get("description"),
            exchange_rate=None,
            fee=taken,
            fee_details=details,
            net=amount - taken,
            reporting_category=category,
            source=source["id"],
            status="pending" if amount > 0 else "available",
            type=type,
        )

    def standing(self) -> Doc:
        """What can be paid out and what is on its way, by currency."""
        now = self._objects.now()
        parts: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
        for moved in self._objects.all("balance_transaction"):
            part = parts["available" if moved["available_on"] <= now else "pending"]
            part[moved["currency"]] = part.get(moved["currency"], 0) + moved["net"]
        currencies = sorted(set().union(*parts.values())) or ["usd"]
        shown = {name: [_amount(part.get(c, 0), c) for c in currencies] for name, part in parts.items()}
        return {"object": "balance", "livemode": False, **shown}

    def available(self, currency: str) -> int:
        """What can be paid out now."""
        return sum(part["amount"] for part in self.standing()["available"] if part["currency"] == currency)

    def as_of_now(self, moved: Doc) -> Doc:
        """A balance transaction with its status of this moment."""
        return {**moved, "status": "available" if moved["available_on"] <= self._objects.now() else "pending"}


def _fee_line(fee: Fee, currency: str) -> Doc:
    return {
        "amount": fee.amount,
        "application": None,
        "currency": currency,
        "description": fee.description,
        "type": "stripe_fee",
    }


def _amount(amount: int, currency: str) -> Doc:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def add_routes(routes: Routes, objects: Objects, events: Events, balance: Balance) -> None:
    """``/v1/balance``, ``/v1/balance_transactions`` and ``/v1/payouts``."""

    def listed(call: Call) -> Doc:
        params = call.params.only("type", "source", "currency", *PAGING)
        exact = {name: params.text(name) for name in ("type", "source", "currency") if params.text(name)}
        found = created_filter(objects.all("balance_transaction", **exact), params)
        return page_of([balance.as_of_now(moved) for moved in found], params, "/v1/balance_transactions")

    def pay_out(call: Call) -> Doc:
        params = call.params.only("amount", "currency", "description", "metadata")
        params.needed("amount")
        amount, currency = params.integer("amount", least=1) or 0, params.needed("currency")
        if amount > balance.available(currency):
            text = "You have insufficient funds in your Stripe account for this transfer."
            raise StripeError(400, "invalid_request_error", text, code="balance_insufficient")
        doc = objects.make(
            "payout",
            amount=amount,
            arrival_date=objects.now(),
            automatic=False,
            balance_transaction=None,
            currency=currency,
            description=params.text("description"),
            metadata=params.metadata(),
            method="standard",
            status="paid",
            type="bank_account",
        )
        moved = balance.post(doc, "payout", "payout", -amount)
        events.change_as("payout.created", doc, balance_transaction=moved["id"])
        events.emit("payout.paid", doc)
        return doc

    def retrieved(call: Call) -> Doc:
        return balance.as_of_now(objects.get("balance_transaction", call.ids["id"]))

    def payouts(call: Call) -> Doc:
        return page_of(created_filter(objects.all("payout"), call.params.only(*PAGING)), call.params, "/v1/payouts")

    def standing(call: Call) -> Doc:
        call.params.only()
        return balance.standing()

    routes.add("GET", "/balance", standing)
    routes.add("GET", "/balance_transactions", listed)
    routes.add("GET", "/balance_transactions/{id}", retrieved)
    routes.add("POST", "/payouts", pay_out)
    routes.add("GET", "/payouts", payouts)
    routes.add("GET", "/payouts/{id}", lambda call: objects.get("payout", call.ids["id"]))
