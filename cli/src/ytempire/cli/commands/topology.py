"""`ytempire topology`: the streams and durables that the code wants, and those a running platform has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import orjson
import typer
from nats.js import JetStreamContext

from ytempire.bus import NatsAccess, connect
from ytempire.bus import topology as bus
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.durables import every_durable
from ytempire.cli.embedded.nats import ADMIN, password_file
from ytempire.cli.running import plan_of, running_state

T = TypeVar("T")

topology = typer.Typer(name="topology", help="Streams and durables: wanted and real.", no_args_is_help=True)

RemoveOption = Annotated[bool, typer.Option("--remove", help="Also remove what the code does not know.")]


@topology.callback()
def group() -> None:
    """Streams and durables: wanted and real."""


@topology.command("show")
def show() -> None:
    """Print what the code wants, as JSON; `deploy/topology.json` holds it for review."""
    typer.echo(orjson.dumps(bus.described(every_durable()), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())


@topology.command("plan")
def plan(var: VarOption = DEFAULT_VAR) -> None:
    """Print what `apply` would do, each setting with its value now and the wanted one."""
    _tell(_differences(var))


@topology.command("check")
def check(var: VarOption = DEFAULT_VAR) -> None:
    """The same; exit code 1 if anything differs."""
    changes = _differences(var)
    _tell(changes)
    if changes:
        raise typer.Exit(1)


@topology.command("apply")
def apply(var: VarOption = DEFAULT_VAR, remove: RemoveOption = False) -> None:
    """Make the server what the code wants, and print what was done."""

    async def carry_out(jetstream: JetStreamContext) -> list[str]:
        return await bus.carry_out(jetstream, await bus.plan(jetstream, every_durable()), remove=remove)

    for line in _asked(var, carry_out) or ["Nothing to do."]:
        typer.echo(line)


def _differences(var: VarOption) -> list[bus.Change]:
    return _asked(var, lambda jetstream: bus.plan(jetstream, every_durable()))


def _tell(changes: list[bus.Change]) -> None:
    for change in changes:
        typer.echo(str(change))
    if not changes:
        typer.echo("Every stream and durable is as the code wants it.")


def _asked(var: VarOption, ask: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    """Ask the running platform's NATS as its administrator."""
    platform = plan_of(running_state(var))

    async def connected() -> T:
        access = NatsAccess(platform.nats_url, ADMIN, password_file(platform.secrets_dir, ADMIN))
        client = await connect(access, "ytempire-topology")
        try:
            return await ask(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(connected())
