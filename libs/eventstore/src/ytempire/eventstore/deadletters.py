"""Dead letters: messages that cannot be handled, kept in the consumer's own database until a person decides.

Where order matters, a dead letter parks its own aggregate: later events of the same stream wait behind it, in order,
and everything else flows. A person gives a *verdict*, replay or discard, with a reason; the running service carries it
out with the same handler and the same claim, then what waited. Rows are never deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import structlog
from pydantic import ValidationError

from ytempire.events import Envelope
from ytempire.events.platform import EventDeadLettered
from ytempire.eventstore.context import MessageContext, handling
from ytempire.eventstore.delivery import Delivery
from ytempire.eventstore.records import Claim
from ytempire.eventstore.store import EventStore

REASON_CHARACTERS = 2000
_LOOK_S = 0.9
log = structlog.get_logger()

Verdict = Literal["replay", "discard"]
Handle = Callable[[Envelope], Awaitable[None]]

INSERT = """
insert into es.dead_letters (consumer, event_id, source, stream, position, type, status, reason, attempts, body, at)
values (%(consumer)s, %(id)s, %(source)s, %(stream)s, %(position)s, %(type)s, %(status)s, %(reason)s, %(attempts)s,
    %(body)s, %(at)s) on conflict do nothing"""


_LETTER = "consumer, body::text, status, reason, attempts, verdict, verdict_reason, at, settled_at"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be handled, or that waits behind one."""

    consumer: str
    envelope: Envelope
    status: Literal["dead", "waiting", "replayed", "discarded"]
    reason: str
    attempts: int
    verdict: Verdict | None
    verdict_reason: str | None
    at: datetime
    settled_at: datetime | None


class DeadLetters:
    """The dead letters of one service's handlers: reactions and work."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def bury(self, delivery: Delivery, reason: str) -> None:
        """Keep a message that cannot be handled, and say so in the log."""
        envelope = delivery.envelope
        log.error("dead letter", consumer=delivery.consumer, kind=envelope.type, id=envelope.id, reason=reason)
        await self._keep(delivery, "dead", reason)
        event = EventDeadLettered(
            consumer=delivery.consumer, event_id=envelope.id, event_type=envelope.type, reason=reason[:500]
        )
        claim = Claim("dead-letter", f"{delivery.consumer}:{envelope.id}")
        with handling(MessageContext.of(envelope)):
            await self._store.append(f"dead-letters-{delivery.consumer}", event, claim=claim)

    async def park(self, delivery: Delivery) -> None:
        """Keep a message whose stream waits for an earlier one."""
        await self._keep(delivery, "waiting", "an earlier event of its stream is a dead letter")

    async def _keep(self, delivery: Delivery, status: str, reason: str) -> None:
        await self._execute(
            INSERT, row(delivery.consumer, delivery.envelope, status, reason, delivery.attempt) | self._now()
        )

    async def parked(self, consumer: str) -> set[str]:
        """Streams in which something is dead or waits."""
        rows = await self._execute(
            "select distinct stream from es.open_letters where consumer = %(consumer)s", {"consumer": consumer}
        )
        return {str(found[0]) for found in rows}

    async def judged(self, consumers: Sequence[str]) -> list[Judged]:
        """Everything open that has a verdict."""
        rows = await self._execute(
            "select distinct consumer, source, stream from es.open_letters"
            " where consumer = any(%(consumers)s) and verdict is not null",
            {"consumers": list(consumers)},
        )
        return [Judged(*found) for found in rows]

    async def judge(self, consumer: str, event_id: str, verdict: Verdict, reason: str) -> bool:
        """Say what is to become of an open letter; the running service carries it out within seconds.

        :returns: whether there is such a letter.
        """
        rows = await self._execute(
            "update es.open_letters set verdict = %(verdict)s, verdict_reason = %(reason)s"
            " where consumer = %(consumer)s and event_id = %(id)s returning 1",
            {"consumer": consumer, "id": event_id, "verdict": verdict, "reason": reason[:REASON_CHARACTERS]},
        )
        return bool(rows)

    async def release(self, consumer: str, stream: str, handle: Handle) -> bool:
        """Carry out the verdicts on a stream in order, and hand over what waits behind them.

        :returns: whether the stream is free. It is not while one of its dead letters has no verdict or fails again.
        """
        for letter in await self._letters(consumer, stream):
            if letter.status == "dead" and letter.verdict is None:
                return False
            if not await self._settle(letter, handle):
                return False
        return True

    async def settle_judged(self, consumer: str, stream: str, handle: Handle) -> None:
        """Carry out the verdicts on a stream, each by itself: for consumers that assume no order."""
        for letter in await self._letters(consumer, stream):
            if letter.verdict is not None:
                await self._settle(letter, handle)

    async def kept(self, *, settled: bool = False) -> list[DeadLetter]:
        """Every open letter, oldest first; with ``settled`` also those that were replayed or discarded."""
        table = "es.dead_letters" if settled else "es.open_letters"
        return await self._select(f"select {_LETTER} from {table} order by at, source, position", {})  # noqa: S608 - constant text

    async def _letters(self, consumer: str, stream: str) -> list[DeadLetter]:
        return await self._select(
            f"select {_LETTER} from es.open_letters where consumer = %(consumer)s and stream = %(stream)s"  # noqa: S608 - constant text
            " order by source, position",
            {"consumer": consumer, "stream": stream},
        )

    async def _select(self, query: str, parameters: dict[str, Any]) -> list[DeadLetter]:
        rows = await self._execute(query, parameters)
        return [DeadLetter(consumer, Envelope.model_validate_json(body), *rest) for consumer, body, *rest in rows]

    async def _settle(self, letter: DeadLetter, handle: Handle) -> bool:
        if letter.verdict == "discard":
            await self._mark(letter, "discarded")
            return True
        try:
            await handle(letter.envelope)
        except Exception as error:
            reason = reason_of(error)
            log.error("dead letter failed again", consumer=letter.consumer, id=letter.envelope.id, reason=reason)
            await self._execute(
                "update es.dead_letters set status = 'dead', verdict = null, reason = %(reason)s,"
                " attempts = attempts + 1 where consumer = %(consumer)s and event_id = %(id)s",
                {"consumer": letter.consumer, "id": letter.envelope.id, "reason": reason[:REASON_CHARACTERS]},
            )
            return False
        await self._mark(letter, "replayed")
        return True

    async def _mark(self, letter: DeadLetter, status: str) -> None:
        log.info("dead letter settled", consumer=letter.consumer, id=letter.envelope.id, status=status)
        await self._execute(
            "update es.dead_letters set status = %(status)s, settled_at = %(at)s"
            " where consumer = %(consumer)s and event_id = %(id)s",
            {"status": status, "consumer": letter.consumer, "id": letter.envelope.id} | self._now(),
        )

    def _now(self) -> dict[str, Any]:
        return {"at": self._store.clock()}

    async def _execute(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(query.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []


class Judged(NamedTuple):
    """Where something is open that a person has decided about."""

    consumer: str
    source: str
    stream: str


class Verdicts:
    """What people decided about some consumers' dead letters, looked up once a second at most."""

    def __init__(self, store: EventStore, consumers: Sequence[str]) -> None:
        self._letters, self._consumers = DeadLetters(store), consumers
        self._given: set[Judged] = set()
        self._look_at = 0.0

    async def take(self, wanted: Callable[[Judged], bool] = lambda _: True) -> list[Judged]:
        """What is to be carried out, each once after each look."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._given = set(await self._letters.judged(self._consumers))
        taken = [judged for judged in self._given if wanted(judged)]
        self._given.difference_update(taken)
        return sorted(taken)


def reason_of(error: Exception) -> str:
    """What went wrong, without the values in the message: they may be personal."""
    if isinstance(error, ValidationError):
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        return f"the data is not what is needed: {'; '.join(problems)}"
    return f"{type(error).__name__}: {error}"


def row(consumer: str, envelope: Envelope, status: str, reason: str, attempts: int = 1) -> dict[str, Any]:
    """A letter's columns, all but the time."""
    return {
        "consumer": consumer,
        "id": envelope.id,
        "source": envelope.producer,
        "stream": envelope.subject,
        "position": envelope.position,
        "type": envelope.type,
        "status": status,
        "reason": reason[:REASON_CHARACTERS],
        "attempts": attempts,
        "body": envelope.model_dump_json(exclude_none=True),
    }
