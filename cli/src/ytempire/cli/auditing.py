"""Audit of a running platform: every service's log against itself, and against what the bus carried."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.bus import read_stream
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import OpenService, open_services
from ytempire.eventstore.audit import Audit, verify


@dataclass(frozen=True)
class ServiceAudit:
    """What was checked of one service."""

    audit: Audit
    bus_checked: int
    """Messages of its stream that were compared with its outbox."""
    counts: dict[str, int]
    """Events by type."""


async def audit_platform(plan: PlatformPlan) -> list[ServiceAudit]:
    """Audit every service."""
    async with open_services(plan) as services:
        return [await _audit(service) for service in services]


async def _audit(service: OpenService) -> ServiceAudit:
    audit = await verify(service.store)
    carried = await _compare_with_bus(service, audit)
    async with service.store.pool.connection() as connection:
        cursor = await connection.execute("select type, count(*) from es.events group by type order by type")
        counts = {str(row[0]): int(row[1]) for row in await cursor.fetchall()}
    return ServiceAudit(audit, carried, counts)


async def _compare_with_bus(service: OpenService, audit: Audit) -> int:
    """Each message on the bus is an outbox row, in the same order, and none is missing up to the last one."""
    async with service.store.pool.connection() as connection:
        cursor = await connection.execute("select position, event_id::text from es.outbox order by position")
        told = [(int(row[0]), str(row[1])) for row in await cursor.fetchall()]
    carried = 0
    async for envelope, _ in read_stream(service.jetstream, service.store.service):
        if carried >= len(told) or told[carried] != (envelope.position, envelope.id):
            audit.find(f"bus message {carried + 1} (position {envelope.position}) is not what the outbox told next")
            break
        carried += 1
    if audit.ok and carried < len(told):
        audit.find(f"position {told[carried][0]} was never published")
    return carried
