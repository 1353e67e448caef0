"""Events: what happened to an object, kept, listed, and handed to the webhook sender."""

import copy
from typing import Any

from ytempire.sandbox.stripe.api import API_VERSION, Call, Routes
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of
from ytempire.sandbox.stripe.webhooks import Webhooks


class Events:
    """Writes events and the changes that cause them."""

    def __init__(self, objects: Objects, webhooks: Webhooks) -> None:
        self._objects, self._webhooks = objects, webhooks

    def emit(self, type: str, doc: Doc, previous: Doc | None = None) -> None:
        """Keep an event with a snapshot of the object and plan its delivery."""
        data: Doc = {"object": self._objects.show(copy.deepcopy(doc), [])}
        if previous is not None:
            data["previous_attributes"] = previous
        endpoints = self._webhooks.listeners(type)
        event = self._objects.make(
            "event",
            type=type,
            api_version=API_VERSION,
            data=data,
            request=dict(self._objects.origin),
            pending_webhooks=len(endpoints),
        )
        self._webhooks.plan(event, endpoints)

    def change(self, doc: Doc, type: str | None = None, **fields: Any) -> Doc:
        """Change fields, keep the object and emit ``type`` with what they were; no event if nothing changed."""
        previous = {key: copy.deepcopy(doc.get(key)) for key, value in fields.items() if doc.get(key) != value}
        doc.update(fields)
        self._objects.keep(doc)
        if type is not None and previous:
            self.emit(type, doc, previous)
        return doc

    def change_as(self, type: str, doc: Doc, **fields: Any) -> Doc:
        """Change fields, keep the object and emit ``type`` without what they were (``invoice.paid`` and the like)."""
        self.change(doc, None, **fields)
        self.emit(type, doc)
        return doc


def add_routes(routes: Routes, objects: Objects) -> None:
    """``/v1/events``."""

    def listed(call: Call) -> Doc:
        params = call.params.only("type", "types", "delivery_success", *PAGING)
        wanted = set(params.texts("types")) | ({params.needed("type")} if params.has("type") else set())
        if len(wanted) > 20:
            raise invalid("You may give at most 20 types.", "types")
        found = created_filter(objects.all("event"), params)
        return page_of([e for e in found if not wanted or matches(e["type"], wanted)], params, "/v1/events")

    routes.add("GET", "/events", listed)
    routes.add("GET", "/events/{id}", lambda call: objects.get("event", call.ids["id"]))


def matches(type: str, patterns: set[str]) -> bool:
    """Whether an event type is among patterns such as ``invoice.paid``, ``invoice.*`` or ``*``."""
    return any(p in ("*", type) or (p.endswith(".*") and type.startswith(p[:-1])) for p in patterns)
