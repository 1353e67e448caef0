"""`ytempire up`: start the platform and stay with it, or leave it in the background."""

from __future__ import annotations

import io
from enum import StrEnum
from typing import Annotated

import typer

from ytempire.cli import detached
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.logs import Console
from ytempire.cli.plan import DEFAULT_PORT, UpOptions
from ytempire.cli.platform import PlatformRun
from ytempire.cli.running import plan_of
from ytempire.cli.state import PlatformState


class Clock(StrEnum):
    """Where business time comes from."""

    system = "system"
    virtual = "virtual"


def up(
    var: VarOption = DEFAULT_VAR,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The gateway's port; 0: any free one.")] = DEFAULT_PORT,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is ready; it goes on running.")] = False,
    clock: Annotated[Clock, typer.Option(help="virtual: time is set from the sandbox's control page.")] = Clock.system,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    quiet: Annotated[bool, typer.Option("--quiet", help="Logs to files only.")] = False,
    operator: Annotated[bool, typer.Option("--operator", help="With --detach: make a log-in and show it.")] = False,
) -> None:
    """Start the platform: PostgreSQL, NATS, the sandbox and all services. Ctrl-C stops it."""
    options = UpOptions(var=var, port=port, clock=clock.value, log_level=log_level)
    if detach:
        state = detached.start(options)
        typer.echo(f"YTEMPIRE is ready after {state['start_seconds']} s (process {state['pid']}).")
        for name, url in state["urls"].items():
            typer.echo(f"  {name:<10} {url}")
        if operator:
            _show_operator(state)
        typer.echo(f"Stop it with: ytempire down --var '{state['var']}'")
        return
    PlatformRun(options, Console(io.StringIO()) if quiet else Console()).run()


def _show_operator(state: PlatformState) -> None:
    from ytempire.cli.journey.operator import ensure_operator

    login = ensure_operator(plan_of(state))
    typer.echo(f"  {'log in as':<10} {login.email}")
    typer.echo(f"  {'password':<10} {login.password}")
