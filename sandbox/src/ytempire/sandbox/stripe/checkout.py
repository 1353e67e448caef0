"""What a customer's browser sees: the card form, the bank's question, an invoice. It alone may take card numbers."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from ytempire.sandbox.journal import note
from ytempire.sandbox.pages import page
from ytempire.sandbox.stripe.cards import CARDS, Card, Cards
from ytempire.sandbox.stripe.errors import StripeError, declined, invalid
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import Doc, Objects
from ytempire.sandbox.stripe.pdf import invoice_pdf, remarks, sums
from ytempire.sandbox.stripe.setup_intents import SetupIntents


class CardInput(BaseModel):
    """A card as typed into the form; it is neither logged nor kept."""

    number: str = Field(repr=False)
    exp_month: int
    exp_year: int
    cvc: str = Field(repr=False)
    name: str | None = None
    email: str | None = None
    setup: str | None = None
    """Id of a setup intent to confirm with this card."""


def accept(card: CardInput, year: int, month: int) -> Card:
    """The test card of a number; raises 402 as the form's own checks and the card's issuer would."""
    number = "".join(card.number.split()).replace("-", "")
    if not number.isdigit() or not 12 <= len(number) <= 19 or not _luhn(number):
        raise _wrong("Your card number is incorrect.", "incorrect_number", "number")
    if not 1 <= card.exp_month <= 12:
        raise _wrong("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    full = card.exp_year + 2000 if card.exp_year < 100 else card.exp_year
    if (full, card.exp_month) < (year, month) or full > year + 50:
        raise _wrong("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    if not card.cvc.isdigit() or not 3 <= len(card.cvc) <= 4:
        raise _wrong("Your card's security code is invalid.", "invalid_cvc", "cvc")
    known = CARDS.get(number)
    if known is None:
        text = "Your card was declined. Your request was in test mode, but used a non test card."
        raise StripeError(402, "card_error", text, code="card_declined", decline_code="test_mode_live_card")
    if known.attach:
        raise declined(known.attach)
    return known


def _wrong(text: str, code: str, param: str) -> StripeError:
    return StripeError(402, "card_error", text, code=code, param=param)


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def router(objects: Objects, cards: Cards, intents: SetupIntents) -> APIRouter:
    """Routes of ``/checkout``."""
    routes = APIRouter(tags=["checkout"])
    world = objects.world

    def take(card: CardInput) -> Doc:
        now = world.clock.now()
        with world.store.transaction():
            made = cards.make(
                accept(card, now.year, now.month),
                card.exp_month,
                card.exp_year + 2000 if card.exp_year < 100 else card.exp_year,
                {"address": None, "email": card.email, "name": card.name, "phone": None},
            )
            status = None
            if card.setup:
                intent = objects.get("setup_intent", card.setup, "setup")
                status = intents.confirm(intent, Params({"payment_method": made["id"]}))["status"]
        return {"id": made["id"], "brand": made["card"]["brand"], "last4": made["card"]["last4"], "setup": status}

    @routes.post("/checkout/payment_methods")
    async def payment_methods(card: CardInput, request: Request) -> JSONResponse:
        """A payment method's id for a card, as the script in a browser gets it; 402 if the card is refused."""
        try:
            made = take(card)
        except StripeError as error:
            note(request, error=error.error.get("code"))
            return JSONResponse(
                {"error": {k: v for k, v in error.error.items() if k != "payment_method"}}, error.status
            )
        note(request, id=made["id"])
        return JSONResponse(made)

    @routes.get("/checkout/card", include_in_schema=False)
    async def form(setup: str | None = None) -> HTMLResponse:
        return page("card.html", setup=setup, error=None, made=None)

    @routes.post("/checkout/card", include_in_schema=False)
    async def submit(request: Request, card: Annotated[CardInput, Form()]) -> HTMLResponse:
        card.setup = card.setup or None
        try:
            made = take(card)
        except StripeError as error:
            note(request, error=error.error.get("code"))
            return page("card.html", error.status, setup=card.setup, error=str(error), made=None)
        note(request, id=made["id"])
        return page("card.html", setup=card.setup, error=None, made=made)

    @routes.get("/checkout/authenticate", include_in_schema=False)
    async def question(setup: str) -> HTMLResponse:
        intent = objects.find("setup_intent", setup)
        return page("authenticate.html", 200 if intent else 404, intent=intent, error=None)

    @routes.post("/checkout/authenticate", include_in_schema=False)
    async def passed(setup: Annotated[str, Form()]) -> HTMLResponse:
        intent = objects.find("setup_intent", setup)
        try:
            if intent is None:
                raise invalid(f"No such setup intent: {setup}")
            return page("authenticate.html", intent=intents.authenticated(intent), error=None)
        except StripeError as error:
            return page("authenticate.html", error.status, intent=intent, error=str(error))

    @routes.get("/checkout/invoice/{id}", include_in_schema=False)
    async def invoice(id: str) -> HTMLResponse:
        found = objects.find("invoice", id)
        if found is None:
            return page("invoice.html", 404, invoice=None)
        return page("invoice.html", invoice=found, sums=sums(found), remarks=remarks(found))

    @routes.get("/checkout/invoice/{id}/pdf", include_in_schema=False)
    async def pdf(id: str) -> Response:
        found = objects.find("invoice", id)
        if found is None or found["number"] is None:
            return page("invoice.html", 404, invoice=None)
        return Response(invoice_pdf(found), media_type="application/pdf")

    return routes
