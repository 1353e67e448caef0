"""`ytempire status`: what runs, since when, with how much memory."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.memory import pss_mb
from ytempire.cli.state import PlatformState, read_state, running_pid

NOT_RUNNING_EXIT_CODE = 3


def live_memory(state: PlatformState) -> dict[str, float]:
    """PSS in MiB of every living process of a running platform, the supervisor as `supervisor`."""
    pids = {name: entry["pid"] for name, entry in state["processes"].items() if entry["pid"]}
    return pss_mb({"supervisor": int(state["pid"]), **pids})


def _row(name: str, entry: dict[str, Any], memory: dict[str, float]) -> str:
    started = entry["started_at"]
    age = f"{time.time() - started:.0f} s" if entry["pid"] and started else "-"
    reason = f"  {entry['reason']}" if entry["reason"] else ""
    return (
        f"{name:<12} {entry['state']:<11} {entry['pid'] or '-':>8} {age:>9} {entry['restarts']:>9}"
        f" {memory.get(name, 0.0):>8.1f} MB{reason}"
    )


def status(
    var: VarOption = DEFAULT_VAR,
    as_json: Annotated[bool, typer.Option("--json", help="The whole state as JSON.")] = False,
) -> None:
    """Show the processes, their age, restarts and memory. Exit code 3 when no platform runs."""
    state = read_state(var.resolve())
    if running_pid(var.resolve()) is None or state is None:
        typer.echo(f"No platform runs on {var}.")
        raise typer.Exit(NOT_RUNNING_EXIT_CODE)
    memory = live_memory(state)
    if as_json:
        typer.echo(json.dumps({**state, "pss_mb": memory}, indent=2))
        return
    typer.echo(f"{state['phase']} since {state['started_at']}, clock: {state['clock']}, {state['urls']['web']}")
    typer.echo(f"{'process':<12} {'state':<11} {'pid':>8} {'age':>9} {'restarts':>9} {'memory':>11}")
    for name, entry in state["processes"].items():
        typer.echo(_row(name, entry, memory))
    typer.echo(f"{'supervisor':<12} {'':<11} {state['pid']:>8} {'':>19} {memory['supervisor']:>8.1f} MB")
    typer.echo(f"{'in all':<52} {sum(memory.values()):>8.1f} MB")
