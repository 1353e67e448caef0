"""Routes of invoices and their items."""

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.invoices import Invoices
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of
from ytempire.sandbox.stripe.tax import rates_of


def add_routes(routes: Routes, objects: Objects, events: Events, invoices: Invoices) -> None:
    """``/v1/invoices`` and ``/v1/invoiceitems`` (reading)."""

    def listed(call: Call) -> Doc:
        params = call.params.only("customer", "subscription", "status", "collection_method", *PAGING)
        exact = {name: params.text(name) for name in ("customer", "status") if params.text(name)}
        found = created_filter(objects.all("invoice", **exact), params)
        subscription = params.text("subscription")
        wanted = [i for i in found if subscription in (None, Invoices.subscription_of(i))]
        return page_of(wanted, params, "/v1/invoices")

    def lines(call: Call) -> Doc:
        doc = objects.get("invoice", call.ids["id"])
        return page_of(doc["lines"]["data"][::-1], call.params.only(*PAGING), f"/v1/invoices/{doc['id']}/lines")

    def void(call: Call) -> Doc:
        call.params.only()
        return invoices.void(objects.get("invoice", call.ids["id"]))

    def write_off(call: Call) -> Doc:
        call.params.only()
        return invoices.write_off(objects.get("invoice", call.ids["id"]))

    def update(call: Call) -> Doc:
        params = call.params.only("metadata", "description", "auto_advance", "default_tax_rates")
        doc = objects.get("invoice", call.ids["id"])
        if params.has("default_tax_rates"):
            invoices.edit(doc, rates_of(objects, params))
        fields: Doc = {"metadata": params.metadata(doc["metadata"])}
        if params.has("description"):
            fields["description"] = params.text("description")
        if params.has("auto_advance"):
            fields["auto_advance"] = bool(params.flag("auto_advance"))
        return events.change(doc, "invoice.updated", **fields)

    def items(call: Call) -> Doc:
        params = call.params.only("customer", "invoice", "pending", *PAGING)
        exact = {name: params.text(name) for name in ("customer", "invoice") if params.text(name)}
        return page_of(objects.all("invoiceitem", **exact), params, "/v1/invoiceitems")

    def payments(call: Call) -> Doc:
        params = call.params.only("invoice", "payment", "status", *PAGING)
        intent = params.group("payment").only("type", "payment_intent").text("payment_intent")
        wanted, status = params.text("invoice"), params.text("status")
        found = [
            payment
            for invoice in objects.all("invoice", **({"id": wanted} if wanted else {}))
            for payment in invoice["payments"]["data"]
            if intent in (None, payment["payment"]["payment_intent"]) and status in (None, payment["status"])
        ]
        return page_of(found, params, "/v1/invoice_payments")

    routes.add("GET", "/invoices", listed)
    routes.add("GET", "/invoice_payments", payments)
    routes.add("GET", "/invoices/{id}", lambda call: objects.get("invoice", call.ids["id"]))
    routes.add("GET", "/invoices/{id}/lines", lines)
    routes.add("POST", "/invoices/{id}", update)
    routes.add("POST", "/invoices/{id}/void", void)
    routes.add("POST", "/invoices/{id}/mark_uncollectible", write_off)
    routes.add("GET", "/invoiceitems", items)
