"""`ytempire projections`: which read models there are, rebuild them beside the live ones, compare, go back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.reachable import reachable_platform
from ytempire.cli.rebuilding import choose, rebuild_platform, standings
from ytempire.cli.stores import open_services
from ytempire.eventstore.rebuilding import RebuildError, drop_generations
from ytempire.eventstore.shadow import Difference, Rebuilt

projections = typer.Typer(
    name="projections", help="Read models: list, rebuild, compare, go back.", no_args_is_help=True
)

ServiceArgument = Annotated[str | None, typer.Argument(help="Only this service's.")]
NameArgument = Annotated[str | None, typer.Argument(help="Only this read model.")]


@projections.callback()
def group() -> None:
    """Read models: list, rebuild, compare, go back. The platform may run or be stopped."""


@projections.command("list")
def list_(service: ServiceArgument = None, var: VarOption = DEFAULT_VAR) -> None:
    """Every generation: its version, status, rows, and how many events it has yet to apply."""
    with reachable_platform(var) as plan:
        found = asyncio.run(standings(plan, service))
    table = Table("service", "read model", "version", "generation", "status", "rows", "lag", "schema")
    for standing in found:
        made = standing.generation
        status = f"{made.status} (as of {made.as_of})" if made.as_of else made.status
        lag = "" if made.status == "kept" else str(standing.lag)
        row = (standing.service, made.name, made.version, made.number, status, standing.rows, lag, made.schema)
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


@projections.command("rebuild")
def rebuild(service: ServiceArgument = None, name: NameArgument = None, var: VarOption = DEFAULT_VAR) -> None:
    """Fill read models anew from the logs beside the live ones, then switch to them; nothing stops meanwhile."""
    with reachable_platform(var) as plan, _progress() as progress:

        async def run() -> None:
            async with open_services(plan, service) as services:
                for chosen in choose(services, service, name):
                    bar = progress.add_task(chosen.name, total=await chosen.log_length())
                    live = await chosen.rebuilder.rebuild(partial(progress.advance, bar))
                    progress.update(bar, description=f"{chosen.name}: generation {live.number} is live")

        _solvable(run)


@projections.command("rollback")
def rollback(
    service: Annotated[str, typer.Argument(help="Its service.")],
    name: Annotated[str, typer.Argument(help="The read model.")],
    var: VarOption = DEFAULT_VAR,
) -> None:
    """Go back to the previous generation of a read model; it is brought up to date first."""

    with reachable_platform(var) as plan:

        async def run() -> None:
            async with open_services(plan, service) as services:
                for chosen in choose(services, service, name):
                    live = await chosen.rebuilder.rollback()
                    typer.echo(f"{chosen.name}: generation {live.number} is live again")

        _solvable(run)


@projections.command("diff")
def diff(service: ServiceArgument = None, name: NameArgument = None, var: VarOption = DEFAULT_VAR) -> None:
    """Rebuild into a shadow and show each row that differs from the live one. Exit code 1 if any does."""
    console = Console()

    def report(of: str, rebuilt: Rebuilt) -> None:
        title = f"{of} {rebuilt.projection}"
        if rebuilt.equal:
            console.print(f"{title}: {rebuilt.rows} rows, [green]equal[/]")
            return
        console.print(f"{title}: [red]{rebuilt.differing} of {rebuilt.rows} rows differ[/]")
        for difference in rebuilt.differences:
            console.print(f"  {_line(difference)}", markup=False, soft_wrap=True)
        if rebuilt.differing > len(rebuilt.differences):
            console.print(f"  and {rebuilt.differing - len(rebuilt.differences)} more")

    with reachable_platform(var) as plan:
        done = asyncio.run(rebuild_platform(plan, report, service, name))
    if not all(rebuilt.equal for _, rebuilt in done):
        raise typer.Exit(1)


@projections.command("drop")
def drop(
    service: ServiceArgument = None,
    name: NameArgument = None,
    kept: Annotated[str | None, typer.Option("--kept", help="What `replay --keep` kept under this name.")] = None,
    var: VarOption = DEFAULT_VAR,
) -> None:
    """Remove previous and unfinished generations, or with --kept those of a past moment. Live ones stay."""
    with reachable_platform(var) as plan:

        async def run() -> None:
            async with open_services(plan, service) as services:
                for chosen in choose(services, service, name):
                    for schema in await drop_generations(chosen.service.models, chosen.projection, kept=kept):
                        typer.echo(f"{chosen.name}: {schema} is gone")

        asyncio.run(run())


def _solvable(work: Callable[[], Coroutine[None, None, None]]) -> None:
    try:
        asyncio.run(work())
    except RebuildError as error:
        raise PlatformProblem(str(error)) from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console()
    )


def _line(difference: Difference) -> str:
    key = ", ".join(f"{name}={value}" for name, value in difference.key.items())
    where = f"{difference.table} [{key}]"
    if difference.live is None:
        return f"{where}: missing in the live model"
    if difference.rebuilt is None:
        return f"{where}: not in the logs"
    columns = ", ".join(
        f"{name} is {value!r}, the logs say {difference.rebuilt[name]!r}" for name, value in difference.live.items()
    )
    return f"{where}: {columns}"
