"""Products and prices."""

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.customers import search
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of

INTERVALS = ("day", "week", "month", "year")
CURRENCIES = ("usd", "eur", "gbp", "cad", "aud", "chf", "jpy")


def add_routes(routes: Routes, objects: Objects, events: Events) -> None:
    """``/v1/products`` and ``/v1/prices``."""
    _products(routes, objects, events)
    _prices(routes, objects, events)


def _products(routes: Routes, objects: Objects, events: Events) -> None:
    fields = ("name", "description", "active", "metadata", "images", "statement_descriptor", "tax_code", "url")

    def create(call: Call) -> Doc:
        params = call.params.only("id", *fields)
        id = params.text("id")
        if id and objects.find("product", id):
            raise invalid(f"Product already exists: {id}", "id", "resource_already_exists")
        doc = objects.make(
            "product",
            **({"id": id} if id else {}),
            active=params.flag("active") is not False,
            name=params.needed("name"),
            description=params.text("description"),
            default_price=None,
            images=params.texts("images"),
            metadata=params.metadata(),
            type="service",
            updated=objects.now(),
            url=params.text("url"),
        )
        events.emit("product.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only(*fields, "default_price")
        doc = objects.get("product", call.ids["id"])
        changes: Doc = {name: params.text(name) for name in ("name", "description", "url") if params.has(name)}
        if params.has("active"):
            changes["active"] = bool(params.flag("active"))
        if params.has("default_price"):
            changes["default_price"] = objects.get("price", params.needed("default_price"), "default_price")["id"]
        changes |= {"metadata": params.metadata(doc["metadata"]), "updated": objects.now()}
        return events.change(doc, "product.updated", **changes)

    def listed(call: Call) -> Doc:
        params = call.params.only("active", "ids", *PAGING)
        ids, active = params.texts("ids"), params.flag("active")
        found = [
            p
            for p in objects.all("product")
            if (not ids or p["id"] in ids) and (active is None or p["active"] == active)
        ]
        return page_of(created_filter(found, params), params, "/v1/products")

    def searched(call: Call) -> Doc:
        params = call.params.only("query", "limit", "page")
        found = page_of(search(objects.all("product"), params.needed("query")), params, "/v1/products/search")
        return {**found, "object": "search_result", "next_page": None}

    routes.add("POST", "/products", create)
    routes.add("GET", "/products", listed)
    routes.add("GET", "/products/search", searched)
    routes.add("GET", "/products/{id}", lambda call: objects.get("product", call.ids["id"]))
    routes.add("POST", "/products/{id}", update)


def _prices(routes: Routes, objects: Objects, events: Events) -> None:
    fields = ("currency", "product", "unit_amount", "recurring", "nickname", "metadata", "lookup_key", "active",
              "tax_behavior", "transfer_lookup_key", "billing_scheme")  # fmt: skip

    def create(call: Call) -> Doc:
        params = call.params.only(*fields)
        product = objects.get("product", params.needed("product"), "product")
        amount = params.integer("unit_amount", least=0)
        if amount is None:
            raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
        recurring = _recurring(params)
        key = params.text("lookup_key")
        _free_key(objects, key, transfer=bool(params.flag("transfer_lookup_key")))
        doc = objects.make(
            "price",
            active=params.flag("active") is not False,
            billing_scheme="per_unit",
            currency=currency_of(params),
            custom_unit_amount=None,
            lookup_key=key,
            metadata=params.metadata(),
            nickname=params.text("nickname"),
            product=product["id"],
            recurring=recurring,
            tax_behavior=params.text("tax_behavior") or "unspecified",
            tiers_mode=None,
            transform_quantity=None,
            type="recurring" if recurring else "one_time",
            unit_amount=amount,
            unit_amount_decimal=str(amount),
        )
        events.emit("price.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only("active", "lookup_key", "nickname", "metadata", "transfer_lookup_key")
        doc = objects.get("price", call.ids["id"])
        changes: Doc = {"metadata": params.metadata(doc["metadata"])}
        if params.has("active"):
            changes["active"] = bool(params.flag("active"))
        if params.has("nickname"):
            changes["nickname"] = params.text("nickname")
        if params.has("lookup_key"):
            _free_key(objects, params.text("lookup_key"), transfer=bool(params.flag("transfer_lookup_key")))
            changes["lookup_key"] = params.text("lookup_key")
        return events.change(doc, "price.updated", **changes)

    def listed(call: Call) -> Doc:
        params = call.params.only("active", "product", "lookup_keys", "currency", "type", *PAGING)
        keys, active = params.texts("lookup_keys"), params.flag("active")
        exact = {name: params.text(name) for name in ("product", "currency", "type") if params.text(name)}
        found = [
            p
            for p in objects.all("price", **exact)
            if (not keys or p["lookup_key"] in keys) and (active is None or p["active"] == active)
        ]
        return page_of(created_filter(found, params), params, "/v1/prices")

    routes.add("POST", "/prices", create)
    routes.add("GET", "/prices", listed)
    routes.add("GET", "/prices/{id}", lambda call: objects.get("price", call.ids["id"]))
    routes.add("POST", "/prices/{id}", update)


def currency_of(params: Params) -> str:
    """The currency that a parameter names."""
    currency = params.needed("currency").lower()
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}. Must be one of {', '.join(CURRENCIES)}", "currency")
    return currency


def _recurring(params: Params) -> Doc | None:
    if not params.has("recurring"):
        return None
    given = params.group("recurring").only("interval", "interval_count", "usage_type")
    interval = given.choice("interval", INTERVALS)
    if interval is None:
        raise invalid("Missing required param: recurring[interval].", "recurring[interval]", "parameter_missing")
    count = given.integer("interval_count", least=1) or 1
    return {"interval": interval, "interval_count": count, "meter": None, "usage_type": "licensed"}


def _free_key(objects: Objects, key: str | None, *, transfer: bool) -> None:
    """A lookup key names one active price; it may be taken over from another."""
    if key is None:
        return
    for other in objects.all("price", lookup_key=key, active=True):
        if not transfer:
            raise invalid(
                f"A price (`{other['id']}`) already uses that lookup key.", "lookup_key", "resource_already_exists"
            )
        other["lookup_key"] = None
        objects.keep(other)
