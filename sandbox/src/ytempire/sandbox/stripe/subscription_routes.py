"""Routes of subscriptions, and of what is done to their invoices."""

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.customers import search
from ytempire.sandbox.stripe.errors import declined, invalid
from ytempire.sandbox.stripe.invoices import NoCardError
from ytempire.sandbox.stripe.objects import PAGING, Doc, created_filter, page_of
from ytempire.sandbox.stripe.subscriptions import Parts, Subscriptions

STATUSES = ("trialing", "active", "past_due", "canceled", "incomplete", "incomplete_expired", "unpaid", "paused",
            "all", "ended")  # fmt: skip


def add_routes(routes: Routes, parts: Parts) -> None:
    """``/v1/subscriptions``, ``/v1/subscription_items`` and payment of ``/v1/invoices``."""
    _subscriptions(routes, parts)
    _payments(routes, parts)


def _subscriptions(routes: Routes, parts: Parts) -> None:
    objects, commands = parts.objects, Subscriptions(parts)

    def found(call: Call) -> Doc:
        return objects.get("subscription", call.ids["id"])

    def listed(call: Call) -> Doc:
        params = call.params.only("customer", "price", "status", "collection_method", *PAGING)
        exact = {"customer": params.text("customer")} if params.text("customer") else {}
        status, price = params.choice("status", STATUSES), params.text("price")
        kept = [s for s in objects.all("subscription", **exact) if _wanted(s, status, price)]
        return page_of(created_filter(kept, params), params, "/v1/subscriptions")

    def searched(call: Call) -> Doc:
        params = call.params.only("query", "limit", "page")
        docs = search(objects.all("subscription"), params.needed("query"))
        page = page_of(docs, params, "/v1/subscriptions/search")
        return {**page, "object": "search_result", "next_page": None}

    def items(call: Call) -> Doc:
        params = call.params.only("subscription", *PAGING)
        subscription = objects.get("subscription", params.needed("subscription"), "subscription")
        return page_of(subscription["items"]["data"][::-1], params, "/v1/subscription_items")

    routes.add("POST", "/subscriptions", lambda call: commands.create(call.params))
    routes.add("GET", "/subscriptions", listed)
    routes.add("GET", "/subscriptions/search", searched)
    routes.add("GET", "/subscriptions/{id}", found)
    routes.add("POST", "/subscriptions/{id}", lambda call: commands.update(found(call), call.params))
    routes.add("DELETE", "/subscriptions/{id}", lambda call: commands.cancel(found(call), call.params))
    routes.add("POST", "/subscriptions/{id}/resume", lambda call: commands.resume(found(call), call.params))
    routes.add("GET", "/subscription_items", items)
    routes.add("POST", "/invoices/create_preview", lambda call: commands.preview(call.params))


def _wanted(subscription: Doc, status: str | None, price: str | None) -> bool:
    if price and price not in (item["price"]["id"] for item in subscription["items"]["data"]):
        return False
    if status is None:
        return bool(subscription["status"] != "canceled")
    if status == "ended":
        return subscription["status"] in ("canceled", "incomplete_expired")
    return status in ("all", subscription["status"])


def _payments(routes: Routes, parts: Parts) -> None:
    objects, invoices = parts.objects, parts.invoices

    def finalise(call: Call) -> Doc:
        call.params.only("auto_advance")
        return invoices.finalise(objects.get("invoice", call.ids["id"]))

    def pay(call: Call) -> Doc:
        params = call.params.only("payment_method", "off_session", "paid_out_of_band")
        doc = objects.get("invoice", call.ids["id"])
        if doc["status"] == "paid":
            raise invalid("Invoice is already paid", None, "invoice_already_paid")
        if doc["status"] not in ("draft", "open"):
            raise invalid(f"You cannot pay an invoice with status {doc['status']}.", None, "invoice_not_editable")
        if doc["status"] == "draft":
            invoices.finalise(doc)
        card = params.text("payment_method")
        owned = parts.cards.owned(card, doc["customer"], "payment_method")["id"] if card else None
        try:
            reason = invoices.pay(doc, owned)
        except NoCardError as error:
            text = "There is no default payment method to charge for this invoice."
            raise invalid(text, "payment_method", "resource_missing") from error
        if reason is not None:
            raise declined(reason)
        subscription = objects.find("subscription", invoices.subscription_of(doc) or "")
        if subscription is not None and subscription["latest_invoice"] == doc["id"]:
            parts.cycle.settle(subscription)
        return doc

    routes.add("POST", "/invoices/{id}/finalize", finalise)
    routes.add("POST", "/invoices/{id}/pay", pay)
