"""Charge another card, charge an overdue invoice now, open the provider's own pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ytempire.billing.domain import paying as domain
from ytempire.billing.domain import subscription
from ytempire.billing.domain.events import CardOrdered, InvoicePaymentOrdered
from ytempire.billing.domain.state import Subscription
from ytempire.billing.ports import Accounts, PaymentRefusedError
from ytempire.chassis import Sealer
from ytempire.events.gateway import BillingAccessRequested, InvoicePaymentRequested, PaymentMethodChangeRequested
from ytempire.eventstore import Delivery, EventStore

_OPEN_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Pay:
    store: EventStore
    accounts: Accounts
    sealer: Sealer

    async def order_card(self, event: PaymentMethodChangeRequested, delivery: Delivery) -> None:
        account = await self._account(event.user_id)
        command = domain.OrderCard(event.user_id, event.payment_method_id, account.customer_id is not None)
        await self._execute(event.user_id, command, delivery)

    async def change_card(self, event: CardOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: the provider answers the same key with the same outcome."""
        account = await self._account(event.user_id)
        command: domain.Command
        try:
            subscription_id = account.subscription_id if account.running else None
            card = await self.accounts.change_card(
                account.customer_id or "", subscription_id, event.payment_method_id, delivery.envelope.id
            )
        except PaymentRefusedError as error:
            command = domain.RefuseCard(event.user_id, error.code, str(error))
        else:
            command = domain.KeepCard(event.user_id, card)
        await self._execute(event.user_id, command, delivery)

    async def order_payment(self, event: InvoicePaymentRequested, delivery: Delivery) -> None:
        account = await self._account(event.user_id)
        # which invoice it is goes into the order: after a crash it may be paid already, and is found by its id
        due = await self.accounts.open_invoice(account.subscription_id) if account.subscription_id else None
        await self._execute(event.user_id, domain.OrderPayment(event.user_id, due), delivery)

    async def pay_invoice(self, event: InvoicePaymentOrdered, delivery: Delivery) -> None:
        """The effect. Safe to repeat: an invoice is paid once, whoever asks."""
        command: domain.Command
        try:
            await self.accounts.pay_invoice(event.invoice_id, delivery.envelope.id)
        except PaymentRefusedError as error:
            command = domain.RefusePayment(event.user_id, error.code, str(error))
        else:
            command = domain.MakePayment(event.user_id)
        await self._execute(event.user_id, command, delivery)

    async def open_access(self, event: BillingAccessRequested, delivery: Delivery) -> None:
        """No order goes before it: nothing changes at the provider, and what it opens closes by itself."""
        account = await self._account(event.user_id)
        command: domain.Command
        if account.customer_id is None:
            command = domain.no_customer(event.user_id)
        elif (opened := await self._opened(event, account.customer_id, delivery.envelope.id)) is None:
            message = "There is no invoice with this id in your account. Choose one of the list under billing."
            command = domain.RefuseAccess(event.user_id, "invoice_not_found", "invoice_id", message)
        else:
            sealed = self.sealer.seal("gateway", opened, delivery.envelope.time, _OPEN_FOR)
            command = domain.GrantAccess(event.user_id, event.kind, sealed)
        await self._execute(event.user_id, command, delivery)

    async def _opened(self, event: BillingAccessRequested, customer_id: str, key: str) -> dict[str, str | None] | None:
        if event.kind == "portal":
            return {"url": await self.accounts.portal(customer_id, event.return_url, key)}
        if event.kind == "card":
            return {"client_secret": await self.accounts.card_setup(customer_id, key)}
        pages = await self.accounts.invoice_pages(customer_id, event.invoice_id or "")
        return None if pages is None else {"url": pages.page, "pdf_url": pages.pdf}

    async def _account(self, user_id: str) -> Subscription:
        account, _ = await self.store.state(subscription.SUBSCRIPTION, subscription.stream(user_id))
        return account

    async def _execute(self, user_id: str, command: domain.Command, delivery: Delivery) -> None:
        await self.store.execute(domain.PAYING, domain.stream(user_id), command, claim=delivery.claim)
