"""`ytempire dlq`: dead letters of a running platform, and what is to become of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ytempire.cli.commands.options import DEFAULT_VAR, VarOption
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.stores import OpenService, open_services
from ytempire.eventstore.deadletters import DeadLetter, DeadLetters, Verdict

_CARRIED_OUT_S = 15.0
_LOOK_S = 0.25

dlq = typer.Typer(name="dlq", help="Events that could not be handled.", no_args_is_help=True)

EventArgument = Annotated[str, typer.Argument(help="The event's id, or enough of its end to be the only one.")]
ConsumerOption = Annotated[str, typer.Option(help="Which consumer's, if several refused the same event.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it is kept with the letter.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also those that were replayed or discarded.")]


@dataclass(frozen=True)
class _Found:
    service: OpenService
    letter: DeadLetter


@dlq.callback()
def group() -> None:
    """Events that could not be handled."""


@dlq.command("list")
def list_(var: VarOption = DEFAULT_VAR, everything: AllOption = False) -> None:
    """List what waits for a decision, with how many events wait behind it."""

    async def listed() -> list[tuple[str, list[DeadLetter]]]:
        async with open_services(plan_of(running_state(var))) as services:
            return [(s.store.service, await DeadLetters(s.store).kept(settled=everything)) for s in services]

    table = Table("service", "event", "type", "consumer", "stream", "status", "tries", "waiting", "reason")
    for service, letters in asyncio.run(listed()):
        behind = Counter((x.consumer, x.envelope.subject) for x in letters if x.status == "waiting")
        for letter in letters:
            if letter.status == "waiting":
                continue
            event = letter.envelope
            waiting = behind[letter.consumer, event.subject]
            verdict = f"{letter.status}, {letter.verdict}" if letter.verdict else letter.status
            table.add_row(
                service, event.id[-12:], event.type, letter.consumer, event.subject, verdict,
                str(letter.attempts), str(waiting), letter.reason[:120],
            )  # fmt: skip
    Console().print(table if table.row_count else "No dead letters.")


@dlq.command("show")
def show(event: EventArgument, var: VarOption = DEFAULT_VAR, consumer: ConsumerOption = "") -> None:
    """Show one dead letter whole, as JSON."""

    async def shown() -> dict[str, object]:
        async with open_services(plan_of(running_state(var))) as services:
            found = await _find(services, event, consumer, settled=True)
        letter = found.letter
        return {
            "service": found.service.store.service,
            "consumer": letter.consumer,
            "status": letter.status,
            "reason": letter.reason,
            "tries": letter.attempts,
            "at": letter.at,
            "verdict": letter.verdict,
            "verdict_reason": letter.verdict_reason,
            "settled_at": letter.settled_at,
            "event": letter.envelope.model_dump(mode="json"),
        }

    typer.echo(orjson.dumps(asyncio.run(shown()), option=orjson.OPT_INDENT_2).decode())


@dlq.command("replay")
def replay(
    event: EventArgument, reason: ReasonOption, var: VarOption = DEFAULT_VAR, consumer: ConsumerOption = ""
) -> None:
    """Have it handled again by the running service, then what waits behind it. Exit code 1 if it fails again."""
    _judge(var, event, consumer, "replay", reason)


@dlq.command("discard")
def discard(
    event: EventArgument, reason: ReasonOption, var: VarOption = DEFAULT_VAR, consumer: ConsumerOption = ""
) -> None:
    """Give it up for good, and let what waits behind it go on."""
    _judge(var, event, consumer, "discard", reason)


def _judge(var: VarOption, event: str, consumer: str, verdict: Verdict, reason: str) -> None:
    async def judged() -> DeadLetter:
        async with open_services(plan_of(running_state(var))) as services:
            found = await _find(services, event, consumer)
            letters = DeadLetters(found.service.store)
            if not await letters.judge(found.letter.consumer, found.letter.envelope.id, verdict, reason):
                raise PlatformProblem("Somebody else has settled it meanwhile.")
            return await _carried_out(letters, found.letter)

    letter = asyncio.run(judged())
    if letter.verdict and letter.settled_at is None:
        typer.echo(f"Noted. The service has not carried it out within {_CARRIED_OUT_S:.0f} s; it will when it runs.")
        return
    typer.echo(letter.status if letter.settled_at else f"failed again: {letter.reason}")
    if letter.settled_at is None:
        raise typer.Exit(1)


async def _carried_out(letters: DeadLetters, judged: DeadLetter) -> DeadLetter:
    """The letter once the running service has done what was asked, or as it is after a while."""
    deadline = time.monotonic() + _CARRIED_OUT_S
    while True:
        letter = next(
            x
            for x in await letters.kept(settled=True)
            if (x.consumer, x.envelope.id) == (judged.consumer, judged.envelope.id)
        )
        if letter.settled_at or not letter.verdict or time.monotonic() > deadline:
            return letter
        await asyncio.sleep(_LOOK_S)


async def _find(services: list[OpenService], event: str, consumer: str, *, settled: bool = False) -> _Found:
    found = [
        _Found(service, letter)
        for service in services
        for letter in await DeadLetters(service.store).kept(settled=settled)
        if letter.envelope.id.endswith(event) and consumer in ("", letter.consumer)
    ]
    if not found:
        raise PlatformProblem(f"There is no such dead letter: {event}. `ytempire dlq list` shows them.")
    if len(found) > 1:
        consumers = ", ".join(sorted(f.letter.consumer for f in found))
        raise PlatformProblem(f"{event} is {len(found)} dead letters: say --consumer, one of {consumers}.")
    return found[0]
