"""`ytempire replay`: rebuild read models from the logs and compare them with the live ones."""

from __future__ import annotations

import asyncio

import typer
from rich.console import Console

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.rebuilding import rebuild_platform
from ytempire.cli.running import plan_of, running_state
from ytempire.eventstore.shadow import Rebuilt


def replay(var: VarOption = DEFAULT_VAR) -> None:
    """Rebuild every read model of every service into a shadow. Exit code 1 if any differs from the live one."""
    console = Console()

    def report(service: str, rebuilt: Rebuilt) -> None:
        verdict = "[green]equal[/]" if rebuilt.equal else f"[red]differs in {', '.join(rebuilt.tables)}[/]"
        sources = ", ".join(rebuilt.sources) or "nothing yet"
        console.print(f"{service:<11} {rebuilt.projection:<18} {rebuilt.rows:>6} rows from {sources}: {verdict}")

    done = asyncio.run(rebuild_platform(plan_of(running_state(var)), report))
    if not all(rebuilt.equal for _, rebuilt in done):
        raise typer.Exit(1)
