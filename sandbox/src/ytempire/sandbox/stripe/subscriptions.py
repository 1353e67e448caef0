"""Subscriptions: create, change (with prorations), cancel, resume, list."""

from dataclasses import dataclass

from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.coupons import Discounts
from ytempire.sandbox.stripe.cycle import ENDED, Cycle
from ytempire.sandbox.stripe.errors import declined, invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.invoices import Invoices, NoCardError
from ytempire.sandbox.stripe.money import Money
from ytempire.sandbox.stripe.objects import Doc, Objects, new_id
from ytempire.sandbox.stripe.periods import Line, cycle_lines, proration_lines, same_interval
from ytempire.sandbox.stripe.subscription_fields import (
    CREATE,
    DAY_S,
    MISSING_CARD,
    MOST_TRIAL_DAYS,
    PAYMENT,
    PRORATION,
    UPDATE,
    blank,
)
from ytempire.sandbox.stripe.tax import rates_of


@dataclass(frozen=True)
class Parts:
    """What subscriptions are made with."""

    objects: Objects
    events: Events
    cards: Cards
    money: Money
    invoices: Invoices
    cycle: Cycle
    discounts: Discounts


class Subscriptions:
    """The commands on subscriptions."""

    def __init__(self, parts: Parts) -> None:
        self._p, self._objects, self._events = parts, parts.objects, parts.events

    def create(self, params: Params) -> Doc:
        """A new subscription: trialing, or charged at once."""
        params.only(*CREATE)
        customer = self._objects.get("customer", params.needed("customer"), "customer")
        now = self._objects.now()
        trial_end = self._trial_end(params, now)
        doc = self._objects.make("subscription", **blank(customer["id"], now, params))
        items = [self._new_item(doc, item) for item in params.groups("items")]
        if not items:
            raise invalid("Missing required param: items.", "items", "parameter_missing")
        _one_rhythm(items)
        doc["currency"] = items[0]["price"]["currency"]
        doc["items"] = {"object": "list", "has_more": False, "total_count": len(items), "data": items,
                        "url": f"/v1/subscription_items?subscription={doc['id']}"}  # fmt: skip
        doc["metadata"] = params.metadata()
        doc["default_tax_rates"] = rates_of(self._objects, params)
        doc["discounts"] = self._p.discounts.chosen(params, doc)
        if params.text("default_payment_method"):
            doc["default_payment_method"] = self._p.cards.owned(
                params.needed("default_payment_method"), customer["id"]
            )["id"]
        self._timing(doc, params)
        if trial_end is not None and trial_end > now:
            self._start_trial(doc, now, trial_end)
        else:
            self._start_paid(doc, now, params.choice("payment_behavior", PAYMENT, "allow_incomplete") or "")
        return doc

    def update(self, doc: Doc, params: Params) -> Doc:
        """Change a subscription; a change of items is prorated by the second."""
        params.only(*UPDATE)
        _alive(doc)
        fields: Doc = {"metadata": params.metadata(doc["metadata"])}
        if params.has("description"):
            fields["description"] = params.text("description")
        if params.has("default_payment_method"):
            id = params.text("default_payment_method")
            fields["default_payment_method"] = self._p.cards.owned(id, doc["customer"])["id"] if id else None
        if params.has("default_tax_rates"):
            fields["default_tax_rates"] = rates_of(self._objects, params)
        if params.has("discounts"):
            fields["discounts"] = self._p.discounts.chosen(params, doc)
        changed = {**doc}
        self._timing(changed, params)
        for name in ("cancel_at_period_end", "cancel_at", "canceled_at", "cancellation_details", "trial_settings"):
            fields[name] = changed[name]
        if params.has("pause_collection"):
            fields["pause_collection"] = self._pause(doc, params)
        if params.has("billing_cycle_anchor"):
            self._restart(doc, params, fields)
        if params.has("items"):
            self._change_items(doc, params, fields)
        self._events.change(doc, "customer.subscription.updated", **fields)
        if params.text("trial_end") == "now" and doc["status"] == "trialing":
            self._end_trial(doc)
        return doc

    def cancel(self, doc: Doc, params: Params) -> Doc:
        """Cancel at once; with ``prorate`` the unused time is credited, with ``invoice_now`` it is invoiced."""
        params.only("invoice_now", "prorate", "cancellation_details")
        _alive(doc)
        comment = params.group("cancellation_details").only("comment", "feedback").values
        if params.flag("prorate") and doc["status"] == "active":
            lines = proration_lines(doc, doc["items"]["data"], [], self._objects.now())
            self._p.invoices.wait(doc["customer"], doc["currency"], lines)
        if params.flag("invoice_now") and self._p.invoices.waiting(doc["id"]):
            self._invoice_now(doc, "subscription_update", [])
        return self._p.cycle.cancel(doc, "cancellation_requested", comment)

    def resume(self, doc: Doc, params: Params) -> Doc:
        """Start a paused subscription again, with a new period from now."""
        params.only("billing_cycle_anchor", "proration_behavior", "proration_date")
        if doc["status"] != "paused":
            raise invalid("You can only resume a paused subscription.", None, "subscription_not_paused")
        self._p.cycle.renew(doc, start=self._objects.now())
        self._events.emit("customer.subscription.resumed", doc)
        return doc

    def preview(self, params: Params) -> Doc:
        """The next invoice as it would be, after a change that is not made."""
        params.only(
            "customer", "subscription", "subscription_details", "schedule", "automatic_tax", "currency", "discounts"
        )
        doc = _alive(self._objects.get("subscription", params.needed("subscription"), "subscription"))
        details = params.group("subscription_details").only(
            "items", "proration_behavior", "proration_date", "cancel_at_period_end", "trial_end", "default_tax_rates"
        )
        lines = self._p.invoices.waiting(doc["id"])
        behaviour = details.choice("proration_behavior", PRORATION, "create_prorations")
        changed = {**doc}
        if params.has("discounts"):
            changed["discounts"] = self._p.discounts.chosen(params, doc, preview=True)
        if details.has("default_tax_rates"):
            changed["default_tax_rates"] = rates_of(self._objects, details)
        if details.has("items"):
            items = self._merged(doc, details)
            changed["items"] = {**doc["items"], "data": items}
            moment = details.integer("proration_date") or self._objects.now()
            if behaviour != "none":
                lines += self._prorations(doc, items, moment)
        if behaviour != "always_invoice":
            lines += _next_lines(changed, self._p.cycle)
        customer = self._objects.get("customer", doc["customer"])
        body = self._p.invoices.build(changed, customer, lines, "upcoming")
        due = max(0, body["total"] + customer["balance"])
        fields = {"id": new_id("upcoming_in_"), "object": "invoice", "created": self._objects.now(), "livemode": False}
        credit = {"starting_balance": customer["balance"], "amount_due": due, "amount_remaining": due}
        return body | fields | credit

    def _start_trial(self, doc: Doc, now: int, trial_end: int) -> None:
        for item in doc["items"]["data"]:
            item.update(current_period_start=now, current_period_end=trial_end)
        doc.update(status="trialing", trial_start=now, trial_end=trial_end, billing_cycle_anchor=trial_end)
        self._objects.keep(doc)
        invoice = self._p.invoices.draft(doc, cycle_lines(doc, trial=True), "subscription_create")
        self._p.invoices.finalise(invoice)
        self._p.invoices.pay(invoice)
        self._started(doc, invoice)

    def _start_paid(self, doc: Doc, now: int, behaviour: str) -> None:
        doc["items"]["data"] = self._p.cycle.start_period(doc, now, now)
        self._objects.keep(doc)
        card = self._p.invoices.card_for(_invoice_of(doc))
        if card is None and behaviour != "default_incomplete":
            text = "This customer has no attached payment source or default payment method."
            raise invalid(text, None, "resource_missing")
        refusal = self._p.money.refusal(card) if card else None
        if refusal and behaviour == "error_if_incomplete":
            self._objects.delete(doc)
            raise declined(refusal)
        invoice = self._p.invoices.draft(doc, cycle_lines(doc), "subscription_create")
        self._p.invoices.finalise(invoice)
        failed = behaviour == "default_incomplete" or self._p.invoices.pay(invoice) is not None
        doc["status"] = "incomplete" if failed and invoice["status"] != "paid" else "active"
        self._started(doc, invoice)

    def _started(self, doc: Doc, invoice: Doc) -> None:
        doc["latest_invoice"] = invoice["id"]
        if doc["cancel_at_period_end"]:
            doc["cancel_at"] = doc["items"]["data"][0]["current_period_end"]
        self._objects.keep(doc)
        self._events.emit("customer.subscription.created", doc)
        self._p.cycle.begin(doc)
        if doc["cancel_at"] is not None and not doc["cancel_at_period_end"]:
            self._p.cycle.set(doc, "cancel_at", doc["cancel_at"])

    def _end_trial(self, doc: Doc) -> None:
        now = self._objects.now()
        self._p.cycle.set(doc, "trial_will_end", None)
        doc["trial_end"] = now
        self._p.cycle.renew(doc, start=now)

    def _change_items(self, doc: Doc, params: Params, fields: Doc) -> None:
        behaviour = params.choice("proration_behavior", PRORATION, "create_prorations")
        now = self._objects.now()
        items = self._merged(doc, params)
        lines = [] if behaviour == "none" else self._prorations(doc, items, params.integer("proration_date") or now)
        restart = doc["status"] != "trialing" and not same_interval(doc["items"]["data"][0], items[0])
        at_once = restart or (behaviour == "always_invoice" and bool(lines))
        if at_once and params.choice("payment_behavior", PAYMENT) == "error_if_incomplete":
            self._refuse_unpaid(doc)
        if restart:
            moved = self._p.cycle.start_period({**doc, "items": {"data": items}}, now, now)
            items, fields["billing_cycle_anchor"] = moved, now
        fields["items"] = {**doc["items"], "data": items, "total_count": len(items)}
        self._p.invoices.wait(doc["customer"], doc["currency"], lines)
        if at_once:
            changed = {**doc, **fields}
            invoice = self._invoice_now(changed, "subscription_update", cycle_lines(changed) if restart else [])
            fields |= {"latest_invoice": invoice["id"], "discounts": changed["discounts"]}
            if invoice["status"] != "paid":
                fields["status"] = "past_due"
                self._p.cycle.set(doc, "collect", now + DAY_S)
        if restart:
            self._p.cycle.set(doc, "period_end", items[0]["current_period_end"])

    def _pause(self, doc: Doc, params: Params) -> Doc | None:
        """Invoices that are not collected until a moment; an empty one ends it."""
        given = params.group("pause_collection").only("behavior", "resumes_at")
        behaviour = given.choice("behavior", ("void", "keep_as_draft", "mark_uncollectible"))
        resumes = given.integer("resumes_at", least=self._objects.now())
        self._p.cycle.set(doc, "resume_at", resumes)
        return {"behavior": behaviour, "resumes_at": resumes} if behaviour else None

    def _restart(self, doc: Doc, params: Params, fields: Doc) -> None:
        """A new period from now, charged at once."""
        if params.text("billing_cycle_anchor") != "now" or params.text("proration_behavior") != "none":
            text = "This sandbox restarts a period with billing_cycle_anchor=now and proration_behavior=none alone."
            raise invalid(text, "billing_cycle_anchor")
        if params.choice("payment_behavior", PAYMENT) == "error_if_incomplete":
            self._refuse_unpaid(doc)
        now = self._objects.now()
        changed = {**doc, **fields, "items": {**doc["items"], "data": self._p.cycle.start_period(doc, now, now)}}
        invoice = self._invoice_now(changed, "subscription_update", cycle_lines(changed))
        fields |= {"items": changed["items"], "billing_cycle_anchor": now, "latest_invoice": invoice["id"]}
        fields["discounts"] = changed["discounts"]
        if invoice["status"] != "paid":
            fields["status"] = "past_due"
            self._p.cycle.set(doc, "collect", now + DAY_S)
        self._p.cycle.set(doc, "period_end", changed["items"]["data"][0]["current_period_end"])

    def _refuse_unpaid(self, doc: Doc) -> None:
        """What could not be paid at once is not changed at all."""
        card = self._p.invoices.card_for(_invoice_of(doc))
        refusal = self._p.money.refusal(card) if card else None
        if refusal:
            raise declined(refusal)

    def _invoice_now(self, doc: Doc, reason: str, lines: list[Line]) -> Doc:
        invoice = self._p.invoices.draft(doc, lines, reason)
        self._p.invoices.finalise(invoice)
        try:
            self._p.invoices.pay(invoice)
        except NoCardError:
            self._events.change_as("invoice.payment_failed", invoice, attempted=True, attempt_count=1)
        return invoice

    def _prorations(self, doc: Doc, items: list[Doc], moment: int) -> list[Line]:
        if doc["status"] != "active":
            return []
        return [self._p.invoices.credit(line) for line in proration_lines(doc, doc["items"]["data"], items, moment)]

    def _merged(self, doc: Doc, params: Params) -> list[Doc]:
        """The items after a change: known ids are changed or deleted, others are added."""
        items = {item["id"]: item for item in doc["items"]["data"]}
        for given in params.groups("items"):
            id = given.text("id")
            if id is None:
                added = self._new_item(doc, given)
                period = {key: doc["items"]["data"][0][key] for key in ("current_period_start", "current_period_end")}
                items[added["id"]] = {**added, **period}
            elif id not in items:
                raise invalid(f"No such subscription item: '{id}'", "items", "resource_missing")
            elif given.flag("deleted"):
                del items[id]
            else:
                items[id] = self._changed_item(items[id], given)
        if not items:
            raise invalid("A subscription must have at least one item.", "items")
        _one_rhythm(list(items.values()))
        return list(items.values())

    def _changed_item(self, item: Doc, given: Params) -> Doc:
        given.only("id", "price", "quantity", "deleted", "metadata", "clear_usage")
        price = self._price(given) if given.has("price") else item["price"]
        quantity = given.integer("quantity", least=0)
        return {
            **item,
            "price": price,
            "plan": None,
            "quantity": item["quantity"] if quantity is None else quantity,
            "metadata": given.metadata(item["metadata"]),
        }

    def _new_item(self, doc: Doc, given: Params) -> Doc:
        given.only("price", "quantity", "metadata", "discounts", "tax_rates")
        quantity = given.integer("quantity", least=0)
        return {
            "id": new_id("si_"),
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": doc["created"],
            "current_period_start": doc["created"],
            "current_period_end": doc["created"],
            "discounts": [],
            "metadata": given.metadata(),
            "plan": None,
            "price": self._price(given),
            "quantity": 1 if quantity is None else quantity,
            "subscription": doc["id"],
            "tax_rates": [],
        }

    def _price(self, given: Params) -> Doc:
        price = self._objects.get("price", given.needed("price"), "items[0][price]")
        if not price["active"]:
            raise invalid(f"The price specified is inactive: {price['id']}.", "items[0][price]")
        if price["recurring"] is None:
            raise invalid("The price specified is set to `type=one_time` but this field only accepts recurring prices.")
        return price

    def _trial_end(self, params: Params, now: int) -> int | None:
        days = params.integer("trial_period_days", least=0)
        if days is not None and params.has("trial_end"):
            raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.")
        if days is not None:
            if days > MOST_TRIAL_DAYS:
                raise invalid("Trial periods may be at most 730 days.", "trial_period_days")
            return now + days * DAY_S if days else None
        return None if params.text("trial_end") == "now" else params.integer("trial_end")

    def _timing(self, doc: Doc, params: Params) -> None:
        """``cancel_at_period_end``, ``cancel_at`` and what to do when a trial ends without a card."""
        if params.has("cancel_at_period_end"):
            wanted = bool(params.flag("cancel_at_period_end"))
            end = doc["items"]["data"][0]["current_period_end"]
            reason = {**doc["cancellation_details"], "reason": "cancellation_requested" if wanted else None}
            doc.update(
                cancel_at_period_end=wanted,
                cancel_at=end if wanted else None,
                canceled_at=self._objects.now() if wanted else None,
                cancellation_details=reason,
            )
        if params.has("cancel_at"):
            doc["cancel_at"] = params.integer("cancel_at", least=self._objects.now())
            self._p.cycle.set(doc, "cancel_at", doc["cancel_at"])
        if params.has("trial_settings"):
            behaviour = params.group("trial_settings").only("end_behavior").group("end_behavior")
            chosen = behaviour.choice("missing_payment_method", MISSING_CARD, "create_invoice")
            doc["trial_settings"] = {"end_behavior": {"missing_payment_method": chosen}}


def _alive(doc: Doc) -> Doc:
    if doc["status"] in ENDED:
        raise invalid(f"No such subscription: '{doc['id']}'", "id", "resource_missing", 404)
    return doc


def _one_rhythm(items: list[Doc]) -> None:
    if any(not same_interval(items[0], item) for item in items[1:]):
        raise invalid("This sandbox bills all items of a subscription in one interval.", "items")
    if len({item["price"]["currency"] for item in items}) > 1:
        raise invalid("All prices of a subscription must be in one currency.", "items")


def _invoice_of(doc: Doc) -> Doc:
    return {"customer": doc["customer"], "parent": {"subscription_details": {"subscription": doc["id"]}}}


def _next_lines(doc: Doc, cycle: Cycle) -> list[Line]:
    items = doc["items"]["data"]
    begin = items[0]["current_period_end"]
    anchor = begin if doc["status"] == "trialing" else doc["billing_cycle_anchor"]
    return cycle_lines({**doc, "items": {"data": cycle.start_period(doc, begin, anchor)}})
