"""`ytempire containers`: the two set-up steps of the compose profile. `compose.yaml` runs them; people need not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ytempire.cli.containers import hand_out, make_secrets, prepare_stores, write_trust

containers = typer.Typer(name="containers", help="Set-up steps that compose.yaml runs.", no_args_is_help=True)

KeysOption = Annotated[Path, typer.Option(help="Folder with all keys of the installation.")]


@containers.command()
def secrets(
    keys: KeysOption = Path("/run/ytempire/keys"),
    given: Annotated[Path, typer.Option(help="Folder with keys of providers.")] = Path("/run/ytempire/given"),
    out: Annotated[Path, typer.Option(help="Folder with a folder for each receiver.")] = Path("/run/ytempire/out"),
    sandbox: Annotated[bool, typer.Option(envvar="YTEMPIRE_SANDBOX", help="The sandbox stands in.")] = False,
) -> None:
    """Make the secrets that are missing and hand to each container what it reads."""
    make_secrets(keys, given, sandbox=sandbox, settings=os.environ)
    for line in hand_out(keys, out):
        typer.echo(line)


@containers.command()
def prepare(
    keys: KeysOption = Path("/run/ytempire/keys"),
    postgres_host: Annotated[str, typer.Option(help="Where PostgreSQL listens on 5432.")] = "postgres",
    nats_url: Annotated[str, typer.Option(envvar="YTEMPIRE_NATS_URL")] = "nats://nats:4222",
    bundle: Annotated[Path, typer.Option(envvar="YTEMPIRE_CA_BUNDLE")] = Path("/run/ytempire/trust/ca-bundle.pem"),
    sandbox_state: Annotated[Path, typer.Option(help="The sandbox's folder.")] = Path("/run/ytempire/sandbox"),
) -> None:
    """Make databases, roles and streams that are missing, and the bundle of trusted authorities."""
    for line in prepare_stores(keys, postgres_host, nats_url):
        typer.echo(line)
    write_trust(bundle, sandbox_state / "tls" / "ca.pem")
    typer.echo("databases, roles, streams and trusted authorities are there")
