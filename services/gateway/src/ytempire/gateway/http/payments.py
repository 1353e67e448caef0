"""How the account pays: another card, the open invoice, and the payment provider's own pages."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response

from ytempire.events.gateway import (
    BillingAccessRequested,
    DiscountRequested,
    InvoicePaymentRequested,
    PaymentMethodChangeRequested,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import PermanentError
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, answer
from ytempire.gateway.http.fields import Body, ProviderId, Word
from ytempire.gateway.http.identity import BillingViews, BillingWrites, EdgeNow
from ytempire.gateway.problems import Problem
from ytempire.gateway.roles import Permission

router = APIRouter(prefix=API, tags=["billing"], responses=PROBLEMS)


class CardBody(Body):
    payment_method_id: ProviderId


class AccessBody(Body):
    kind: Literal["portal", "invoice", "card"]
    """The customer portal, the pages of an invoice, or the card form with the bank's question."""
    invoice_id: ProviderId | None = None


@router.post("/billing/card", responses=PENDING, summary="Charge another card from now on")
async def change_card(body: CardBody, write: BillingWrites, edge: EdgeNow) -> Response:
    event = PaymentMethodChangeRequested(user_id=write.user_id, payment_method_id=body.payment_method_id)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


class DiscountBody(Body):
    discount_code: Word


@router.post("/billing/discount", responses=PENDING, summary="Use a code that makes the invoices to come cheaper")
async def use_discount(body: DiscountBody, write: BillingWrites, edge: EdgeNow) -> Response:
    event = DiscountRequested(user_id=write.user_id, discount_code=body.discount_code)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post("/billing/pay", responses=PENDING, summary="Charge the open invoice now")
async def pay(write: BillingWrites, edge: EdgeNow) -> Response:
    event = InvoicePaymentRequested(user_id=write.user_id)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post("/billing/access", responses=PENDING, summary="Open the provider's portal, an invoice, or its card form")
async def access(body: AccessBody, write: BillingViews, edge: EdgeNow) -> Response:
    """The answer alone has the address or the form's secret; events and logs have it sealed.

    Whoever may see the billing may open an invoice; the portal and the card form are for who may change it.
    """
    if body.kind != "invoice":
        write.acting.need(Permission.BILLING)
    if (body.kind == "invoice") != (body.invoice_id is not None):
        text = "Send invoice_id with kind invoice, and with no other kind."
        raise Problem(422, "invoice_id_misplaced", text, field="/invoice_id")
    event = BillingAccessRequested(
        user_id=write.user_id,
        kind=body.kind,
        invoice_id=body.invoice_id,
        return_url=f"{edge.settings.public_url}/",
    )
    outcome = await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event)
    return answer(outcome, lambda told: {**told, **opened(edge, outcome.data["sealed"])})


def opened(edge: EdgeNow, sealed: dict[str, Any]) -> dict[str, Any]:
    """What another service sealed for the person who asked.

    :raises Problem: 410 if the answer is asked for again after its hour.
    """
    try:
        return edge.opener.open(Sealed.model_validate(sealed), edge.clock.now())
    except PermanentError as error:
        raise Problem(410, "access_expired", "This access was open for an hour. Ask with a new key.") from error
