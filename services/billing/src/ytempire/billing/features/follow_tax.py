"""How an account is taxed: order what was asked for, make it at the provider, follow its registry and the rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import TaxOrdered
from ytempire.billing.domain.state import Subscription
from ytempire.billing.domain.tax import MakeTax, RefuseTax, RequestTax, Retax
from ytempire.billing.domain.vat import Seller, Taxation, plain_vat_id
from ytempire.billing.ports import NumberRefusedError, TaxDetails, Taxes
from ytempire.chassis import Opener
from ytempire.events.gateway import TaxDetailsRequested
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError, current, handling

_EXPIRED = "The details took too long to arrive. Nothing was changed; send them again."


@dataclass(frozen=True)
class FollowTax:
    store: EventStore
    taxes: Taxes
    opener: Opener
    seller: Seller

    async def order(self, event: TaxDetailsRequested, delivery: Delivery) -> None:
        command: domain.Command
        try:
            details = self.opener.open(event.sealed, delivery.envelope.time)
        except PermanentError:
            command = RefuseTax(event.user_id, "request_expired", "", _EXPIRED)
        else:
            command = RequestTax(event.user_id, event.country, plain_vat_id(details["vat_id"]), event.sealed)
        await self._execute(event.user_id, command, delivery)

    async def make(self, event: TaxOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: Stripe answers the same key with the same outcome."""
        state = await self._account(event.user_id)
        if state.taxing is None:
            return
        command: domain.Command
        try:
            command = await self._made(state, event, delivery.envelope.id, delivery.envelope.time)
        except NumberRefusedError as error:
            command = RefuseTax(event.user_id, error.code, "vat_id", str(error))
        except PermanentError:
            command = RefuseTax(event.user_id, "request_expired", "", _EXPIRED)
        await self._execute(event.user_id, command, delivery)

    async def _made(self, state: Subscription, event: TaxOrdered, key: str, at: datetime) -> MakeTax:
        customer_id, vat_id = state.customer_id or "", event.vat_id or "none"
        if event.sealed is not None:
            details = _details(event.country, self.opener.open(event.sealed, at))
            known = await self.taxes.register(event.user_id, state.customer_id, details, key)
            customer_id, vat_id = known.customer_id, known.vat_id
        now = self.seller.taxation(event.country, vat_id, at)
        subscription_id = state.subscription_id if state.running else None
        await self.taxes.apply(customer_id, subscription_id, now, key)
        return MakeTax(event.user_id, customer_id, vat_id, now)

    async def verified(self, tax_id: str, delivery: Delivery) -> None:
        """The registry answered about a number."""
        said = await self.taxes.vat_id(tax_id)
        if said is None:
            return
        state = await self._account(said.user_id)
        if state.taxing is not None:
            raise TransientError("the number is still being given to the provider")
        if state.tax is not None:
            due = self.seller.taxation(state.tax.country, said.vat_id, delivery.envelope.time)
            await self._execute(said.user_id, Retax(said.user_id, said.vat_id, due), delivery)

    async def invoiced(self, user_id: str, delivery: Delivery) -> None:
        """An invoice is being made: it is taxed at the rate of its day."""
        state = await self._account(user_id)
        if state.tax is None:
            return
        if state.taxing is not None:
            raise TransientError("the tax is being changed at the provider")
        due = self.seller.taxation(state.tax.country, state.tax.vat_id, delivery.envelope.time)
        await self._execute(user_id, Retax(user_id, state.tax.vat_id, due), delivery)

    async def _account(self, user_id: str) -> Subscription:
        state, _ = await self.store.state(domain.SUBSCRIPTION, domain.stream(user_id))
        return state

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        # a notice concerns nobody until its object names the account
        with handling(replace(current(), tenant=user_id)):
            await self.store.execute(domain.SUBSCRIPTION, domain.stream(user_id), command, claim=delivery.claim)


def taxation_of(seller: Seller, state: Subscription, at: datetime) -> Taxation | None:
    """How an account is taxed at a moment; None if it never said where it is."""
    return None if state.tax is None else seller.taxation(state.tax.country, state.tax.vat_id, at)


def _details(country: str, opened: Mapping[str, Any]) -> TaxDetails:
    lines = ("line1", "line2", "city", "postal_code", "state")
    address = {"country": country, **{name: opened[name] for name in lines if opened.get(name)}}
    return TaxDetails(opened["name"], address, plain_vat_id(opened["vat_id"]))
