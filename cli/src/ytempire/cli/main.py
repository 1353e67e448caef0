"""The `ytempire` command. Every sub-command is a function in a module of its own in `ytempire.cli.commands`."""

from __future__ import annotations

import sys

import typer

from ytempire.cli.commands.audit import audit
from ytempire.cli.commands.clock import clock
from ytempire.cli.commands.containers import containers
from ytempire.cli.commands.demo import demo
from ytempire.cli.commands.dlq import dlq
from ytempire.cli.commands.doctor import doctor
from ytempire.cli.commands.down import down
from ytempire.cli.commands.keys import keys
from ytempire.cli.commands.ledger import ledger
from ytempire.cli.commands.logs import logs
from ytempire.cli.commands.projections import projections
from ytempire.cli.commands.replay import replay
from ytempire.cli.commands.status import status
from ytempire.cli.commands.topology import topology
from ytempire.cli.commands.up import up
from ytempire.cli.problems import PlatformProblem

INTERRUPTED_EXIT_CODE = 130

app = typer.Typer(
    name="ytempire",
    help="Run a portfolio of automated YouTube channels as a business.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# The main job, end to end
app.command()(demo)

# The platform
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(logs)
app.command()(doctor)

# The logs and the time
app.add_typer(audit)
app.add_typer(dlq)
app.add_typer(topology)
app.command()(replay)
app.add_typer(projections)
app.add_typer(clock)
app.command()(ledger)
app.add_typer(keys)

# The compose profile
app.add_typer(containers)


def main() -> None:
    """Run the command; a problem the person can solve is one sentence and an exit code, never a stack trace."""
    try:
        app()
    except PlatformProblem as problem:
        sys.stderr.write(f"ytempire: {problem}\n")
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED_EXIT_CODE)
