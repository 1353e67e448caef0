"""The Stripe stand-in put together."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ytempire.sandbox.stripe import (
    balance,
    cards,
    catalog,
    checkout,
    coupons,
    customers,
    disputes,
    events,
    invoice_routes,
    invoices,
    money,
    portal,
    setup_intents,
    subscription_routes,
    tax,
    webhooks,
)
from ytempire.sandbox.stripe.api import Api, Call, Routes
from ytempire.sandbox.stripe.cycle import Cycle
from ytempire.sandbox.stripe.objects import Doc, Objects
from ytempire.sandbox.stripe.subscriptions import Parts
from ytempire.sandbox.world import World


def built(world: World) -> tuple[Api, Routes, tuple[APIRouter, ...]]:
    """The API, the table of its calls, and the pages that a customer's browser sees (``/checkout``)."""
    objects = Objects(world)
    sender = webhooks.Webhooks(objects)
    happened = events.Events(objects, sender)
    wallet = cards.Cards(objects, happened)
    books = balance.Balance(objects)
    complaints = disputes.Disputes(objects, happened, books)
    till = money.Money(objects, happened, wallet, books, complaints)
    discounts = coupons.Discounts(objects, happened)
    billed = invoices.Invoices(objects, happened, till, wallet, discounts)
    parts = Parts(objects, happened, wallet, till, billed, Cycle(objects, happened, billed), discounts)
    intents = setup_intents.SetupIntents(objects, happened, wallet)
    world.seed(sender.provision)

    table = Routes()
    events.add_routes(table, objects)
    webhooks.add_routes(table, objects)
    customers.add_routes(table, objects, happened, wallet)
    catalog.add_routes(table, objects, happened)
    coupons.add_routes(table, objects, happened)
    tax.add_routes(table, objects, happened)
    cards.add_routes(table, objects, happened, wallet)
    money.add_routes(table, objects, till)
    balance.add_routes(table, objects, happened, books)
    disputes.add_routes(table, objects, complaints)
    invoice_routes.add_routes(table, objects, happened, billed)
    setup_intents.add_routes(table, objects, intents)
    subscription_routes.add_routes(table, parts)
    desk = portal.Portal(parts)
    portal.add_routes(table, desk)
    table.add("GET", "/account", _account)

    pages = (checkout.router(objects, wallet, intents), portal.router(objects, desk))
    return Api(world, objects, table), table, pages


def router(world: World) -> APIRouter:
    """Routes of ``/stripe/v1`` and of the pages."""
    api, _, pages = built(world)
    routes = APIRouter()

    @routes.api_route("/stripe/v1/{path:path}", methods=["GET", "POST", "DELETE"], include_in_schema=False)
    async def call(request: Request, path: str) -> JSONResponse:
        return await api.serve(request, f"/{path}")

    for page in pages:
        routes.include_router(page)
    return routes


def _account(call: Call) -> Doc:
    call.params.only()
    return {"id": "acct_sandbox", "object": "account", "country": "US", "default_currency": "usd", "livemode": False}
