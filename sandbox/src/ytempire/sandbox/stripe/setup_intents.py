"""Setup intents: proving a card and keeping it for later charges."""

from ytempire.sandbox.stripe.api import Call, Routes
from ytempire.sandbox.stripe.cards import Cards
from ytempire.sandbox.stripe.errors import StripeError, invalid
from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, created_filter, page_of

ALLOWED = ("customer", "payment_method", "confirm", "usage", "allowed_payment_method_types",
           "payment_method_types", "automatic_payment_methods",
           "metadata", "description", "return_url", "single_use")  # fmt: skip
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


class SetupIntents:
    """The commands on setup intents."""

    def __init__(self, objects: Objects, events: Events, cards: Cards) -> None:
        self._objects, self._events, self._cards = objects, events, cards

    def create(self, params: Params) -> Doc:
        """A new intent; confirmed at once with ``confirm=true``."""
        params.only(*ALLOWED)
        customer = params.text("customer")
        if customer is not None:
            self._objects.get("customer", customer, "customer")
        card = params.text("payment_method")
        doc = self._objects.make(
            "setup_intent",
            application=None,
            automatic_payment_methods=params.group("automatic_payment_methods").values or None,
            cancellation_reason=None,
            customer=customer,
            description=params.text("description"),
            last_setup_error=None,
            latest_attempt=None,
            metadata=params.metadata(),
            next_action=None,
            payment_method=self._cards.resolve(card)["id"] if card else None,
            payment_method_types=params.texts("allowed_payment_method_types")
            or params.texts("payment_method_types")
            or ["card"],
            single_use_mandate=None,
            status="requires_confirmation" if card else "requires_payment_method",
            usage=params.choice("usage", ("off_session", "on_session"), "off_session"),
        )
        doc["client_secret"] = f"{doc['id']}_secret_{doc['id'][-10:]}"
        self._objects.keep(doc)
        self._events.emit("setup_intent.created", doc)
        return self.confirm(doc, Params({})) if params.flag("confirm") else doc

    def confirm(self, doc: Doc, params: Params) -> Doc:
        """Check the card with its issuer and give it to the customer; 402 if it is declined."""
        params.only("payment_method", "return_url", "client_secret", "use_stripe_sdk")
        if doc["status"] not in OPEN:
            raise _unexpected(doc, "confirm")
        if params.text("payment_method"):
            doc["payment_method"] = self._cards.resolve(params.needed("payment_method"))["id"]
        if doc["payment_method"] is None:
            raise invalid(
                "You cannot confirm this SetupIntent because it's missing a payment method.", "payment_method"
            )
        if self._cards.conduct(doc["payment_method"])["authenticate"]:
            url = f"{self._objects.world.settings.base_url}/checkout/authenticate?setup={doc['id']}"
            action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}
            return self._events.change_as(
                "setup_intent.requires_action", doc, status="requires_action", next_action=action
            )
        return self._succeed(doc)

    def authenticated(self, doc: Doc) -> Doc:
        """The card's holder has passed the bank's question."""
        if doc["status"] != "requires_action":
            raise _unexpected(doc, "authenticate")
        self._cards.authenticate(doc["payment_method"])
        return self._succeed(doc)

    def cancel(self, doc: Doc, params: Params) -> Doc:
        """Give an intent up."""
        params.only("cancellation_reason")
        if doc["status"] not in OPEN:
            raise _unexpected(doc, "cancel")
        reason = params.text("cancellation_reason")
        return self._events.change_as("setup_intent.canceled", doc, status="canceled", cancellation_reason=reason)

    def _succeed(self, doc: Doc) -> Doc:
        card = self._objects.get("payment_method", doc["payment_method"])
        try:
            if doc["customer"]:
                self._cards.attach(card, doc["customer"])
        except StripeError as error:
            fields = {
                "status": "requires_payment_method",
                "payment_method": None,
                "last_setup_error": dict(error.error),
            }
            self._events.change_as("setup_intent.setup_failed", doc, **fields)
            error.error["setup_intent"] = dict(doc)
            raise
        return self._events.change_as("setup_intent.succeeded", doc, status="succeeded", next_action=None)


def _unexpected(doc: Doc, verb: str) -> StripeError:
    text = f"You cannot {verb} this SetupIntent because it has a status of {doc['status']}."
    return invalid(text, None, "setup_intent_unexpected_state")


def add_routes(routes: Routes, objects: Objects, intents: SetupIntents) -> None:
    """``/v1/setup_intents``."""

    def found(call: Call) -> Doc:
        return objects.get("setup_intent", call.ids["id"])

    def listed(call: Call) -> Doc:
        params = call.params.only("customer", "payment_method", *PAGING)
        exact = {name: params.text(name) for name in ("customer", "payment_method") if params.text(name)}
        return page_of(created_filter(objects.all("setup_intent", **exact), params), params, "/v1/setup_intents")

    routes.add("POST", "/setup_intents", lambda call: intents.create(call.params))
    routes.add("GET", "/setup_intents", listed)
    routes.add("GET", "/setup_intents/{id}", found)
    routes.add("POST", "/setup_intents/{id}/confirm", lambda call: intents.confirm(found(call), call.params))
    routes.add("POST", "/setup_intents/{id}/cancel", lambda call: intents.cancel(found(call), call.params))
