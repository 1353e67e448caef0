"""Tax at Stripe: the customer's address and number, and the rates by which invoices are taxed."""

from __future__ import annotations

from typing import Any

import stripe

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.domain.vat import Taxation, VatId, kind_of
from ytempire.billing.ports import NumberRefusedError, Registered, TaxDetails, VatIdFacts

_MINE = "ytempire_vat"
_UNKNOWN = "Stripe does not accept this VAT number. Correct it, or leave it out."


class StripeTaxes(StripeCalls):
    """Customers' addresses and numbers, tax rates."""

    async def register(
        self, user_id: str, customer_id: str | None, details: TaxDetails, idempotency_key: str
    ) -> Registered:
        return await self._call(
            "stripe tax details", lambda: self._register(user_id, customer_id, details, idempotency_key)
        )

    async def apply(
        self, customer_id: str, subscription_id: str | None, taxation: Taxation, idempotency_key: str
    ) -> None:
        await self._call("stripe tax", lambda: self._apply(customer_id, subscription_id, taxation, idempotency_key))

    async def vat_id(self, tax_id: str) -> VatIdFacts | None:
        return await self._call("stripe tax id", lambda: self._vat_id(tax_id))

    def _register(self, user_id: str, customer_id: str | None, details: TaxDetails, key: str) -> Registered:
        person: Any = {"name": details.name, "address": details.address}
        if customer_id is None:
            made: Any = {**person, "metadata": {"user_id": user_id}}
            customer_id = self._client.v1.customers.create(made, {"idempotency_key": f"customer-{key}"}).id
        else:
            self._client.v1.customers.update(customer_id, person, {"idempotency_key": f"address-{key}"})
        return Registered(customer_id, self._number(customer_id, details, key))

    def _number(self, customer_id: str, details: TaxDetails, key: str) -> VatId:
        """Keep the number that is wanted, and no other."""
        known = self._client.v1.customers.tax_ids.list(customer_id).data
        kept = next((each for each in known if each.value == details.vat_id), None)
        if details.vat_id and kept is None:
            kept = self._new_number(customer_id, details, key)
        for each in known:
            if kept is None or each.id != kept.id:
                self._client.v1.customers.tax_ids.delete(customer_id, each.id)
        return _status(kept) if kept else "none"

    def _new_number(self, customer_id: str, details: TaxDetails, key: str) -> stripe.TaxId:
        try:
            return self._client.v1.customers.tax_ids.create(
                customer_id,
                {"type": kind_of(details.address["country"]), "value": details.vat_id},
                {"idempotency_key": f"vat-{key}"},
            )
        except stripe.InvalidRequestError as error:
            if error.code != "tax_id_invalid":
                raise
            raise NumberRefusedError("vat_id_refused", _UNKNOWN) from error

    def _apply(self, customer_id: str, subscription_id: str | None, taxation: Taxation, key: str) -> None:
        exempt: Any = "reverse" if taxation.treatment == "reverse_charge" else "none"
        self._client.v1.customers.update(customer_id, {"tax_exempt": exempt}, {"idempotency_key": f"exempt-{key}"})
        if subscription_id is None:
            return
        rates: Any = tax_rates(self._client, taxation) or ""
        self._client.v1.subscriptions.update(
            subscription_id,
            {"default_tax_rates": rates, "proration_behavior": "none"},
            {"idempotency_key": f"taxed-{key}"},
        )
        # a renewal's invoice is a draft for an hour: it is still to come
        for draft in self._client.v1.invoices.list({"subscription": subscription_id, "status": "draft"}).data:
            self._client.v1.invoices.update(
                str(draft.id), {"default_tax_rates": rates}, {"idempotency_key": f"draft-{draft.id}-{key}"}
            )

    def _vat_id(self, tax_id: str) -> VatIdFacts | None:
        try:
            found = self._client.v1.tax_ids.retrieve(tax_id)
        except stripe.InvalidRequestError:
            return None  # taken away meanwhile
        if not found.customer:
            return None
        owner = found.customer if isinstance(found.customer, str) else found.customer.id
        metadata = self._client.v1.customers.retrieve(owner).metadata
        user_id = dict(metadata.to_dict()).get("user_id") if metadata is not None else None
        return VatIdFacts(user_id, _status(found)) if user_id else None


def _status(tax_id: stripe.TaxId) -> VatId:
    """A registry that cannot be asked has not confirmed anything."""
    said = tax_id.verification.status if tax_id.verification else "pending"
    match said:
        case "verified":
            return "verified"
        case "unverified":
            return "unverified"
        case _:
            return "pending"


def tax_rates(client: stripe.StripeClient, taxation: Taxation | None) -> list[str]:
    """Stripe's rates for a taxation, made on first use; another percentage is another rate."""
    if taxation is None or taxation.treatment != "vat":
        return []
    percent = float(taxation.percent)
    for rate in client.v1.tax_rates.list({"active": True, "inclusive": False, "limit": 100}).auto_paging_iter():
        mine = rate.metadata is not None and _MINE in rate.metadata.to_dict()
        if mine and rate.country == taxation.country and rate.percentage == percent:
            return [rate.id]
    made = client.v1.tax_rates.create(
        {
            "display_name": "VAT",
            "percentage": percent,
            "inclusive": False,
            "country": taxation.country,
            "tax_type": "vat",
            "metadata": {_MINE: "1"},
        },
        {"idempotency_key": f"tax-rate-{taxation.country}-{taxation.percent}"},
    )
    return [made.id]
