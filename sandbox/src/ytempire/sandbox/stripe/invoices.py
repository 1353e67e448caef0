"""Invoices: draft, open, paid, void; their lines; paying them."""

from dataclasses import replace
from typing import Any

from ytempire.sandbox.stripe.amounts import total_up
from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.coupons import Discounts
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.money import Money, Payment
from ytempire.sandbox.stripe.objects import Doc, Objects, new_id
from ytempire.sandbox.stripe.periods import Line


class NoCardError(Exception):
    """There is nothing to charge: neither the subscription nor the customer has a default payment method."""


class Invoices:
    """Makes and collects invoices."""

    def __init__(self, objects: Objects, events: Events, money: Money, cards: Cards, discounts: Discounts) -> None:
        self._objects, self._events, self._money, self._cards = objects, events, money, cards
        self._discounts = discounts

    def draft(self, subscription: Doc, lines: list[Line], reason: str) -> Doc:
        """A draft for a subscription, with what waits for its next invoice (prorations)."""
        customer = self._objects.get("customer", subscription["customer"])
        waiting = self.waiting(subscription["id"])
        doc = self._objects.make("invoice", **self.build(subscription, customer, [*waiting, *lines], reason))
        self._number_lines(doc)
        for line in waiting:
            self._bill_item(str(line.invoice_item), doc["id"])
        subscription["discounts"] = self._discounts.left(subscription, doc)
        self._events.emit("invoice.created", doc)
        return doc

    def build(self, subscription: Doc, customer: Doc, lines: list[Line], reason: str) -> Doc:
        """The fields of an invoice of these lines."""
        period = [subscription["items"]["data"][0][key] for key in ("current_period_start", "current_period_end")]
        now = self._objects.now()
        fields = _blank(now) | {
            "billing_reason": reason,
            "currency": subscription["currency"],
            "customer": customer["id"],
            "customer_email": customer.get("email"),
            "customer_address": customer["address"],
            "customer_name": customer.get("name"),
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": self._tax_ids(customer),
            "default_tax_rates": subscription["default_tax_rates"],
            "lines": {"object": "list", "has_more": False, "url": "", "data": [_line(line) for line in lines],
                      "total_count": len(lines)},
            "parent": {
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {
                    "subscription": subscription["id"], "metadata": dict(subscription["metadata"]),
                },
            },
            "period_start": period[0],
            "period_end": period[1],
        }  # fmt: skip
        return total_up(fields, self._discounts.of(subscription, now))

    def _tax_ids(self, customer: Doc) -> list[Doc]:
        """A customer's numbers as an invoice shows them."""
        kept = self._objects.all("tax_id", customer=customer["id"])
        return [{"type": each["type"], "value": each["value"]} for each in kept]

    def edit(self, doc: Doc, rates: list[Doc]) -> Doc:
        """Other tax rates for a draft, as its customer is taxed now; what is final is never edited."""
        if doc["status"] != "draft":
            text = "Finalized invoices can't be updated in this way."
            raise invalid(text, "default_tax_rates", "invoice_not_editable")
        customer = self._objects.get("customer", doc["customer"])
        reductions = [self._objects.get("discount", id) for id in doc["discounts"]]
        now = doc | {
            "default_tax_rates": rates,
            "customer_address": customer["address"],
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": self._tax_ids(customer),
        }
        pairs = [(each, self._objects.get("coupon", each["source"]["coupon"])) for each in reductions]
        return self._events.change(doc, "invoice.updated", **total_up(now, pairs))

    def credit(self, line: Line) -> Line:
        """What is given up is worth what was paid for it: less what discounts took off when it was billed."""
        if line.amount >= 0:
            return line
        billed = [
            part
            for doc in self._objects.all("invoice")
            if self.subscription_of(doc) == line.subscription
            for part in doc["lines"]["data"]
            if part["amount"] > 0
            and part["parent"]["subscription_item_details"]["subscription_item"] == line.item
            and part["pricing"]["price_details"]["price"] == line.price["id"]
        ]
        if not billed:
            return replace(line, discountable=False)
        gross = billed[-1]["amount"]
        paid = gross - sum(off["amount"] for off in billed[-1]["discount_amounts"])
        return replace(line, amount=-((-line.amount * paid * 2 + gross) // (2 * gross)), discountable=False)

    def finalise(self, doc: Doc) -> Doc:
        """Draft becomes open: it gets its number, and credit on the customer's balance is used."""
        if doc["status"] != "draft":
            raise invalid("This invoice is already finalized, you can't finalize it again.", None, "invoice_no_draft")
        customer = self._objects.get("customer", doc["customer"])
        start = customer["balance"]
        due = max(0, doc["total"] + start)
        end = doc["total"] + start - due
        number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        self._objects.keep(
            {**customer, "balance": end, "next_invoice_sequence": customer["next_invoice_sequence"] + 1,
             "currency": doc["currency"]}
        )  # fmt: skip
        now = self._objects.now()
        return self._events.change_as(
            "invoice.finalized",
            doc,
            status="open",
            number=number,
            starting_balance=start,
            ending_balance=end,
            amount_due=due,
            amount_remaining=due,
            effective_at=now,
            hosted_invoice_url=f"{self._objects.world.settings.base_url}/checkout/invoice/{doc['id']}",
            invoice_pdf=f"{self._objects.world.settings.base_url}/checkout/invoice/{doc['id']}/pdf",
            status_transitions={**doc["status_transitions"], "finalized_at": now},
            confirmation_secret={"type": "payment_intent", "client_secret": f"{doc['id']}_secret_confirm"},
        )

    def pay(self, doc: Doc, payment_method: str | None = None) -> str | None:
        """Collect an open invoice; None if it is paid now, else the reason of the refusal.

        Raises :class:`NoCardError` if there is no payment method to charge.
        """
        if doc["amount_remaining"] == 0:
            self._paid(doc, None)
            return None
        card = payment_method or self.card_for(doc)
        if card is None:
            raise NoCardError
        payment = self._money.collect(doc, card)
        if payment.reason is None:
            self._paid(doc, payment)
            return None
        doc["payments"]["data"].append(_payment_line(doc, payment))
        fields = {"attempted": True, "attempt_count": doc["attempt_count"] + 1, "payments": doc["payments"]}
        self._events.change_as("invoice.payment_failed", doc, **fields)
        if payment.reason == "authentication_required":
            self._events.emit("invoice.payment_action_required", doc)
        return payment.reason

    def card_for(self, doc: Doc) -> str | None:
        """The payment method an invoice is charged to: the subscription's, else the customer's default."""
        subscription = self._objects.find("subscription", self.subscription_of(doc) or "") or {}
        customer = self._objects.get("customer", doc["customer"])
        default = customer["invoice_settings"]["default_payment_method"]
        for id in (subscription.get("default_payment_method"), default):
            card = self._objects.find("payment_method", id) if id else None
            if card is not None and card["customer"] == doc["customer"]:
                return str(card["id"])
        return None

    def void(self, doc: Doc) -> Doc:
        """An open invoice that nobody has to pay any more."""
        if doc["status"] not in ("open", "uncollectible"):
            raise invalid("You can only void an open or uncollectible invoice.", None, "invoice_not_editable")
        transitions = {**doc["status_transitions"], "voided_at": self._objects.now()}
        return self._events.change_as(
            "invoice.voided", doc, status="void", auto_advance=False, next_payment_attempt=None,
            amount_remaining=0, status_transitions=transitions,
        )  # fmt: skip

    def write_off(self, doc: Doc) -> Doc:
        """An open invoice that nobody is believed to pay any more."""
        if doc["status"] != "open":
            raise invalid("You can only mark an open invoice as uncollectible.", None, "invoice_not_editable")
        transitions = {**doc["status_transitions"], "marked_uncollectible_at": self._objects.now()}
        return self._events.change_as(
            "invoice.marked_uncollectible", doc, status="uncollectible", auto_advance=False, next_payment_attempt=None,
            status_transitions=transitions,
        )  # fmt: skip

    def wait(self, customer: str, currency: str, lines: list[Line]) -> None:
        """Keep lines for the next invoice of their subscription."""
        for line in lines:
            fields = {key: getattr(line, key) for key in Line.__dataclass_fields__ if key != "invoice_item"}
            self._objects.make(
                "invoiceitem",
                customer=customer,
                currency=currency,
                amount=line.amount,
                description=line.description,
                invoice=None,
                metadata={},
                proration=line.proration,
                period={"start": line.start, "end": line.end},
                subscription=line.subscription,
                line=fields,
            )

    def waiting(self, subscription: str) -> list[Line]:
        """Lines kept for the next invoice of a subscription."""
        items = self._objects.all("invoiceitem", subscription=subscription, invoice=None)
        return [Line(**item["line"], invoice_item=item["id"]) for item in items]

    @staticmethod
    def subscription_of(doc: Doc) -> str | None:
        """Id of the subscription an invoice is for."""
        details = (doc.get("parent") or {}).get("subscription_details") or {}
        return details.get("subscription")

    def _paid(self, doc: Doc, payment: Payment | None) -> None:
        fields: dict[str, Any] = {"amount_paid": doc["amount_remaining"], "amount_remaining": 0}
        if payment is not None:
            doc["payments"]["data"].append(_payment_line(doc, payment))
            fields |= {"attempt_count": doc["attempt_count"] + 1, "payments": doc["payments"]}
        self._events.change_as(
            "invoice.paid",
            doc,
            status="paid",
            attempted=True,
            auto_advance=False,
            next_payment_attempt=None,
            status_transitions={**doc["status_transitions"], "paid_at": self._objects.now()},
            **fields,
        )
        self._events.emit("invoice.payment_succeeded", doc)

    def _bill_item(self, id: str, invoice: str) -> None:
        item = self._objects.get("invoiceitem", id)
        self._objects.keep({**item, "invoice": invoice})

    def _number_lines(self, doc: Doc) -> None:
        doc["lines"]["url"] = f"/v1/invoices/{doc['id']}/lines"
        for line in doc["lines"]["data"]:
            line["invoice"] = doc["id"]
        self._objects.keep(doc)


def _payment_line(doc: Doc, payment: Payment) -> Doc:
    return {
        "id": new_id("inpay_"),
        "object": "invoice_payment",
        "amount_paid": None if payment.reason else payment.charge["amount"],
        "amount_requested": payment.charge["amount"],
        "created": payment.intent["created"],
        "currency": doc["currency"],
        "invoice": doc["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": payment.intent["id"]},
        "status": "open" if payment.reason else "paid",
    }


def _line(line: Line) -> Doc:
    amount = str(line.price["unit_amount"])
    return {
        "id": new_id("il_"),
        "object": "line_item",
        "amount": line.amount,
        "currency": line.price["currency"],
        "description": line.description,
        "discount_amounts": [],
        "discountable": line.discountable,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": line.invoice_item,
                "proration": line.proration,
                "proration_details": {"credited_items": None},
                "subscription": line.subscription,
                "subscription_item": line.item,
            },
        },
        "period": {"start": line.start, "end": line.end},
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {"price": line.price["id"], "product": line.price["product"]},
            "unit_amount_decimal": amount,
        },
        "quantity": line.quantity,
        "taxes": [],
    }


def _blank(now: int) -> Doc:
    empty = (
        "account_tax_ids", "application", "collection_method_details", "custom_fields", "default_payment_method",
        "default_source", "description", "due_date", "effective_at", "ending_balance", "footer", "from_invoice",
        "hosted_invoice_url", "invoice_pdf", "last_finalization_error", "latest_revision", "next_payment_attempt",
        "number", "on_behalf_of", "receipt_number", "statement_descriptor", "webhooks_delivered_at",
    )  # fmt: skip
    return dict.fromkeys(empty) | {
        "account_country": "US",
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {"enabled": False, "liability": None, "status": None},
        "collection_method": "charge_automatically",
        "confirmation_secret": None,
        "discounts": [],
        "metadata": {},
        "payment_settings": {"payment_method_types": None, "payment_method_options": None},
        "payments": {"object": "list", "has_more": False, "url": "/v1/invoice_payments", "data": []},
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None,
        },
        "total_discount_amounts": [],
        "total_taxes": [],
    }  # fmt: skip
