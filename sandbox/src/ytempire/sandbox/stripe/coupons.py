"""Coupons, promotion codes, and the discounts that they become on a subscription."""

import re
import secrets
import string
from decimal import Decimal, InvalidOperation

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.catalog import currency_of
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, new_id, page_of
from ytempire.sandbox.stripe.periods import add_interval

DURATIONS = ("once", "repeating", "forever")
CODE = re.compile(r"[A-Za-z0-9-]{1,500}")
Reduction = tuple[Doc, Doc]
"""A discount and its coupon."""


class Discounts:
    """What coupons take off a subscription."""

    def __init__(self, objects: Objects, events: Events) -> None:
        self._objects, self._events = objects, events

    def chosen(self, params: Params, subscription: Doc, *, preview: bool = False) -> list[str]:
        """Ids of the discounts that ``discounts`` names; an empty one takes all away. A preview redeems nothing."""
        if params.values.get("discounts") == "":
            return []
        made = []
        for given in params.groups("discounts"):
            given.only("coupon", "promotion_code", "discount")
            if given.text("discount"):
                made.append(str(self._objects.get("discount", given.needed("discount"), "discounts")["id"]))
            else:
                made.append(str(self._redeem(given, subscription, preview)["id"]))
        return made

    def _redeem(self, given: Params, subscription: Doc, preview: bool) -> Doc:
        code = self._objects.get("promotion_code", given.needed("promotion_code"), "discounts") \
            if given.has("promotion_code") else None  # fmt: skip
        id = code["promotion"]["coupon"] if code else given.needed("coupon")
        coupon = shown(self._objects, self._objects.get("coupon", id, "discounts"))
        if not coupon["valid"]:
            raise invalid(f"Coupon expired: {coupon['id']}", "discounts", "coupon_expired")
        if code and not (usable(self._objects, code) and code["customer"] in (None, subscription["customer"])):
            raise invalid(
                f"This promotion code cannot be redeemed: {code['code']}", "discounts", "promotion_code_expired"
            )
        now = self._objects.now()
        months = coupon["duration_in_months"]
        fields = {
            "checkout_session": None,
            "customer": subscription["customer"],
            "end": add_interval(now, "month", months) if months else None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": code["id"] if code else None,
            "source": {"type": "coupon", "coupon": coupon["id"]},
            "start": now,
            "subscription": subscription["id"],
            "subscription_item": None,
        }
        doc = self._objects.make("discount", **fields)
        if not preview:
            for used in (self._objects.get("coupon", id), code):
                if used:
                    self._objects.keep({**used, "times_redeemed": used["times_redeemed"] + 1})
            self._events.emit("customer.discount.created", doc)
        return doc

    def of(self, subscription: Doc, at: int) -> list[Reduction]:
        """The discounts that hold for an invoice of a moment."""
        found = [self._objects.get("discount", id) for id in subscription["discounts"]]
        holding = [doc for doc in found if doc["end"] is None or at < doc["end"]]
        return [(doc, self._objects.get("coupon", doc["source"]["coupon"])) for doc in holding]

    def left(self, subscription: Doc, invoice: Doc) -> list[str]:
        """The discounts of a subscription after an invoice: those for one invoice are used up by it."""
        taken = {part["discount"] for part in invoice["total_discount_amounts"]}
        kept = []
        for doc, coupon in self.of(subscription, self._objects.now()):
            if coupon["duration"] == "once" and doc["id"] in taken:
                self._events.emit("customer.discount.deleted", doc)
            else:
                kept.append(str(doc["id"]))
        return kept


def shown(objects: Objects, coupon: Doc) -> Doc:
    """A coupon with ``valid`` as of now."""
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] is not None and objects.now() >= coupon["redeem_by"]
    return {**coupon, "valid": not (used_up or late)}


def usable(objects: Objects, code: Doc) -> bool:
    """Whether a promotion code can still be redeemed."""
    used_up = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    late = code["expires_at"] is not None and objects.now() >= code["expires_at"]
    return bool(code["active"] and not used_up and not late)


def add_routes(routes: Routes, objects: Objects, events: Events) -> None:
    """``/v1/coupons`` and ``/v1/promotion_codes``."""
    _coupons(routes, objects, events)
    _codes(routes, objects, events)


def _coupons(routes: Routes, objects: Objects, events: Events) -> None:
    def create(call: Call) -> Doc:
        params = call.params.only(
            "id", "name", "percent_off", "amount_off", "currency", "duration", "duration_in_months", "max_redemptions",
            "redeem_by", "metadata",
        )  # fmt: skip
        id = params.text("id") or new_id("").upper()[:8]
        if objects.find("coupon", id):
            raise invalid(f"Coupon already exists: {id}", "id", "resource_already_exists")
        percent, amount = _percent(params), params.integer("amount_off", least=1)
        if (percent is None) == (amount is None):
            raise invalid("Must provide exactly one of percent_off and amount_off.", "percent_off")
        duration = params.choice("duration", DURATIONS, "once")
        months = params.integer("duration_in_months", least=1)
        if (duration == "repeating") != (months is not None):
            raise invalid("duration_in_months goes with duration=repeating, and only with it.", "duration_in_months")
        doc = objects.make(
            "coupon",
            id=id,
            amount_off=amount,
            currency=currency_of(params) if amount else None,
            duration=duration,
            duration_in_months=months,
            max_redemptions=params.integer("max_redemptions", least=1),
            metadata=params.metadata(),
            name=params.text("name"),
            percent_off=percent,
            redeem_by=params.integer("redeem_by"),
            times_redeemed=0,
            valid=True,
        )
        events.emit("coupon.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only("name", "metadata")
        doc = objects.get("coupon", call.ids["id"])
        fields: Doc = {"name": params.text("name")} if params.has("name") else {}
        return events.change(doc, "coupon.updated", metadata=params.metadata(doc["metadata"]), **fields)

    def delete(call: Call) -> Doc:
        doc = objects.get("coupon", call.ids["id"])
        events.emit("coupon.deleted", doc)
        return objects.delete(doc)

    def listed(call: Call) -> Doc:
        params = call.params.only(*PAGING)
        found = [shown(objects, doc) for doc in created_filter(objects.all("coupon"), params)]
        return page_of(found, params, "/v1/coupons")

    routes.add("POST", "/coupons", create)
    routes.add("GET", "/coupons", listed)
    routes.add("GET", "/coupons/{id}", lambda call: shown(objects, objects.get("coupon", call.ids["id"])))
    routes.add("POST", "/coupons/{id}", update)
    routes.add("DELETE", "/coupons/{id}", delete)


def _percent(params: Params) -> float | None:
    text = params.text("percent_off")
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise invalid(f"Invalid decimal: {text}", "percent_off") from None
    if not 0 < value <= 100:
        raise invalid("percent_off must be greater than 0 and at most 100.", "percent_off")
    return float(value)


def _codes(routes: Routes, objects: Objects, events: Events) -> None:
    def create(call: Call) -> Doc:
        params = call.params.only(
            "code", "promotion", "active", "customer", "expires_at", "max_redemptions", "metadata"
        )
        promotion = params.group("promotion").only("type", "coupon")
        promotion.choice("type", ("coupon",))
        coupon = objects.get("coupon", promotion.needed("coupon"), "promotion[coupon]")
        code = params.text("code") or "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))
        if not CODE.fullmatch(code):
            raise invalid("A promotion code has letters, digits and dashes only.", "code")
        if any(usable(objects, other) for other in _named(objects, code)):
            raise invalid("An active promotion code with this code exists already.", "code", "resource_already_exists")
        doc = objects.make(
            "promotion_code",
            active=params.flag("active") is not False,
            code=code,
            customer=params.text("customer"),
            expires_at=params.integer("expires_at"),
            max_redemptions=params.integer("max_redemptions", least=1),
            metadata=params.metadata(),
            promotion={"type": "coupon", "coupon": coupon["id"]},
            restrictions={"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None},
            times_redeemed=0,
        )
        events.emit("promotion_code.created", doc)
        return doc

    def update(call: Call) -> Doc:
        params = call.params.only("active", "metadata")
        doc = objects.get("promotion_code", call.ids["id"])
        active = bool(params.flag("active")) if params.has("active") else doc["active"]
        return events.change(doc, "promotion_code.updated", active=active, metadata=params.metadata(doc["metadata"]))

    def listed(call: Call) -> Doc:
        params = call.params.only("active", "code", "coupon", "customer", *PAGING)
        code, coupon, active = params.text("code"), params.text("coupon"), params.flag("active")
        found = [
            {**doc, "active": usable(objects, doc)}
            for doc in (_named(objects, code) if code else objects.all("promotion_code"))
            if coupon in (None, doc["promotion"]["coupon"])
        ]
        kept = [doc for doc in found if active in (None, doc["active"])]
        return page_of(kept, params, "/v1/promotion_codes")

    routes.add("POST", "/promotion_codes", create)
    routes.add("GET", "/promotion_codes", listed)
    routes.add("GET", "/promotion_codes/{id}", lambda call: objects.get("promotion_code", call.ids["id"]))
    routes.add("POST", "/promotion_codes/{id}", update)


def _named(objects: Objects, code: str) -> list[Doc]:
    return [doc for doc in objects.all("promotion_code") if doc["code"].lower() == code.lower()]
