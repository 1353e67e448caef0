"""Disputes: a card's holder asks the bank for the money back, and the bank decides."""

from datetime import UTC, datetime

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.balance import DISPUTE_FEE, Balance, Fee
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of

OPENS, DUE = "stripe.dispute_opens", "stripe.dispute_due"
DUE_S = 14 * 86_400
"""Who brings no evidence for so long has lost."""
OPEN = ("needs_response", "under_review")
WINNING, LOSING = "winning_evidence", "losing_evidence"
"""What Stripe's test mode takes as evidence that decides at once (``evidence[uncategorized_text]``)."""


class Disputes:
    """Opens disputes against charges and decides them."""

    def __init__(self, objects: Objects, events: Events, balance: Balance) -> None:
        self._objects, self._events, self._balance = objects, events, balance
        objects.world.schedule.on(OPENS, self._opens)
        objects.world.schedule.on(DUE, self._due)

    def expect(self, charge: Doc) -> None:
        """Plan the dispute of a charge whose card is one that disputes."""
        self._objects.world.schedule.at(self._objects.world.clock.now(), OPENS, {"charge": charge["id"]})

    async def _opens(self, payload: Doc) -> None:
        with self._objects.world.store.transaction():
            charge = self._objects.get("charge", payload["charge"])
            amount = charge["amount_captured"] - charge["amount_refunded"]
            if not charge["disputed"] and amount > 0:
                self._open(charge, amount)

    def _open(self, charge: Doc, amount: int) -> None:
        due = self._objects.now() + DUE_S
        dispute = self._objects.make(
            "dispute",
            amount=amount,
            balance_transactions=[],
            charge=charge["id"],
            currency=charge["currency"],
            evidence={"uncategorized_text": None},
            evidence_details={"due_by": due, "has_evidence": False, "past_due": False, "submission_count": 0},
            is_charge_refundable=False,
            metadata={},
            payment_intent=charge["payment_intent"],
            payment_method_details={"type": "card", "card": {"brand": "visa", "network_reason_code": "10.4"}},
            reason="fraudulent",
            status="needs_response",
        )
        self._events.change(charge, "charge.updated", disputed=True)
        self._events.emit("charge.dispute.created", dispute)
        moved = self._balance.post(dispute, "adjustment", "dispute", -amount, Fee(DISPUTE_FEE, "Dispute fee"))
        self._events.change_as("charge.dispute.funds_withdrawn", dispute, balance_transactions=[moved])
        self._objects.world.schedule.at(datetime.fromtimestamp(due, UTC), DUE, {"dispute": dispute["id"]})

    async def _due(self, payload: Doc) -> None:
        with self._objects.world.store.transaction():
            dispute = self._objects.get("dispute", payload["dispute"])
            if dispute["status"] == "needs_response":
                details = {**dispute["evidence_details"], "past_due": True}
                self.decide({**dispute, "evidence_details": details}, won=False)

    def answer(self, dispute: Doc, text: str | None, *, submit: bool) -> Doc:
        """Evidence: two texts decide at once, any other is looked at until somebody closes the dispute."""
        if dispute["status"] not in OPEN:
            raise invalid("This dispute is already closed.", None, "dispute_closed")
        details = {**dispute["evidence_details"], "has_evidence": True}
        fields: Doc = {"evidence": {"uncategorized_text": text}, "evidence_details": details}
        if submit:
            details["submission_count"] += 1
            fields["status"] = "under_review"
        self._events.change(dispute, "charge.dispute.updated", **fields)
        if submit and text in (WINNING, LOSING):
            self.decide(dispute, won=text == WINNING)
        return dispute

    def decide(self, dispute: Doc, *, won: bool) -> Doc:
        """The bank's word. Who wins gets the amount back, not the fee."""
        if dispute["status"] not in OPEN:
            raise invalid("This dispute is already closed.", None, "dispute_closed")
        if won:
            back = self._balance.post(dispute, "adjustment", "dispute_reversal", dispute["amount"])
            moves = [*dispute["balance_transactions"], back]
            self._events.change_as("charge.dispute.funds_reinstated", dispute, balance_transactions=moves)
        return self._events.change_as("charge.dispute.closed", dispute, status="won" if won else "lost")


def add_routes(routes: Routes, objects: Objects, disputes: Disputes) -> None:
    """``/v1/disputes``."""

    def listed(call: Call) -> Doc:
        params = call.params.only("charge", "payment_intent", *PAGING)
        exact = {name: params.text(name) for name in ("charge", "payment_intent") if params.text(name)}
        return page_of(created_filter(objects.all("dispute", **exact), params), params, "/v1/disputes")

    def update(call: Call) -> Doc:
        params = call.params.only("evidence", "submit")
        text = params.group("evidence").only("uncategorized_text").text("uncategorized_text")
        dispute = objects.get("dispute", call.ids["id"])
        return disputes.answer(dispute, text, submit=params.flag("submit") is not False)

    def close(call: Call) -> Doc:
        call.params.only()
        return disputes.decide(objects.get("dispute", call.ids["id"]), won=False)

    routes.add("GET", "/disputes", listed)
    routes.add("GET", "/disputes/{id}", lambda call: objects.get("dispute", call.ids["id"]))
    routes.add("POST", "/disputes/{id}", update)
    routes.add("POST", "/disputes/{id}/close", close)
