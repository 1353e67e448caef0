"""`ytempire ledger`: where every cent at Stripe stands, and whether Stripe says the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.ledgering import Books, Line, books, entries
from ytempire.cli.reachable import reachable_platform

DayOption = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The entries of a day (UTC).")]
UserOption = Annotated[str | None, typer.Option("--user", help="The entries of one customer, by user id.")]


def ledger(day: DayOption = None, user: UserOption = None, var: VarOption = DEFAULT_VAR) -> None:
    """The trial balance of Stripe's money and how it agrees with Stripe's list. Exit code 1 if a day differs."""
    with reachable_platform(var) as plan:
        if day is not None or user is not None:
            _show_entries(asyncio.run(entries(plan, day.date() if day else None, user)))
            return
        found = asyncio.run(books(plan))
    _show(found)
    if not found.agree:
        raise typer.Exit(1)


def _show(found: Books) -> None:
    console, table = Console(), Table("currency", "account")
    for name in ("debit", "credit"):
        table.add_column(name, justify="right")
    for balance in found.balances:
        table.add_row(balance.currency, balance.account, *_sides(balance.amount))
    console.print(table)
    compared = found.comparison
    if compared.until is None:
        console.print("No day was compared with Stripe yet: that is done each morning for the days before.")
        return
    late = f"; no notice had told of {compared.missed} movements" if compared.missed else ""
    console.print(f"{compared.days} days compared with Stripe's list, up to {compared.until}{late}.")
    for at, currency, amount in compared.differing:
        console.print(f"[red]{at} differs by {amount:f} {currency}[/]: see --day {at}")
    if found.agree:
        console.print("[green]All agree.[/]")


def _show_entries(lines: Sequence[Line]) -> None:
    table, last = Table("at", "what", "entry", "source", "customer", "account", "debit", "credit", ""), ""
    for line in lines:
        first = line.entry_id != last
        about = (f"{line.at:%Y-%m-%d %H:%M:%S}", line.what, line.entry_id, line.source_id, line.tenant)
        table.add_row(*(about if first else ("",) * len(about)), line.account, *_sides(line.amount), line.currency)
        last = line.entry_id
    Console().print(table)


def _sides(amount: Decimal) -> tuple[str, str]:
    shown = f"{abs(amount):,.2f}"
    return (shown, "") if amount > 0 else ("", shown) if amount < 0 else ("0.00", "")
