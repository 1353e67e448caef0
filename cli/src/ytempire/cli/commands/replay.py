"""`ytempire replay`: rebuild read models from the logs, and compare them with the live ones or as of a past moment."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.reachable import reachable_platform
from ytempire.cli.rebuilding import rebuild_platform, replay_past
from ytempire.eventstore.shadow import Past, Rebuilt

_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")


def replay(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A time (2026-11-20T12:00:00Z), or a position of --service's log.")
    ] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only this service's read models.")] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", help="Keep the past tables under this name, for queries.")
    ] = None,
    var: VarOption = DEFAULT_VAR,
) -> None:
    """Rebuild read models from the logs and compare them with the live ones: exit code 1 if any differs.

    With --as-of, rebuild them as they were at a past moment.
    """
    if as_of is not None:
        _past(as_of, service, keep, var)
        return
    if keep is not None:
        raise PlatformProblem("--keep needs --as-of: name the moment whose tables are to be kept.")
    console = Console()

    def report(of: str, rebuilt: Rebuilt) -> None:
        verdict = "[green]equal[/]" if rebuilt.equal else f"[red]differs in {', '.join(rebuilt.tables)}[/]"
        sources = ", ".join(rebuilt.sources) or "nothing yet"
        console.print(f"{of:<11} {rebuilt.projection:<18} {rebuilt.rows:>6} rows from {sources}: {verdict}")

    with reachable_platform(var) as plan:
        done = asyncio.run(rebuild_platform(plan, report, service))
    if not all(rebuilt.equal for _, rebuilt in done):
        raise typer.Exit(1)


def _past(as_of: str, service: str | None, keep: str | None, var: VarOption) -> None:
    moment = _moment(as_of)
    if isinstance(moment, int) and service is None:
        raise PlatformProblem("A position is one of a service's log: name the service with --service.")
    if keep is not None and not _NAME.fullmatch(keep):
        raise PlatformProblem(f"{keep!r} cannot be kept: use up to 20 small letters, digits and _, a letter first.")
    console = Console()

    def report(of: str, past: Past) -> None:
        where = f" in {past.schema}" if past.schema else ""
        console.print(
            f"{of:<11} {past.projection:<18} {past.rows:>6} rows{where}, sha256 {past.digest}", soft_wrap=True
        )

    with reachable_platform(var) as plan:
        asyncio.run(replay_past(plan, moment, service, keep, report))


def _moment(as_of: str) -> datetime | int:
    if as_of.isdigit():
        return int(as_of)
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError:
        raise PlatformProblem(
            f"{as_of!r} is neither a position nor a time: write the time as 2026-11-20T12:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
