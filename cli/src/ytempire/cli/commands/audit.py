"""`ytempire audit`: prove every service's log, write the report for an auditor, hand the logs out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ytempire.cli.auditing import audit_platform, export_platform
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.evidence import as_data, evidence, write_report
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.running import plan_of, running_state
from ytempire.eventstore.audit import Audit
from ytempire.eventstore.export import ExportError, verify_export

audit = typer.Typer(name="audit", help="Prove that the logs are complete and unaltered.", no_args_is_help=True)

T = TypeVar("T")
Told = Callable[[str, int, int], None]


@audit.callback()
def group() -> None:
    """Prove that the logs are complete and unaltered."""


@audit.command("verify")
def verify(
    var: VarOption = DEFAULT_VAR,
    export: Annotated[Path | None, typer.Option("--export", help="Check exported files instead of a platform.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check every service's log, what it told the others, and what the others witnessed. Exit code 1 on any finding."""
    audits = _with_progress(lambda told: _verified(var, export, told))
    if as_json:
        typer.echo(json.dumps([as_data(result) for result in audits], indent=2))
    else:
        _show(audits)
    if not all(result.ok for result in audits):
        raise typer.Exit(1)


@audit.command("report")
def report(
    var: VarOption = DEFAULT_VAR,
    out: Annotated[Path, typer.Option("--out", help="Folder for audit.html and audit.json.")] = Path("audit"),
) -> None:
    """Verify, and write the evidence as a document (HTML, to read or print) and as JSON. Exit code 1 on any finding."""
    plan = plan_of(running_state(var))
    audits = _with_progress(lambda told: asyncio.run(audit_platform(plan, told)))
    for file in write_report(evidence(audits, plan.clock), out):
        typer.echo(f"written: {file}")
    if not all(result.ok for result in audits):
        raise typer.Exit(1)


@audit.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], var: VarOption = DEFAULT_VAR
) -> None:
    """Write every log as JSON lines with hashes, and a manifest: to be verified without this platform."""
    plan = plan_of(running_state(var))
    manifest = _with_progress(lambda told: _explained(lambda: asyncio.run(export_platform(plan, folder, told))))
    typer.echo(f"written: {manifest}")


def _verified(var: Path, export: Path | None, told: Told) -> list[Audit]:
    if export is not None:
        return _explained(lambda: verify_export(export, told))
    return asyncio.run(audit_platform(plan_of(running_state(var)), told))


def _explained(work: Callable[[], T]) -> T:
    try:
        return work()
    except ExportError as error:
        raise PlatformProblem(str(error)) from error


def _with_progress(work: Callable[[Told], T]) -> T:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(service: str, read: int, total: int) -> None:
            if service not in tasks:
                tasks[service] = bars.add_task(service, total=total)
            bars.update(tasks[service], completed=read, total=total)

        return work(told)


def _show(audits: list[Audit]) -> None:
    console = Console()
    table = Table("service", "events", "told", "on the bus", "sealed", "witnessed to", "head", "verdict")
    for result in audits:
        values: tuple[Any, ...] = (
            result.service,
            result.events_checked,
            result.outbox_checked if "outbox" in result.checks else "-",
            result.bus_checked if "bus" in result.checks else "-",
            result.seals,
            result.sealed_to,
            result.head_hash[:12],
            "[green]whole[/]" if result.ok else "[red]broken[/]",
        )
        table.add_row(*(str(value) for value in values))
    console.print(table)
    for result in audits:
        for finding in result.findings:
            console.print(f"[red]{finding.service}[/]: {finding.what}. {finding.check.matters}", highlight=False)
        for check, count in result.found.items():
            kept = sum(finding.check.name == check for finding in result.findings)
            if count > kept:
                console.print(f"[red]{result.service}[/]: {count - kept} more of the check {check!r}", highlight=False)
