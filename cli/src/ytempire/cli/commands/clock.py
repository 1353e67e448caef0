"""`ytempire clock advance 30d`: move virtual time for the whole platform."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.timekeeper import Timekeeper, parse_span

clock = typer.Typer(name="clock", help="Business time on a platform with a virtual clock.", no_args_is_help=True)


@clock.callback()
def group() -> None:
    """Business time on a platform with a virtual clock."""


@clock.command("now")
def now(var: VarOption = DEFAULT_VAR) -> None:
    """Show business time."""
    typer.echo(Timekeeper(plan_of(running_state(var))).now().isoformat(timespec="seconds"))


@clock.command("advance")
def advance(span: Annotated[str, typer.Argument(help="How far: 30d, 12h, 90m.")], var: VarOption = DEFAULT_VAR) -> None:
    """Move time forward, step by step: whatever falls due on the way happens at its own time."""
    keeper = Timekeeper(plan_of(running_state(var)))
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")) as progress:
        task = progress.add_task("moving time", total=1.0)

        def step(reached: datetime, share: float) -> None:
            progress.update(task, completed=share, description=reached.strftime("%Y-%m-%d %H:%M"))

        steps = keeper.advance(parse_span(span), step)
    typer.echo(f"It is {keeper.now().isoformat(timespec='seconds')} after {steps} steps.")
