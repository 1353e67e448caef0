"""The ledger of Stripe's money, to be summed by account, day or customer; and how days agreed with Stripe's list."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Table, Text

from ytempire.billing.domain.events import LedgerEntryPosted, LedgerReconciled
from ytempire.billing.domain.ledger import day_of
from ytempire.events import Envelope
from ytempire.eventstore import Projection, Writing, put

TABLES = MetaData()
LINES = Table(
    "lines",
    TABLES,
    Column("entry_id", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    Column("day", Date, nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("currency", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
)
"""One row for each side of an entry; a debit is above zero. The rows of an entry sum to zero."""
COMPARED = Table(
    "compared",
    TABLES,
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("stripe_net", BigInteger, nullable=False),
    Column("ledger_net", BigInteger, nullable=False),
    Column("difference", BigInteger, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


async def _posted(connection: Writing, event: LedgerEntryPosted, envelope: Envelope) -> None:
    row = event.model_dump(include={"entry_id", "at", "what", "source_id", "invoice_id", "currency"})
    row |= {"tenant_id": envelope.tenantid, "day": day_of(event.at)}
    for line in event.lines:
        await put(connection, LINES, row | {"account": line.account, "micros": line.micros})


async def _compared(connection: Writing, event: LedgerReconciled, envelope: Envelope) -> None:
    row = {
        "day": event.day,
        "currency": event.difference.currency,
        "stripe_net": event.stripe_net.micros,
        "ledger_net": event.ledger_net.micros,
        "difference": event.difference.micros,
        "missed": event.missed,
        "at": envelope.time,
    }
    await put(connection, COMPARED, row)


PROJECTION = Projection("ledger", TABLES, {LedgerEntryPosted: _posted, LedgerReconciled: _compared})
