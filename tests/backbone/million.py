"""A long log: how long its read models take to be rebuilt and its audit to be done, and how much memory that needs.

`python -m tests.backbone.million [events]` measures and prints. What is measured is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from ytempire.billing.bootstrap import DEFINITION
from ytempire.cli.memory import pss_mb
from ytempire.cli.testing import embedded_servers
from ytempire.events import Event
from ytempire.events.billing import EntitlementsChanged, VideoSlotConsumed, VideoSlotReserved
from ytempire.eventstore import EventStore, ReadModels, StreamAppend, Unit, derived_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.rebuilding import Rebuilder
from ytempire.eventstore.schema import create_event_store

_DSN = "YTEMPIRE_MILLION_DSN"
_ACCOUNTS = 1_000
_SAMPLE_S = 0.1


def measure(events: int) -> dict[str, Any]:
    """Fill billing's log, rebuild all of its read models in another process and audit the log there.

    Returns events, fill_s, rebuild_s, rebuild_cpu_s and audit_s, pss_mb (the most that process had) and findings.
    """
    with embedded_servers() as servers:
        database = servers.service_database("billing")
        with psycopg.connect(database.owner_dsn, autocommit=True) as connection:

            class _Owner:
                def execute(self, sql: str) -> object:
                    return connection.execute(sql.encode())

            create_event_store(_Owner(), application_role="billing", database=database.name)
        began = time.monotonic()
        asyncio.run(_fill(database.dsn, events))
        fill_s = time.monotonic() - began
        return {"fill_s": fill_s, **_watched(database.dsn)}


def _watched(dsn: str) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.backbone.million", "measured"],
        env={**os.environ, _DSN: dsn},
        stdout=subprocess.PIPE,
        text=True,
    )
    most = 0.0
    try:
        while process.poll() is None:
            most = max(most, pss_mb({"measured": process.pid})["measured"])
            time.sleep(_SAMPLE_S)
        output = process.communicate()[0]
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"the measured process ended with code {process.returncode}")
    return {**json.loads(output), "pss_mb": most}


async def _fill(dsn: str, events: int) -> None:
    store = EventStore("billing", dsn, lambda: datetime.now(UTC))
    await store.open()
    try:
        for first in range(0, events, 1_000):
            count = min(1_000, events - first)
            account = first // 1_000 % _ACCOUNTS
            made = tuple(_event(number, account) for number in range(first, first + count))
            await store.submit(Unit((StreamAppend(f"account-{account}", made),)))
    finally:
        await store.close()


def _event(number: int, account: int) -> Event:
    """A slot is reserved and consumed; now and then the plan changes."""
    user = derived_id("account", str(account))
    if number % 10 == 0:
        return EntitlementsChanged(user_id=user, plan="growth", active=True, channels=10, videos_per_day=30)
    video = derived_id("video", str(number // 2))
    if number % 2 == 0:
        return VideoSlotReserved(user_id=user, video_id=video, day=datetime(2026, 3, 2, tzinfo=UTC).date())
    return VideoSlotConsumed(user_id=user, video_id=video)


async def _measured(dsn: str) -> dict[str, Any]:
    store = EventStore("billing", dsn, lambda: datetime.now(UTC))
    await store.open()
    models = ReadModels("billing", dsn, DEFINITION.projections)
    try:
        await models.install()
        began = time.monotonic()
        for projection in models.projections:
            await Rebuilder(store, models, projection, _no_stream).rebuild()
        rebuilt, cpu_s = time.monotonic(), time.process_time()
        audit = await verify(store)
        audited = time.monotonic()
        return {
            "events": audit.events_checked,
            "rebuild_s": rebuilt - began,
            "rebuild_cpu_s": cpu_s,
            "audit_s": audited - rebuilt,
            "findings": len(audit.findings),
        }
    finally:
        await models.close()
        await store.close()


async def _no_stream(source: str, first: int) -> AsyncIterator[Carried]:
    raise RuntimeError(f"billing's read models follow its own log alone, not that of {source} (from {first})")
    yield


if __name__ == "__main__":
    if sys.argv[1:] == ["measured"]:
        sys.stdout.write(json.dumps(asyncio.run(_measured(os.environ[_DSN]))))
    else:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 1_000_000), indent=2) + "\n")
