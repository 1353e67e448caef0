"""Where the account is, for the tax on its invoices. Address and number are sealed: the provider alone keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from ytempire.events.gateway import TaxDetailsRequested
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, answer
from ytempire.gateway.http.fields import Body, Name, Word
from ytempire.gateway.http.identity import BillingWrites, EdgeNow

router = APIRouter(prefix=API, tags=["billing"], responses=PROBLEMS)

_SEALED_FOR = timedelta(days=7)
_LETTERS = 2


def _country(value: str) -> str:
    if len(value) != _LETTERS or not value.isascii() or not value.isalpha():
        text = "Write the country as its two letters (ISO 3166), such as DE for Germany and GR for Greece."
        raise PydanticCustomError("country_malformed", text)
    return value


Country = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True), AfterValidator(_country)]


class TaxBody(Body):
    name: Name
    """Whom invoices are made out to: a company, or a person."""
    country: Country
    line1: Name
    line2: Name | None = None
    postal_code: Word
    city: Name
    state: Word | None = None
    vat_id: Word | None = None
    """The number under which a business is registered for VAT; a person leaves it out."""


@router.post("/billing/tax", responses=PENDING, summary="Say where the account is, and its VAT number if it has one")
async def set_tax(body: TaxBody, write: BillingWrites, edge: EdgeNow) -> Response:
    """Invoices to come are taxed by it. A number counts once its registry confirmed it; those made before stay."""
    details = {**body.model_dump(exclude={"country", "vat_id"}), "vat_id": body.vat_id or ""}
    event = TaxDetailsRequested(
        user_id=write.user_id,
        country=body.country,
        sealed=edge.sealer.seal("billing", details, edge.clock.now(), _SEALED_FOR),
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))
