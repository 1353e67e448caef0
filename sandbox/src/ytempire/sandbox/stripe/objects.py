"""Stripe objects in the store: ids, reading, expanding, listing."""

import math
import secrets
import string
from typing import Any

from ytempire.sandbox.stripe.errors import invalid, missing
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.world import World

Doc = dict[str, Any]

KINDS = {
    "cus_": "customer",
    "pm_": "payment_method",
    "seti_": "setup_intent",
    "sub_": "subscription",
    "si_": "subscription_item",
    "prod_": "product",
    "price_": "price",
    "in_": "invoice",
    "ii_": "invoiceitem",
    "pi_": "payment_intent",
    "ch_": "charge",
    "re_": "refund",
    "dp_": "dispute",
    "txn_": "balance_transaction",
    "po_": "payout",
    "evt_": "event",
    "we_": "webhook_endpoint",
    "bps_": "billing_portal.session",
    "txr_": "tax_rate",
    "txi_": "tax_id",
    "di_": "discount",
    "promo_": "promotion_code",
    "coupon_": "coupon",
}
PREFIXES = {kind: prefix for prefix, kind in KINDS.items()}
ALPHABET = string.ascii_letters + string.digits
HIDDEN = {"invoice": ("payments", "confirmation_secret")}
"""Fields that an object shows only when they are asked for in ``expand``."""
MOST_DEPTH = 4


def new_id(prefix: str) -> str:
    """An id such as ``cus_`` and 14 random characters."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(14))


class Objects:
    """Reads and writes Stripe objects by kind and id."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.origin: Doc = {"id": None, "idempotency_key": None}
        """The request that is being served, as events name it."""

    def now(self) -> int:
        """Virtual time in whole Unix seconds, as Stripe writes it."""
        return math.floor(self.world.clock.now().timestamp())

    def make(self, kind: str, **fields: Any) -> Doc:
        """Keep and return a new object with id, ``object``, ``created`` and ``livemode``."""
        doc = {"id": new_id(PREFIXES[kind]), "object": kind, "created": self.now(), "livemode": False, **fields}
        self.keep(doc)
        return doc

    def keep(self, doc: Doc) -> None:
        """Write an object."""
        self.world.store.put(f"stripe.{doc['object']}", doc["id"], doc)

    def find(self, kind: str, id: str) -> Doc | None:
        """An object, or None."""
        return self.world.store.get(f"stripe.{kind}", id)

    def get(self, kind: str, id: str, param: str | None = "id") -> Doc:
        """An object; raises ``resource_missing``, as 404, or as 400 where it is another object's parameter."""
        doc = self.find(kind, id)
        if doc is None:
            raise missing(kind.replace("_", " ") if kind == "payment_method" else kind, id, param)
        return doc

    def delete(self, doc: Doc) -> Doc:
        """Remove an object; the answer that says so."""
        self.world.store.delete(f"stripe.{doc['object']}", doc["id"])
        return {"id": doc["id"], "object": doc["object"], "deleted": True}

    def all(self, kind: str, **equals: Any) -> list[Doc]:
        """All objects of a kind with these field values, oldest first."""
        return self.world.store.list(f"stripe.{kind}", **equals)

    def show(self, value: Any, expand: list[str]) -> Any:
        """An answer: ids replaced by objects where ``expand`` asks, hidden fields left out elsewhere."""
        for path in expand:
            if path.count(".") >= MOST_DEPTH:
                raise invalid("You cannot expand more than 4 levels of a property.", "expand")
        return self._show(value, [path.split(".") for path in expand])

    def _show(self, value: Any, paths: list[list[str]]) -> Any:
        if isinstance(value, list):
            return [self._show(part, paths) for part in value]
        if not isinstance(value, dict):
            return value
        hidden = HIDDEN.get(str(value.get("object")), ())
        shown = {}
        for key, inner in value.items():
            deeper = [path[1:] for path in paths if path[0] == key]
            if key in hidden and not deeper:
                continue
            if deeper and isinstance(inner, str):
                inner = self._by_id(inner)
            shown[key] = self._show(inner, [path for path in deeper if path])
        return shown

    def _by_id(self, id: str) -> Any:
        kind = next((kind for prefix, kind in KINDS.items() if id.startswith(prefix)), None)
        return (self.find(kind, id) if kind else None) or id


def page_of(docs: list[Doc], params: Params, url: str) -> Doc:
    """A list envelope, newest first, cut by ``limit``, ``starting_after`` and ``ending_before``."""
    limit = params.integer("limit", least=1) or 10
    if limit > 100:
        raise invalid("Invalid integer: limit must be at most 100", "limit")
    newest = docs[::-1]
    ids = [doc["id"] for doc in newest]
    after, before = params.text("starting_after"), params.text("ending_before")
    for name, id in (("starting_after", after), ("ending_before", before)):
        if id is not None and id not in ids:
            raise missing("object", id, name)
    if before is not None:
        earlier = newest[: ids.index(before)]
        return {"object": "list", "url": url, "has_more": len(earlier) > limit, "data": earlier[-limit:]}
    rest = newest[ids.index(after) + 1 :] if after is not None else newest
    return {"object": "list", "url": url, "has_more": len(rest) > limit, "data": rest[:limit]}


PAGING = ("limit", "starting_after", "ending_before", "created")


def created_filter(docs: list[Doc], params: Params) -> list[Doc]:
    """Keep what ``created`` or ``created[gte]`` and the like ask for."""
    value = params.values.get("created")
    if value is None:
        return docs
    if isinstance(value, str):
        return [doc for doc in docs if doc["created"] == params.integer("created")]
    bounds = params.group("created").only("gt", "gte", "lt", "lte")
    low = max((bounds.integer("gt") or -1) + 1, bounds.integer("gte") or 0)
    high = min((bounds.integer("lt") or 2**60) - 1, bounds.integer("lte") or 2**60)
    return [doc for doc in docs if low <= doc["created"] <= high]
