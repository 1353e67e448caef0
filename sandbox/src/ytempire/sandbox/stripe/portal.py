"""The billing portal: a session for a customer, and the page on which the customer changes card or cancels."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from ytempire.sandbox.pages import page
from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.cycle import ENDED
from ytempire.sandbox.stripe.errors import StripeError
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import Doc, Objects
from ytempire.sandbox.stripe.subscriptions import Parts, Subscriptions

LIFE_S = 3_600
KIND = "billing_portal.session"


class Portal:
    """What a customer may do on the portal's page."""

    def __init__(self, parts: Parts) -> None:
        self._objects: Objects = parts.objects
        self._events: Events = parts.events
        self._cards: Cards = parts.cards
        self._subscriptions = Subscriptions(parts)

    def create(self, params: Params) -> Doc:
        """A session whose address is given to one customer; it is open for an hour."""
        params.only("customer", "return_url", "configuration", "locale", "flow_data")
        customer = self._objects.get("customer", params.needed("customer"), "customer")
        doc = self._objects.make(KIND, customer=customer["id"], return_url=params.text("return_url"), locale=None)
        doc["url"] = f"{self._objects.world.settings.base_url}/checkout/portal/{doc['id']}"
        self._objects.keep(doc)
        return doc

    def session(self, id: str) -> Doc | None:
        """A session that is still open."""
        doc = self._objects.find(KIND, id)
        return doc if doc is not None and self._objects.now() - doc["created"] < LIFE_S else None

    def show(self, id: str, error: str | None = None) -> HTMLResponse:
        """The page, or a 404 that says that the session is over."""
        doc = self.session(id)
        if doc is None:
            return page("portal.html", 404, session=None, error=None)
        customer = self._objects.get("customer", doc["customer"])
        default = customer["invoice_settings"]["default_payment_method"]
        return page(
            "portal.html",
            402 if error else 200,
            session=doc,
            error=error,
            customer=customer,
            card=self._objects.find("payment_method", default or ""),
            subscriptions=self._objects.all("subscription", customer=customer["id"]),
            invoices=self._objects.all("invoice", customer=customer["id"])[::-1],
        )

    def act(self, session: Doc, action: str, value: str) -> None:
        """``cancel`` or ``renew`` a subscription at its period's end, or take a payment method as the new ``card``."""
        if action == "card":
            card = self._cards.attach(self._cards.resolve(value), session["customer"])
            customer = self._objects.get("customer", session["customer"])
            settings = {**customer["invoice_settings"], "default_payment_method": card["id"]}
            self._events.change(customer, "customer.updated", invoice_settings=settings)
            return
        subscription = self._objects.get("subscription", value)
        if subscription["customer"] == session["customer"] and subscription["status"] not in ENDED:
            wanted = "true" if action == "cancel" else "false"
            self._subscriptions.update(subscription, Params({"cancel_at_period_end": wanted}))


def add_routes(routes: Routes, portal: Portal) -> None:
    """``/v1/billing_portal/sessions``."""

    def create(call: Call) -> Doc:
        return portal.create(call.params)

    routes.add("POST", "/billing_portal/sessions", create)


def router(objects: Objects, portal: Portal) -> APIRouter:
    """The portal's page."""
    routes = APIRouter()

    @routes.get("/checkout/portal/{id}", include_in_schema=False)
    async def show(id: str) -> HTMLResponse:
        return portal.show(id)

    @routes.post("/checkout/portal/{id}", include_in_schema=False)
    async def act(id: str, action: Annotated[str, Form()], value: Annotated[str, Form()]) -> HTMLResponse:
        session = portal.session(id)
        if session is None:
            return portal.show(id)
        try:
            with objects.world.store.transaction():
                portal.act(session, action, value)
        except StripeError as error:
            return portal.show(id, str(error))
        return portal.show(id)

    return routes
