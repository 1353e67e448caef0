"""`ytempire down`: stop the platform."""

from __future__ import annotations

import typer

from ytempire.cli import detached
from ytempire.cli.commands.options import DEFAULT_VAR, VarOption


def down(var: VarOption = DEFAULT_VAR) -> None:
    """Stop the platform that runs on this folder. Nothing running is fine too."""
    stopped = detached.stop(var.resolve())
    typer.echo("Stopped." if stopped else f"No platform runs on {var}.")
