"""Payments: the card that is charged, the invoices, and what happened in order, as billing says."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.billing import (
    DiscountEnded,
    DiscountGranted,
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentMethodChanged,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionPaused,
    SubscriptionRecovered,
    SubscriptionResumed,
    SubscriptionStarted,
    TaxChanged,
    TrialEnding,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

cards = Table(
    "cards",
    TABLES,
    Column("user_id", Text, primary_key=True),
    tenant_column(),
    Column("brand", Text),
    Column("last4", Text),
    Column("exp_month", Integer),
    Column("exp_year", Integer),
    mark_column("mark"),
)

taxes = Table(
    "taxes",
    TABLES,
    Column("user_id", Text, primary_key=True),
    tenant_column(),
    Column("country", Text),
    Column("treatment", Text),
    Column("percent", Text),
    Column("vat_id", Text),
    mark_column("mark"),
)

discounts = Table(
    "discounts",
    TABLES,
    Column("user_id", Text, primary_key=True),
    tenant_column(),
    Column("code", Text),
    Column("percent", Text),
    Column("amount", JSON),
    Column("duration", Text),
    Column("months", Integer),
    mark_column("mark"),
)

invoices = Table(
    "invoices",
    TABLES,
    Column("invoice_id", Text, primary_key=True),
    tenant_column(),
    time_column("paid_at"),
    Column("net_micros", BigInteger),
    Column("tax_micros", BigInteger),
    Column("currency", Text),
    Column("tax_percent", Text),
    Column("reverse_charge", Boolean),
    time_column("period_start"),
    time_column("period_end"),
    mark_column("failure_mark"),
    time_column("failed_at"),
)

happenings = Table(
    "happenings",
    TABLES,
    Column("event_id", Text, primary_key=True),
    tenant_column(),
    time_column("at"),
    Column("kind", Text),
    Column("data", JSON),
)

Happening = (
    SubscriptionStarted
    | SubscriptionChanged
    | SubscriptionPastDue
    | SubscriptionPaused
    | SubscriptionResumed
    | SubscriptionRecovered
    | SubscriptionCancelled
    | EntitlementsChanged
    | TrialEnding
    | PaymentMethodChanged
    | DiscountGranted
    | DiscountEnded
    | TaxChanged
    | PaymentFailed
    | InvoicePaid
    | RefundIssued
    | DisputeOpened
    | DisputeClosed
)


async def _happened(connection: Writing, event: Happening, envelope: Envelope) -> None:
    row = {
        "event_id": envelope.id,
        "tenant_id": event.user_id,
        "at": envelope.time,
        "kind": type(event).__name__,
        "data": event.model_dump(mode="json", exclude={"user_id", "receipt"}),
    }
    await upsert(connection, happenings, row)


async def _card(connection: Writing, event: PaymentMethodChanged, envelope: Envelope) -> None:
    row = {**event.model_dump(), "tenant_id": event.user_id, "mark": envelope.position}
    await upsert(connection, cards, row, "mark")
    await _happened(connection, event, envelope)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _discounted(connection: Writing, event: DiscountGranted | DiscountEnded, envelope: Envelope) -> None:
    granted = isinstance(event, DiscountGranted)
    row = {
        "user_id": event.user_id,
        "tenant_id": event.user_id,
        "mark": envelope.position,
        "code": event.code if granted else None,
        **dict.fromkeys(("percent", "amount", "duration", "months")),
        **(event.model_dump(mode="json", include={"percent", "amount", "duration", "months"}) if granted else {}),
    }
    await upsert(connection, discounts, row, "mark")
    await _happened(connection, event, envelope)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _taxed(connection: Writing, event: TaxChanged, envelope: Envelope) -> None:
    row = {**event.model_dump(), "tenant_id": event.user_id, "mark": envelope.position}
    await upsert(connection, taxes, row, "mark")
    await _happened(connection, event, envelope)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _paid(connection: Writing, event: InvoicePaid, envelope: Envelope) -> None:
    row = {
        "invoice_id": event.invoice_id,
        "tenant_id": event.user_id,
        "paid_at": envelope.time,
        "net_micros": event.net.micros,
        "tax_micros": event.tax.micros,
        "currency": event.net.currency,
        "tax_percent": event.tax_percent,
        "reverse_charge": event.reverse_charge,
        "period_start": event.period_start,
        "period_end": event.period_end,
    }
    await upsert(connection, invoices, row)
    await _happened(connection, event, envelope)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _failed(connection: Writing, event: PaymentFailed, envelope: Envelope) -> None:
    row = {
        "invoice_id": event.invoice_id,
        "tenant_id": event.user_id,
        "failed_at": envelope.time,
        "failure_mark": envelope.position,
    }
    await upsert(connection, invoices, row, "failure_mark")
    await _happened(connection, event, envelope)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


PAYMENTS = Projection(
    "payments",
    TABLES,
    {
        SubscriptionStarted: _happened,
        SubscriptionChanged: _happened,
        SubscriptionPastDue: _happened,
        SubscriptionPaused: _happened,
        SubscriptionResumed: _happened,
        SubscriptionRecovered: _happened,
        SubscriptionCancelled: _happened,
        EntitlementsChanged: _happened,
        TrialEnding: _happened,
        RefundIssued: _happened,
        DisputeOpened: _happened,
        DisputeClosed: _happened,
        PaymentMethodChanged: _card,
        TaxChanged: _taxed,
        DiscountGranted: _discounted,
        DiscountEnded: _discounted,
        InvoicePaid: _paid,
        PaymentFailed: _failed,
    },
    version=3,
)
