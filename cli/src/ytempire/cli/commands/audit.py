"""`ytempire audit verify`: prove every service's log."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ytempire.cli.auditing import ServiceAudit, audit_platform
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.running import plan_of, running_state

audit = typer.Typer(name="audit", help="Prove that the logs are complete and unaltered.", no_args_is_help=True)


@audit.callback()
def group() -> None:
    """Prove that the logs are complete and unaltered."""


@audit.command("verify")
def verify(
    var: VarOption = DEFAULT_VAR, as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False
) -> None:
    """Check positions, hash chain, versions, outbox and bus of every service. Exit code 1 on any finding."""
    results = asyncio.run(audit_platform(plan_of(running_state(var))))
    if as_json:
        typer.echo(json.dumps([_data(result) for result in results], indent=2))
    else:
        _show(results)
    if not all(result.audit.ok for result in results):
        raise typer.Exit(1)


def _data(result: ServiceAudit) -> dict[str, object]:
    audited = result.audit
    return {
        "service": audited.service,
        "ok": audited.ok,
        "events_checked": audited.events_checked,
        "outbox_checked": audited.outbox_checked,
        "bus_checked": result.bus_checked,
        "head_hash": audited.head_hash,
        "findings": audited.findings,
    }


def _show(results: list[ServiceAudit]) -> None:
    console = Console()
    table = Table("service", "events", "published", "on the bus", "head", "verdict")
    for result in results:
        audited = result.audit
        table.add_row(
            audited.service,
            str(audited.events_checked),
            str(audited.outbox_checked),
            str(result.bus_checked),
            audited.head_hash[:12],
            "[green]whole[/]" if audited.ok else "[red]broken[/]",
        )
    console.print(table)
    for result in results:
        for finding in result.audit.findings:
            console.print(f"[red]{result.audit.service}[/]: {finding}")
