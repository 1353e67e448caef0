"""Payment intents, charges and refunds: what really moves money."""

from dataclasses import dataclass

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.balance import Balance, charge_fee
from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.disputes import Disputes
from ytempire.sandbox.stripe.errors import DECLINES, OWN_CODE, invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


@dataclass(frozen=True)
class Payment:
    """An attempt to charge: ``reason`` is None if it went through."""

    intent: Doc
    charge: Doc
    reason: str | None


class Money:
    """Charges payment methods."""

    def __init__(self, objects: Objects, events: Events, cards: Cards, balance: Balance, disputes: Disputes) -> None:
        self._objects, self._events, self._cards = objects, events, cards
        self._balance, self._disputes = balance, disputes

    def refusal(self, payment_method: str) -> str | None:
        """Why a charge would fail now, or None."""
        conduct = self._cards.conduct(payment_method)
        return "authentication_required" if conduct["authenticate"] else conduct["charge"]

    def collect(self, invoice: Doc, payment_method: str) -> Payment:
        """Charge what an invoice asks for; both outcomes leave an intent, a charge and their events."""
        reason = self.refusal(payment_method)
        card = self._objects.get("payment_method", payment_method)
        intent = self._intent(invoice, payment_method, reason)
        charge = self._charge(invoice, card, intent, reason)
        self._events.change(intent, None, latest_charge=charge["id"])
        if reason is None:
            moved = self._balance.post(charge, "charge", "charge", charge["amount"], charge_fee(charge["amount"]))
            self._events.change(charge, None, balance_transaction=moved["id"])
            if self._cards.conduct(payment_method).get("dispute"):
                self._disputes.expect(charge)
        self._events.emit("charge.failed" if reason else "charge.succeeded", charge)
        self._events.emit("payment_intent.payment_failed" if reason else "payment_intent.succeeded", intent)
        return Payment(intent, charge, reason)

    def _intent(self, invoice: Doc, payment_method: str, reason: str | None) -> Doc:
        amount = invoice["amount_remaining"]
        intent = self._objects.make(
            "payment_intent",
            amount=amount,
            amount_received=0 if reason else amount,
            currency=invoice["currency"],
            customer=invoice["customer"],
            description=f"Invoice {invoice['number']}",
            latest_charge=None,
            metadata={},
            next_action=None,
            payment_details={"order_reference": invoice["id"]},
            payment_method=None if reason else payment_method,
            payment_method_types=["card"],
            status=_status(reason),
            last_payment_error=_error(reason) if reason else None,
        )
        intent["client_secret"] = f"{intent['id']}_secret_{intent['id'][-8:]}"
        return intent

    def _charge(self, invoice: Doc, card: Doc, intent: Doc, reason: str | None) -> Doc:
        amount = invoice["amount_remaining"]
        return self._objects.make(
            "charge",
            amount=amount,
            amount_captured=0 if reason else amount,
            amount_refunded=0,
            balance_transaction=None,
            captured=not reason,
            currency=invoice["currency"],
            customer=invoice["customer"],
            description=f"Invoice {invoice['number']}",
            disputed=False,
            failure_code=_code(reason) if reason else None,
            failure_message=DECLINES.get(reason or "", DECLINES["generic_decline"]) if reason else None,
            metadata={},
            outcome=_outcome(reason),
            paid=not reason,
            payment_intent=intent["id"],
            payment_method=card["id"],
            payment_method_details={"type": "card", "card": card["card"]},
            receipt_email=None,
            refunded=False,
            status="failed" if reason else "succeeded",
        )

    def refund(self, charge: Doc, amount: int | None, reason: str | None, metadata: dict[str, str]) -> Doc:
        """Give back a charge or a part of it; raises if more is asked for than is left."""
        if charge["disputed"]:
            text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
            raise invalid(text, None, "charge_disputed")
        left = charge["amount_captured"] - charge["amount_refunded"]
        if not charge["paid"]:
            raise invalid("This charge did not succeed, so it cannot be refunded.", "charge")
        if left == 0:
            raise invalid(f"Charge {charge['id']} has already been refunded.", None, "charge_already_refunded")
        amount = left if amount is None else amount
        if amount > left:
            raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
        refund = self._objects.make(
            "refund",
            amount=amount,
            balance_transaction=None,
            charge=charge["id"],
            currency=charge["currency"],
            metadata=metadata,
            payment_intent=charge["payment_intent"],
            reason=reason,
            status="succeeded",
        )
        moved = self._balance.post(refund, "refund", "refund", -amount)
        self._events.change(refund, None, balance_transaction=moved["id"])
        total = charge["amount_refunded"] + amount
        self._events.change_as(
            "charge.refunded", charge, amount_refunded=total, refunded=total == charge["amount_captured"]
        )
        self._events.emit("refund.created", refund)
        return refund


def _code(reason: str) -> str:
    return reason if reason in OWN_CODE or reason == "authentication_required" else "card_declined"


def _status(reason: str | None) -> str:
    if reason is None:
        return "succeeded"
    return "requires_action" if reason == "authentication_required" else "requires_payment_method"


def _error(reason: str) -> Doc:
    text = DECLINES.get(reason, DECLINES["generic_decline"])
    return {"type": "card_error", "code": _code(reason), "decline_code": reason, "message": text}


def _outcome(reason: str | None) -> Doc:
    if reason is None:
        return {"network_status": "approved_by_network", "type": "authorized", "reason": None, "risk_level": "normal"}
    return {
        "network_status": "declined_by_network",
        "type": "issuer_declined",
        "reason": reason,
        "risk_level": "normal",
    }


def add_routes(routes: Routes, objects: Objects, money: Money) -> None:
    """``/v1/charges``, ``/v1/payment_intents`` and ``/v1/refunds``."""

    def listing(kind: str, path: str, filters: tuple[str, ...]) -> None:
        def listed(call: Call) -> Doc:
            params = call.params.only(*filters, *PAGING)
            exact = {name: params.text(name) for name in filters if params.text(name)}
            return page_of(created_filter(objects.all(kind, **exact), params), params, f"/v1{path}")

        routes.add("GET", path, listed)
        routes.add("GET", path + "/{id}", lambda call: objects.get(kind, call.ids["id"]))

    def refund(call: Call) -> Doc:
        params = call.params.only("charge", "payment_intent", "amount", "reason", "metadata")
        charge_id = params.text("charge")
        if charge_id is None:
            intent = objects.get("payment_intent", params.needed("payment_intent"), "payment_intent")
            charge_id = str(intent["latest_charge"])
        charge = objects.get("charge", charge_id, "charge")
        reason = params.choice("reason", REASONS)
        return money.refund(charge, params.integer("amount", least=1), reason, params.metadata())

    listing("charge", "/charges", ("customer", "payment_intent"))
    listing("payment_intent", "/payment_intents", ("customer",))
    listing("refund", "/refunds", ("charge", "payment_intent"))
    routes.add("POST", "/refunds", refund)
