"""Rebuild of every read model of a running platform into a shadow, and comparison with the live one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ytempire.bus import read_carried
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import open_services
from ytempire.eventstore.shadow import Rebuilt, rebuild

Report = Callable[[str, Rebuilt], None]


async def rebuild_platform(plan: PlatformPlan, report: Report) -> list[tuple[str, Rebuilt]]:
    """Rebuild each projection of each service; `report` is told of each as it is done."""
    done: list[tuple[str, Rebuilt]] = []
    async with open_services(plan) as services:
        for service in services:
            for projection in service.models.projections:
                foreign = partial(read_carried, service.jetstream)
                rebuilt = await rebuild(service.store, service.models, projection, foreign)
                done.append((service.store.service, rebuilt))
                report(service.store.service, rebuilt)
    return done
