"""One copy of a reference service: a read model of billing's customers, and a note of who applied what, and when.

Run as a process by ``tests.backbone.failover``; several on one database share the partitions.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.bus import Consumers, NatsAccess, broker, connect
from ytempire.chassis.telemetry import traced
from ytempire.events import Envelope, Event
from ytempire.events.billing import CustomerCreated
from ytempire.eventstore import EventStore, Leases, Projection, ReadModels, partition_of

SERVICE = "publisher"
TABLES = MetaData()
APPLIED = Table(
    "applied",
    TABLES,
    Column("number", BigInteger, primary_key=True, autoincrement=True),
    Column("position", BigInteger),
    Column("stream", Text),
    Column("partition", Integer),
    Column("pid", Integer),
    Column("at", DateTime(timezone=True), server_default=func.clock_timestamp()),
)
COLUMNS = ("position", "stream", "partition", "pid")
_ROWS = func.json_to_recordset(bindparam("rows")).table_valued(*(APPLIED.c[n] for n in COLUMNS))
_INSERT = insert(APPLIED).from_select(COLUMNS, select(_ROWS.render_derived(name="r", with_types=True)))


async def _batch(connection: AsyncConnection, run: Sequence[tuple[Event, Envelope]]) -> None:
    rows = [
        {"position": e.position, "stream": e.subject, "partition": partition_of(e.subject), "pid": os.getpid()}
        for _, e in run
    ]
    await connection.execute(_INSERT, {"rows": json.dumps(rows)})


async def _one(connection: AsyncConnection, event: CustomerCreated, envelope: Envelope) -> None:
    await _batch(connection, [(event, envelope)])


PROJECTION = Projection("customers", TABLES, {CustomerCreated: _one}, batch=_batch)


async def run(dsn: str, nats_url: str, password_file: Path) -> None:
    """Consume until killed."""
    access = NatsAccess(nats_url, SERVICE, password_file)
    async with AsyncExitStack() as stack:
        store = EventStore(SERVICE, dsn, lambda: datetime.now(UTC))
        await store.open()
        stack.push_async_callback(store.close)
        models = ReadModels(SERVICE, dsn, [PROJECTION])
        stack.push_async_callback(models.close)
        await models.install()
        client = await connect(access, SERVICE)
        stack.push_async_callback(client.close)
        leases = Leases(dsn)
        await Consumers(broker(access, SERVICE), client, store, models, {}, traced, leases).start()
        await leases.run()


if __name__ == "__main__":
    import uvloop

    uvloop.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
