"""A small system of two services, built from the libraries as every real service is: what the faults are thrown at.

``billing`` takes deposits over HTTP. ``analytics`` credits each once, sets timers, reacts to them and keeps a ledger;
its credits come back to ``billing``, which confirms each once. Deposits of ``POISON`` cannot be credited.

    python -m tests.chaos.backbone.serve billing
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import OperationalError
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, bindparam, cast, func
from sqlalchemy.dialects.postgresql import insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.chaos.backbone.names import CONSUMER, PRODUCER

from ytempire.chassis import Definition, Host, Service, ServiceSettings
from ytempire.chassis.health import Server
from ytempire.events import Envelope, Event
from ytempire.eventstore import (
    Claim,
    Delivery,
    EventStore,
    PermanentError,
    Projection,
    Reaction,
    StreamAppend,
    Timer,
    Unit,
    Writing,
)

POISON = 13
"""A deposit of so much is refused for good."""
REMINDED_EVERY = 10
"""A deposit divisible by it sets a timer."""
_SERVICES = Path(__file__).parents[3] / "services"


class ChaosDeposited(Event, owner=PRODUCER):
    command: str
    account: str
    amount: int


class ChaosNoted(Event, owner=PRODUCER, private=True):
    """Leaves gaps between the positions of what is published."""

    command: str


class ChaosConfirmed(Event, owner=PRODUCER, private=True):
    source: str


class ChaosCredited(Event, owner=CONSUMER):
    source: str
    account: str
    amount: int


class ChaosReminded(Event, owner=CONSUMER, private=True):
    source: str
    due: datetime


class ChaosAnswered(Event, owner=CONSUMER, private=True):
    source: str


LEDGER_TABLES = MetaData()
LEDGER = Table(
    "ledger",
    LEDGER_TABLES,
    Column("account", Text, primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("misordered", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)
"""``digest`` hangs on the order of the events, and on each being applied once."""


_NEW = insert(LEDGER).values(digest=func.md5(bindparam("event_id")))
_NEXT = LEDGER.c.version + 1
_BOOK = _NEW.on_conflict_do_update(
    index_elements=["account"],
    set_={
        "total": LEDGER.c.total + _NEW.excluded.total,
        "version": _NEW.excluded.version,
        "misordered": LEDGER.c.misordered + cast(_NEW.excluded.version != _NEXT, Integer),
        "digest": func.md5(LEDGER.c.digest + bindparam("event_id")),
    },
)


async def _booked(connection: Writing, event: ChaosDeposited, envelope: Envelope) -> None:
    version = envelope.streamversion
    row = {"account": event.account, "total": event.amount, "version": version, "misordered": int(version != 1)}
    await connection.execute(_BOOK, {**row, "event_id": envelope.id})


LEDGER_MODEL = Projection("ledger", LEDGER_TABLES, {ChaosDeposited: _booked})
"""Kept by the producer from its own log, and by the consumer from the stream."""


class ReferenceSettings(ServiceSettings):
    http_port: int
    deliveries: Path
    """A line is added for each message that comes, so that duplicates can be counted from outside."""


async def _producer(host: Host[ReferenceSettings]) -> Service:
    store = host.store

    async def deposit(request: Request) -> Response:
        asked = await request.json()
        try:
            ids = await _deposit(store, asked["command"], asked["account"], asked["amounts"])
        except (OperationalError, OSError) as error:
            return JSONResponse({"error": str(error)}, status_code=503)
        return JSONResponse({"events": ids}, status_code=201)

    async def confirm(event: ChaosCredited, delivery: Delivery) -> None:
        _came(host.settings, delivery)
        await store.append(
            f"confirmations-{event.account}", ChaosConfirmed(source=delivery.envelope.id), claim=delivery.claim
        )

    server = Server(
        Starlette(routes=[Route("/deposits", deposit, methods=["POST"])]), "127.0.0.1", host.settings.http_port
    )
    return Service({ChaosCredited: confirm}, background=(server.serve,))


async def _deposit(store: EventStore, command: str, account: str, amounts: Sequence[int]) -> list[str]:
    deposits = tuple(ChaosDeposited(command=command, account=account, amount=amount) for amount in amounts)
    unit = Unit(
        (
            StreamAppend(f"account-{account}", deposits),
            StreamAppend(f"notes-{account}", (ChaosNoted(command=command),)),
        ),
        Claim("command", command),
    )
    committed = await store.submit(unit)
    return [record.id for record in committed.events if record.type == ChaosDeposited.type_name()]


async def _consumer(host: Host[ReferenceSettings]) -> Service:
    store = host.store

    async def credit(event: ChaosDeposited, delivery: Delivery) -> None:
        _came(host.settings, delivery)
        if event.amount == POISON:
            raise PermanentError(f"{POISON} is not credited")
        source = delivery.envelope.id
        credited = ChaosCredited(source=source, account=event.account, amount=event.amount)
        timers = (_timer(host.clock.now(), source, event),) if event.amount % REMINDED_EVERY == 0 else ()
        await store.submit(Unit((StreamAppend(f"credits-{event.account}", (credited,)),), delivery.claim, timers))

    async def answer(event: ChaosReminded, delivery: Delivery) -> None:
        await store.append("answers", ChaosAnswered(source=event.source), claim=delivery.claim)

    return Service({ChaosDeposited: credit}, reactions=(Reaction("answer", {ChaosReminded: answer}),))


def _timer(now: datetime, source: str, event: ChaosDeposited) -> Timer:
    due = now + timedelta(seconds=event.amount % 7 / 2)
    return Timer(f"remind-{source}", due, f"reminders-{event.account}", ChaosReminded(source=source, due=due))


def _came(settings: ReferenceSettings, delivery: Delivery) -> None:
    # one write of one line: a kill -9 does not lose it, and two processes do not mix theirs
    descriptor = os.open(settings.deliveries, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, f"{delivery.consumer} {delivery.envelope.id}\n".encode())
    finally:
        os.close(descriptor)


def _package(service: str) -> str:
    """The reference services keep their stores by the migrations of the real ones."""
    return str(_SERVICES / service / "src/ytempire" / service / "__init__.py")


DEFINITIONS = {
    PRODUCER: Definition(PRODUCER, ReferenceSettings, (LEDGER_MODEL,), _producer, _package(PRODUCER)),
    CONSUMER: Definition(CONSUMER, ReferenceSettings, (LEDGER_MODEL,), _consumer, _package(CONSUMER)),
}
