"""Test cards, payment methods, and what an issuer says to them."""

import hashlib
from dataclasses import dataclass

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.errors import StripeError, declined, invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, page_of

CONDUCT = "stripe.card_conduct"


@dataclass(frozen=True)
class Card:
    """A test card: its brand, and the reasons for which attaching or charging it fails."""

    number: str
    brand: str = "visa"
    attach: str | None = None
    charge: str | None = None
    authenticate: bool = False
    dispute: bool = False
    """Its holder disputes every charge that went through."""


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("5555555555554444", "mastercard"),
        Card("378282246310005", "amex"),
        Card("4000000000000002", attach="generic_decline", charge="generic_decline"),
        Card("4000000000009995", attach="insufficient_funds", charge="insufficient_funds"),
        Card("4000000000009987", attach="lost_card", charge="lost_card"),
        Card("4000000000000069", attach="expired_card", charge="expired_card"),
        Card("4000000000000127", attach="incorrect_cvc", charge="incorrect_cvc"),
        Card("4000000000000119", attach="processing_error", charge="processing_error"),
        Card("4000000000000341", charge="generic_decline"),
        Card("4000002500003155", authenticate=True),
        Card("4000000000000259", dispute=True),
    )
}
TOKENS = {
    "visa": "4242424242424242",
    "mastercard": "5555555555554444",
    "amex": "378282246310005",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequiredOnSetup": "4000002500003155",
    "createDispute": "4000000000000259",
}
"""What follows ``pm_card_`` (and ``tok_``) in Stripe's test ids."""


def token_card(token: str) -> Card | None:
    """The card behind ``pm_card_visa`` or ``tok_visa``, or None."""
    name = token.removeprefix("pm_card_").removeprefix("tok_")
    return CARDS[TOKENS[name]] if name != token and name in TOKENS else None


class Cards:
    """Makes payment methods, attaches them, and knows what each one's issuer will say."""

    def __init__(self, objects: Objects, events: Events) -> None:
        self._objects, self._events = objects, events

    def make(self, card: Card, month: int, year: int, billing_details: Doc | None = None) -> Doc:
        """A new payment method of a card; the number itself is not kept."""
        doc = self._objects.make(
            "payment_method",
            type="card",
            customer=None,
            allow_redisplay="unspecified",
            billing_details=billing_details or {"address": None, "email": None, "name": None, "phone": None},
            card={
                "brand": card.brand,
                "display_brand": card.brand,
                "last4": card.number[-4:],
                "exp_month": month,
                "exp_year": year,
                "funding": "credit",
                "country": "US",
                "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
                "networks": {"available": [card.brand], "preferred": None},
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            metadata={},
        )
        conduct = {
            "attach": card.attach,
            "charge": card.charge,
            "authenticate": card.authenticate,
            "dispute": card.dispute,
        }
        self._objects.world.store.put(CONDUCT, doc["id"], conduct)
        return doc

    def resolve(self, id: str, param: str = "payment_method") -> Doc:
        """The payment method of an id; a test id such as ``pm_card_visa`` makes a new one."""
        card = token_card(id) if id.startswith("pm_card_") else None
        if card is not None:
            return self.make(card, 12, self._year() + 5)
        doc = self._objects.find("payment_method", id)
        if doc is None:
            raise invalid(f"No such PaymentMethod: '{id}'", param, "resource_missing")
        return doc

    def attach(self, doc: Doc, customer: str, *, authenticated: bool = False) -> Doc:
        """Give a payment method to a customer; the issuer may refuse (402)."""
        if doc["customer"] == customer:
            return doc
        if doc["customer"] is not None:
            raise invalid(
                "The payment method you provided has already been attached to a customer.",
                code="payment_method_already_attached",
            )
        conduct = self.conduct(doc["id"])
        if conduct["attach"]:
            raise declined(str(conduct["attach"]), payment_method=doc)
        if authenticated:
            self.authenticate(doc["id"])
        return self._events.change_as("payment_method.attached", doc, customer=customer)

    def conduct(self, id: str) -> Doc:
        """What the issuer will do: reasons for refusing ``attach`` and ``charge``, and whether to ``authenticate``."""
        return self._objects.world.store.get(CONDUCT, id) or {"attach": None, "charge": None, "authenticate": False}

    def authenticate(self, id: str) -> None:
        """The card's holder has proved to be it; later charges pass."""
        self._objects.world.store.put(CONDUCT, id, {**self.conduct(id), "authenticate": False})

    def owned(self, id: str, customer: str, param: str = "default_payment_method") -> Doc:
        """The payment method, which must be attached to the customer."""
        doc = self.resolve(id, param)
        if doc["customer"] != customer:
            raise invalid(
                "The customer does not have a payment method with the ID " + id + ". The payment method must be "
                "attached to the customer.", param, "resource_missing",
            )  # fmt: skip
        return doc

    def from_form(self, params: Params) -> Doc:
        """A payment method as a server may make it: from a test token, never from a number."""
        params.only("type", "card", "billing_details", "metadata", "allow_redisplay")
        if params.needed("type") != "card":
            raise invalid("Invalid type: this sandbox knows payment methods of type card only.", "type")
        card = params.group("card").only("token", "number", "exp_month", "exp_year", "cvc")
        if card.has("number"):
            raise StripeError(
                402,
                "invalid_request_error",
                "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use "
                "test tokens that map to the test card you are using.",
            )
        token = card.needed("token")
        known = token_card(token)
        if known is None:
            raise invalid(f"No such token: '{token}'", "card[token]", "resource_missing")
        doc = self.make(known, 12, self._year() + 5, params.values.get("billing_details"))
        doc["metadata"] = params.metadata()
        self._objects.keep(doc)
        return doc

    def _year(self) -> int:
        return self._objects.world.clock.now().year


def add_routes(routes: Routes, objects: Objects, events: Events, cards: Cards) -> None:
    """``/v1/payment_methods`` and the customer's own list."""

    def attach(call: Call) -> Doc:
        customer = objects.get("customer", call.params.only("customer").needed("customer"), "customer")
        return cards.attach(cards.resolve(call.ids["id"], "id"), customer["id"])

    def detach(call: Call) -> Doc:
        doc = objects.get("payment_method", call.ids["id"])
        if doc["customer"] is None:
            raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
        return events.change_as("payment_method.detached", doc, customer=None)

    def update(call: Call) -> Doc:
        params = call.params.only("metadata", "billing_details", "card", "allow_redisplay")
        doc = objects.get("payment_method", call.ids["id"])
        return events.change(doc, "payment_method.updated", metadata=params.metadata(doc["metadata"]))

    def listed(call: Call) -> Doc:
        params = call.params.only("customer", "type", "allow_redisplay", *PAGING)
        customer = call.ids.get("customer") or params.text("customer")
        found = objects.all("payment_method", customer=customer) if customer else objects.all("payment_method")
        return page_of(found, params, "/v1/payment_methods")

    def of_customer(call: Call) -> Doc:
        return objects.get("payment_method", call.ids["id"])

    routes.add("POST", "/payment_methods", lambda call: cards.from_form(call.params))
    routes.add("GET", "/payment_methods", listed)
    routes.add("GET", "/payment_methods/{id}", lambda call: objects.get("payment_method", call.ids["id"]))
    routes.add("POST", "/payment_methods/{id}", update)
    routes.add("POST", "/payment_methods/{id}/attach", attach)
    routes.add("POST", "/payment_methods/{id}/detach", detach)
    routes.add("GET", "/customers/{customer}/payment_methods", listed)
    routes.add("GET", "/customers/{customer}/payment_methods/{id}", of_customer)
