"""Payments: the card that is charged, and the invoices, as billing says."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.billing import InvoicePaid, PaymentFailed, PaymentMethodChanged
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

invoices = Table(
    "invoices",
    TABLES,
    Column("invoice_id", Text, primary_key=True),
    tenant_column(),
    time_column("paid_at"),
    Column("net_micros", BigInteger),
    Column("tax_micros", BigInteger),
    Column("currency", Text),
    time_column("period_start"),
    time_column("period_end"),
    mark_column("failure_mark"),
    time_column("failed_at"),
)


async def _card(connection: Writing, event: PaymentMethodChanged, envelope: Envelope) -> None:
    row = {**event.model_dump(), "tenant_id": event.user_id, "mark": envelope.position}
    await upsert(connection, cards, row, "mark")
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _paid(connection: Writing, event: InvoicePaid, envelope: Envelope) -> None:
    row = {
        "invoice_id": event.invoice_id,
        "tenant_id": event.user_id,
        "paid_at": envelope.time,
        "net_micros": event.net.micros,
        "tax_micros": event.tax.micros,
        "currency": event.net.currency,
        "period_start": event.period_start,
        "period_end": event.period_end,
    }
    await upsert(connection, invoices, row)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _failed(connection: Writing, event: PaymentFailed, envelope: Envelope) -> None:
    row = {
        "invoice_id": event.invoice_id,
        "tenant_id": event.user_id,
        "failed_at": envelope.time,
        "failure_mark": envelope.position,
    }
    await upsert(connection, invoices, row, "failure_mark")
    await announce(connection, event.user_id, "account", event.user_id, envelope)


PAYMENTS = Projection("payments", TABLES, {PaymentMethodChanged: _card, InvoicePaid: _paid, PaymentFailed: _failed})
