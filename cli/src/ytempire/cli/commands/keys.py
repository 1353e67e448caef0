"""`ytempire keys`: subject keys backed up apart, and a new key-encryption key."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.stores import open_services
from ytempire.cli.subjects import exported, parsed, rewrapped
from ytempire.eventstore.vault import SubjectKey, Vault, kek_file

keys = typer.Typer(name="keys", help="Keys of the people whose data a service holds.", no_args_is_help=True)
ServiceArgument = Annotated[str, typer.Argument(help="A service that keeps personal data: onboarding, support ...")]


@keys.callback()
def group() -> None:
    """Keys of the people whose data a service holds."""


@keys.command("export")
def export(service: ServiceArgument, var: VarOption = DEFAULT_VAR) -> None:
    """Write every subject's wrapped key, one JSON object a line: keep it apart from the database and from the KEK."""
    for line in asyncio.run(_export(plan_of(running_state(var)), service)):
        typer.echo(line)


@keys.command("restore")
def restore(
    service: ServiceArgument,
    file: Annotated[Path, typer.Argument(help="What `export` wrote; - for standard input.")],
    var: VarOption = DEFAULT_VAR,
) -> None:
    """Bring keys back from a backup. Who was erased, here or in the backup, stays erased."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    found = parsed(text)
    asyncio.run(_restore(plan_of(running_state(var)), service, found))
    typer.echo(f"{len(found)} subjects read")


@keys.command("rewrap")
def rewrap(service: ServiceArgument, var: VarOption = DEFAULT_VAR) -> None:
    """Make a new key-encryption key, wrap every subject's key with it, and destroy the old one."""
    wrapped = asyncio.run(_rewrap(plan_of(running_state(var)), service))
    typer.echo(f"{wrapped} keys wrapped anew; the old key is destroyed: back up {service}.kek.key now")


async def _export(plan: PlatformPlan, service: str) -> list[str]:
    async with _vault(plan, service) as vault:
        return await exported(vault)


async def _restore(plan: PlatformPlan, service: str, found: Sequence[SubjectKey]) -> None:
    async with _vault(plan, service) as vault:
        await vault.restore(found)


async def _rewrap(plan: PlatformPlan, service: str) -> int:
    async with _vault(plan, service) as vault:
        return await rewrapped(vault, _file(plan, service))


@asynccontextmanager
async def _vault(plan: PlatformPlan, service: str) -> AsyncIterator[Vault]:
    file = _file(plan, service)
    async with open_services(plan, service) as (opened,):
        yield Vault(opened.store.pool, kek_file(file))


def _file(plan: PlatformPlan, service: str) -> Path:
    file = plan.secrets_dir / f"{service}.kek.key"
    if service not in plan.services or not file.exists():
        raise PlatformProblem(f"{service} keeps no personal data: there is no file {file.name}.")
    return file
