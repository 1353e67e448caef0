"""Audit of a running platform: every service's log against itself, the bus and what the other logs say of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from ytempire.bus.carried import compare, last_sequence
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import OpenService, open_services
from ytempire.eventstore import EventStore
from ytempire.eventstore.audit import Audit, Elsewhere, correlations, verify
from ytempire.eventstore.export import write_export
from ytempire.eventstore.heads import public_keys
from ytempire.eventstore.witnesses import check_heads, last_position

Progress = Callable[[str, int, int], None]
"""Told of which service how many events have been read, of how many."""


def _silent(_service: str, _read: int, _all: int) -> None:
    return


async def audit_platform(plan: PlatformPlan, progress: Progress = _silent) -> list[Audit]:
    """Audit every service of the platform."""
    async with open_services(plan) as services:
        return await audit_services(services, plan.secrets_dir, progress)


async def export_platform(plan: PlatformPlan, folder: Path, progress: Progress = _silent) -> Path:
    """Write every log to `folder` and return the manifest's path.

    Raises `ExportError` when there is something in the folder already.
    """
    async with open_services(plan) as services:
        return await export_services(services, plan.secrets_dir, folder, progress)


async def export_services(
    services: Sequence[OpenService], secrets_dir: Path, folder: Path, progress: Progress = _silent
) -> Path:
    """Write the logs of these services to `folder`."""
    stores = [service.store for service in services]
    keys = {store.service: public_keys(secrets_dir, store.service) for store in stores}
    return await write_export(stores, keys, folder, progress)


async def audit_services(
    services: Sequence[OpenService], secrets_dir: Path, progress: Progress = _silent
) -> list[Audit]:
    """Audit services one after the other, then hold their logs against each other."""
    stores = [service.store for service in services]
    audits: dict[str, Audit] = {}
    for service in services:
        name = service.store.service
        total = await last_position(service.store)
        before = await last_sequence(service.jetstream, name)
        audits[name] = await verify(
            service.store,
            elsewhere=_elsewhere([store for store in stores if store.service != name]),
            ledgers=service.ledgers,
            progress=partial(_told, progress, name, total),
        )
        await compare(service.jetstream, service.store, audits[name], before)
    await check_heads(stores, audits, {name: public_keys(secrets_dir, name) for name in audits})
    return list(audits.values())


def _told(progress: Progress, service: str, total: int, read: int) -> None:
    progress(service, read, max(total, read))


def _elsewhere(others: Sequence[EventStore]) -> Elsewhere:
    """A cause is committed before its effect, so whoever looks after reading the effect finds it."""

    async def look(ids: Collection[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for store in others:
            async with store.pool.connection() as connection:
                found |= await correlations(connection, set(ids) - set(found))
        return found

    return look
