"""Tax: rates, tax ids of customers and their verification, and what a customer's status means for an invoice."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.errors import StripeError, invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, page_of

VERIFY = "stripe.tax_id"
VERIFY_S = 2
"""How long the registry takes, in virtual time."""
MOST_IDS = 5
EXEMPTIONS = ("none", "exempt", "reverse")
EU_VAT = {
    "AT": r"ATU\d{8}", "BE": r"BE[01]\d{9}", "BG": r"BG\d{9,10}", "CY": r"CY\d{8}[A-Z]", "CZ": r"CZ\d{8,10}",
    "DE": r"DE\d{9}", "DK": r"DK\d{8}", "EE": r"EE\d{9}", "EL": r"EL\d{9}", "ES": r"ES[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"FI\d{8}", "FR": r"FR[A-Z0-9]{2}\d{9}", "HR": r"HR\d{11}", "HU": r"HU\d{8}",
    "IE": r"IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"IT\d{11}", "LT": r"LT(\d{9}|\d{12})", "LU": r"LU\d{8}", "LV": r"LV\d{11}", "MT": r"MT\d{8}",
    "NL": r"NL\d{9}B\d{2}", "PL": r"PL\d{10}", "PT": r"PT\d{9}", "RO": r"RO\d{2,10}", "SE": r"SE\d{12}",
    "SI": r"SI\d{8}", "SK": r"SK\d{10}",
}  # fmt: skip
FORMS = {
    "eu_vat": "|".join(EU_VAT.values()),
    "gb_vat": r"GB(\d{9}|\d{12})",
    "ch_vat": r"CHE\d{9}(MWST|TVA|IVA)",
    "no_vat": r"\d{9}MVA",
}
UNVERIFIED, PENDING = "111111111", "222222222"
"""Digits of test numbers that the registry does not know, and about which it never answers; all others are verified."""


def rates_of(objects: Objects, params: Params, name: str = "default_tax_rates") -> list[Doc]:
    """The tax rates that a parameter names; an empty one takes all away."""
    if params.values.get(name) == "":
        return []
    rates = [objects.get("tax_rate", id, name) for id in params.texts(name)]
    for rate in rates:
        if not rate["active"]:
            raise invalid(f"The tax rate {rate['id']} is archived, so it cannot be applied.", name)
    return rates


class TaxIds:
    """Numbers under which customers are registered for tax."""

    def __init__(self, objects: Objects, events: Events) -> None:
        self._objects, self._events = objects, events
        objects.world.schedule.on(VERIFY, self._verified)

    def create(self, customer: Doc, params: Params) -> Doc:
        """A new number; its form is checked at once, the registry answers a moment later."""
        params.only("type", "value")
        kind = params.choice("type", tuple(FORMS))
        value = re.sub(r"[\s.\-]", "", params.needed("value")).upper()
        if kind is None:
            raise invalid("Missing required param: type.", "type", "parameter_missing")
        if not re.fullmatch(FORMS[kind], value):
            raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
        kept = self._objects.all("tax_id", customer=customer["id"])
        if len(kept) >= MOST_IDS:
            raise invalid(f"A customer may have at most {MOST_IDS} tax IDs.")
        status = "pending" if kind in ("eu_vat", "gb_vat") else "unavailable"
        doc = self._objects.make(
            "tax_id",
            country="GR" if value.startswith("EL") else value[:2] if kind != "no_vat" else "NO",
            customer=customer["id"],
            owner={"type": "customer", "customer": customer["id"]},
            type=kind,
            value=value,
            verification={"status": status, "verified_address": None, "verified_name": None},
        )
        self._events.emit("customer.tax_id.created", doc)
        if status == "pending" and PENDING not in value:
            due = datetime.fromtimestamp(self._objects.now() + VERIFY_S, UTC)
            self._objects.world.schedule.at(due, VERIFY, {"tax_id": doc["id"]})
        return doc

    async def _verified(self, payload: Doc) -> None:
        with self._objects.world.store.transaction():
            doc = self._objects.find("tax_id", payload["tax_id"])
            if doc is None:
                return
            status = "unverified" if UNVERIFIED in doc["value"] else "verified"
            found = {**doc["verification"], "status": status}
            self._events.change(doc, "customer.tax_id.updated", verification=found)

    def delete(self, doc: Doc) -> Doc:
        """Take a number away."""
        self._events.emit("customer.tax_id.deleted", doc)
        return self._objects.delete(doc)


def add_routes(routes: Routes, objects: Objects, events: Events) -> None:
    """``/v1/tax_rates`` and ``/v1/customers/{customer}/tax_ids``."""
    _rates(routes, objects, events)
    _ids(routes, objects, TaxIds(objects, events))


def _rates(routes: Routes, objects: Objects, events: Events) -> None:
    texts = ("description", "display_name", "country", "state", "jurisdiction", "tax_type")

    def create(call: Call) -> Doc:
        params = call.params.only("percentage", "inclusive", "active", "metadata", *texts)
        inclusive = params.flag("inclusive")
        params.needed("display_name")
        if inclusive is None:
            raise invalid("Missing required param: inclusive.", "inclusive", "parameter_missing")
        percentage = _percentage(params.needed("percentage"))
        doc = objects.make(
            "tax_rate",
            **{name: params.text(name) for name in texts},
            active=params.flag("active") is not False,
            effective_percentage=percentage,
            flat_amount=None,
            inclusive=inclusive,
            jurisdiction_level=None,
            metadata=params.metadata(),
            percentage=percentage,
            rate_type="percentage",
        )
        events.emit("tax_rate.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only("active", "metadata", *texts)
        doc = objects.get("tax_rate", call.ids["id"])
        fields: Doc = {name: params.text(name) for name in texts if params.has(name)}
        if params.has("active"):
            fields["active"] = bool(params.flag("active"))
        return events.change(doc, "tax_rate.updated", metadata=params.metadata(doc["metadata"]), **fields)

    def listed(call: Call) -> Doc:
        params = call.params.only("active", "inclusive", *PAGING)
        flags = {name: params.flag(name) for name in ("active", "inclusive") if params.has(name)}
        return page_of(objects.all("tax_rate", **flags), params, "/v1/tax_rates")

    routes.add("POST", "/tax_rates", create)
    routes.add("GET", "/tax_rates", listed)
    routes.add("GET", "/tax_rates/{id}", lambda call: objects.get("tax_rate", call.ids["id"]))
    routes.add("POST", "/tax_rates/{id}", update)


def _percentage(text: str) -> float:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise invalid(f"Invalid decimal: {text}", "percentage") from None
    exponent = value.as_tuple().exponent
    if not (0 <= value <= 100 and isinstance(exponent, int) and exponent >= -4):
        raise invalid("A percentage is from 0 to 100, with at most four decimals.", "percentage")
    return float(value)


def _ids(routes: Routes, objects: Objects, ids: TaxIds) -> None:
    def owned(call: Call) -> Doc:
        doc = objects.get("tax_id", call.ids["id"])
        if doc["customer"] != call.ids["customer"]:
            raise StripeError(404, "invalid_request_error", f"No such tax_id: '{doc['id']}'", code="resource_missing")
        return doc

    def create(call: Call) -> Doc:
        return ids.create(objects.get("customer", call.ids["customer"], "customer"), call.params)

    def listed(call: Call) -> Doc:
        customer = objects.get("customer", call.ids["customer"], "customer")
        found = objects.all("tax_id", customer=customer["id"])
        return page_of(found, call.params.only(*PAGING), f"/v1/customers/{customer['id']}/tax_ids")

    routes.add("POST", "/customers/{customer}/tax_ids", create)
    routes.add("GET", "/customers/{customer}/tax_ids", listed)
    routes.add("GET", "/customers/{customer}/tax_ids/{id}", owned)
    routes.add("DELETE", "/customers/{customer}/tax_ids/{id}", lambda call: ids.delete(owned(call)))
    routes.add("GET", "/tax_ids/{id}", lambda call: objects.get("tax_id", call.ids["id"]))
