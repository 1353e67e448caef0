"""Customers: create, change, delete, list by e-mail, search by e-mail or metadata."""

import re

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of
from ytempire.sandbox.stripe.tax import EXEMPTIONS

FIELDS = ("email", "name", "phone", "description", "metadata", "address", "preferred_locales", "shipping", "tax_exempt")
CLAUSE = re.compile(
    r"""\s*(?:metadata\[(?P<q>["'])(?P<key>.+?)(?P=q)\]|(?P<field>\w+))\s*(?P<op>[:~])\s*(?P<v>["'])(?P<value>.*?)(?P=v)\s*"""
)
NUMBER = 8


def search(docs: list[Doc], query: str) -> list[Doc]:
    """Objects that satisfy a query such as ``email:'a@b.c' AND metadata['user']:'7'`` (only AND)."""
    tests = []
    for part in re.split(r"\s+AND\s+", query):
        found = CLAUSE.fullmatch(part)
        if found is None:
            raise invalid(f"We were unable to parse your search query near '{part}'.", "query")
        tests.append(found)
    return [doc for doc in docs if all(_holds(doc, test) for test in tests)]


def _holds(doc: Doc, test: re.Match[str]) -> bool:
    value = doc.get("metadata", {}).get(test["key"]) if test["key"] else doc.get(test["field"])
    wanted = test["value"].lower()
    given = str(value or "").lower()
    return value is not None and (given == wanted if test["op"] == ":" else wanted in given)


def add_routes(routes: Routes, objects: Objects, events: Events, cards: Cards) -> None:
    """``/v1/customers``."""

    def create(call: Call) -> Doc:
        params = call.params.only(*FIELDS, "payment_method", "invoice_settings", "balance")
        doc = objects.make("customer", **{**_blank(), **_fields(params)})
        doc["metadata"] = params.metadata()
        doc["balance"] = params.integer("balance") or 0
        doc["invoice_prefix"] = doc["id"][-NUMBER:].upper()
        if params.text("payment_method"):
            cards.attach(cards.resolve(params.needed("payment_method")), doc["id"])
        _default_card(doc, params, cards)
        objects.keep(doc)
        events.emit("customer.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only(*FIELDS, "invoice_settings", "balance")
        doc = objects.get("customer", call.ids["id"])
        fields = {**_fields(params), "metadata": params.metadata(doc["metadata"])}
        changed = {**doc, "invoice_settings": dict(doc["invoice_settings"])}
        _default_card(changed, params, cards)
        fields["invoice_settings"] = changed["invoice_settings"]
        if params.has("balance"):
            fields["balance"] = params.integer("balance") or 0
        return events.change(doc, "customer.updated", **fields)

    def delete(call: Call) -> Doc:
        doc = objects.get("customer", call.ids["id"])
        for subscription in objects.all("subscription", customer=doc["id"]):
            if subscription["status"] not in ("canceled", "incomplete_expired"):
                raise invalid("This sandbox deletes a customer only after the subscriptions are cancelled.")
        events.emit("customer.deleted", doc)
        return objects.delete(doc)

    def listed(call: Call) -> Doc:
        params = call.params.only("email", *PAGING)
        email = params.text("email")
        found = objects.all("customer", email=email) if email else objects.all("customer")
        return page_of(created_filter(found, params), params, "/v1/customers")

    def searched(call: Call) -> Doc:
        params = call.params.only("query", "limit", "page")
        found = page_of(search(objects.all("customer"), params.needed("query")), params, "/v1/customers/search")
        return {**found, "object": "search_result", "next_page": None}

    routes.add("POST", "/customers", create)
    routes.add("GET", "/customers", listed)
    routes.add("GET", "/customers/search", searched)
    routes.add("GET", "/customers/{id}", lambda call: objects.get("customer", call.ids["id"]))
    routes.add("POST", "/customers/{id}", update)
    routes.add("DELETE", "/customers/{id}", delete)


def _blank() -> Doc:
    return {
        "balance": 0,
        "address": None,
        "currency": None,
        "description": None,
        "email": None,
        "name": None,
        "phone": None,
        "shipping": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None,
        },
        "metadata": {},
        "next_invoice_sequence": 1,
        "tax_exempt": "none",
        "test_clock": None,
    }  # fmt: skip


def _fields(params: Params) -> Doc:
    texts = {name: params.text(name) for name in ("email", "name", "phone", "description") if params.has(name)}
    email = texts.get("email")
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    groups = {name: params.group(name).values or None for name in ("address", "shipping") if params.has(name)}
    exempt = {"tax_exempt": params.choice("tax_exempt", EXEMPTIONS, "none")} if params.has("tax_exempt") else {}
    return {**texts, **groups, **exempt}


def _default_card(doc: Doc, params: Params, cards: Cards) -> None:
    given = params.group("invoice_settings").only("default_payment_method", "custom_fields", "footer")
    if given.has("default_payment_method"):
        id = given.text("default_payment_method")
        name = "invoice_settings[default_payment_method]"
        doc["invoice_settings"]["default_payment_method"] = cards.owned(id, doc["id"], name)["id"] if id else None
