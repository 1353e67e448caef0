"""What an audit finds of what somebody with the database's superuser did to a log: ``measure()``.

Three services with their relays and witnessed heads; one of them is the victim. Each case damages its tables, audits
all three, and puts the tables back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from ytempire.bus import NatsAccess, Relay, connect, topology
from ytempire.cli.auditing import audit_services
from ytempire.cli.keys import ensure_audit_pair
from ytempire.cli.stores import OpenService
from ytempire.cli.testing import EmbeddedServers, ServiceDatabase, embedded_servers, until
from ytempire.events import Event
from ytempire.events.billing import CustomerCreated
from ytempire.events.examples import example
from ytempire.events.gateway import PaymentSetupRequested
from ytempire.events.media import TopicChosen
from ytempire.eventstore import Claim, Delivery, EventStore, MessageContext, ReadModels, handling
from ytempire.eventstore.audit import Audit
from ytempire.eventstore.encode import claim_hash, row_hash
from ytempire.eventstore.heads import HeadKey, HeadSealer, witness
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.tasks import end

SERVICES = ("gateway", "billing", "media")
VICTIM = "billing"
PRIVATE, PUBLIC = 41, 42
"""Positions of a private and of a public event of one unit with a claim, both before the victim's first seal."""
TABLES = ("events", "outbox", "inbox", "head")
OTHER = 65536
"""Flipping this bit changes one byte of a number into one that nothing has."""


class Jotted(Event, owner="billing", private=True):
    number: int


Database = psycopg.Connection[Any]
Damage = Callable[[Database], None]


@dataclass
class Platform:
    """Three services whose logs witness each other."""

    servers: EmbeddedServers
    databases: Mapping[str, ServiceDatabase]
    services: list[OpenService]

    async def audit(self) -> list[Audit]:
        return await audit_services(self.services, self.servers.secrets_dir)

    def connect(self) -> Database:
        return self.servers.postgres.connect(self.databases[VICTIM].name)

    @contextmanager
    def damaged(self, damage: Damage) -> Iterator[None]:
        """The victim's tables as somebody left them who could do everything; as they were afterwards."""
        with self.connect() as connection:
            # neither triggers nor foreign keys hold the superuser up
            connection.execute("set session_replication_role = replica")
            connection.execute("alter table es.head drop constraint if exists head_id_check")
            for table in TABLES:
                connection.execute(f"create temporary table kept_{table} as select * from es.{table}".encode())
            damage(connection)
            try:
                yield
            finally:
                for table in TABLES:
                    connection.execute(f"delete from es.{table}".encode())
                    connection.execute(f"insert into es.{table} select * from kept_{table}".encode())


@asynccontextmanager
async def platform(servers: EmbeddedServers) -> AsyncIterator[Platform]:
    """A platform with some history, every message on the bus."""
    async with AsyncExitStack() as stack:
        access = NatsAccess(servers.nats.url, "admin", servers.nats_access.password_file("admin"))
        client = await connect(access, "tampering")
        stack.push_async_callback(client.close)
        await topology.apply(client.jetstream())
        databases, services = {}, []
        for service in SERVICES:
            ensure_audit_pair(servers.secrets_dir, service)
            databases[service] = _database(servers, service)
            store = EventStore(service, databases[service].dsn, lambda: datetime.now(UTC))
            await store.open()
            stack.push_async_callback(store.close)
            relay = asyncio.create_task(Relay(store, client).run())
            stack.push_async_callback(end, [relay])
            models = ReadModels(service, databases[service].dsn, ())
            stack.push_async_callback(models.close)
            services.append(OpenService(store, models, client.jetstream()))
        made = Platform(servers, databases, services)
        await _live(made)
        yield made


def _database(servers: EmbeddedServers, service: str) -> ServiceDatabase:
    database = servers.service_database(service)
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:

        class _Owner:
            def execute(self, sql: str) -> object:
                return connection.execute(sql.encode())

        create_event_store(_Owner(), application_role=service, database=database.name)
    return database


async def _live(made: Platform) -> None:
    """Some 330 events of the victim in two sealed parts, and two that are not sealed yet."""
    stores = {service.store.service: service.store for service in made.services}
    intent = PaymentSetupRequested.model_validate(example(PaymentSetupRequested))
    told = CustomerCreated.model_validate(example(CustomerCreated))
    asked = (await stores["gateway"].append("operation", intent)).events[0]
    with handling(MessageContext.of(asked.envelope())):
        await stores["media"].append("video", TopicChosen.model_validate(example(TopicChosen)))
        for number in range(1, 161):
            claim = Claim("consumer", str(number))
            await stores[VICTIM].append(f"stream-{number % 7}", Jotted(number=number), told, claim=claim)
            if number % 80 == 0:
                await _seal(made, stores)
        await stores[VICTIM].append("stream-0", Jotted(number=0), told)

    async def published() -> bool:
        return all(audit.ok for audit in await made.audit())

    await until(published)


async def _seal(made: Platform, stores: Mapping[str, EventStore]) -> None:
    """Every service seals, every other one keeps it, as over the bus."""
    with handling(MessageContext()):
        for name, store in stores.items():
            await HeadSealer(store, HeadKey.load(made.servers.secrets_dir, name)).seal()
    for name, store in stores.items():
        seal = (await store.load("log-head"))[-1]
        with handling(MessageContext.of(seal.envelope())):
            for other in stores.values():
                if other is not store:
                    await witness(other)(seal.event, Delivery(seal.envelope(), f"{other.service}__work__{name}"))


_FLIPPED = {
    "integer": "{c} # 65536",
    "bigint": "{c} # 65536",
    "text": "overlay({c} placing '~' from 1 for 1)",
    "json": "overlay({c}::text placing '~' from strpos({c}::text, ':\"') + 2 for 1)::json",
    "uuid": "overlay({c}::text placing translate(left({c}::text, 1), '0123456789abcdef', '123456789abcdef0')"
    " from 1 for 1)::uuid",
    "bytea": "set_byte({c}, 0, get_byte({c}, 0) # 1)",
    "timestamp with time zone": "{c} + interval '1 microsecond'",
}
_COLUMNS = """
select column_name, data_type from information_schema.columns
where table_schema = 'es' and table_name = %s order by ordinal_position"""
_PLACE = {
    "events": f"position = {PUBLIC}",
    "outbox": f"position = {PUBLIC}",
    "inbox": f"last_position = {PUBLIC}",
    "head": "true",
}


def flip(table: str, column: str, kind: str) -> Damage:
    """One byte of one column of one row."""
    changed = _FLIPPED[kind].format(c=column)
    statement = f"update es.{table} set {column} = {changed} where {_PLACE[table]}"

    def damage(connection: Database) -> None:
        assert connection.execute(statement.encode()).rowcount == 1, statement

    return damage


def columns(connection: Database) -> list[tuple[str, str, str]]:
    """Every column that is to be safe, as table, column, type: read from the database, so that none is forgotten."""
    return [
        (table, str(column), str(kind))
        for table in TABLES
        for column, kind in connection.execute(_COLUMNS, [table]).fetchall()
    ]


def recompute(connection: Database) -> None:
    """Make every hash, every claim and the head fit whatever the log says now."""
    previous, position = bytes(32), 0
    hashes = {0: previous}
    rows = connection.execute(
        "select position, stream, version, event_id::text, type, to_char(occurred_at at time zone 'utc',"
        ' \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), data::text, meta::text from es.events order by position'
    ).fetchall()
    for row in rows:
        position, previous = row[0], row_hash(previous, *row)
        hashes[position] = previous
        connection.execute("update es.events set hash = %s where position = %s", [previous, position])
    connection.execute("update es.head set position = %s, hash = %s", [position, previous])
    claims = connection.execute("select scope, key, first_position, last_position from es.inbox").fetchall()
    for scope, key, first, last in claims:
        hash_ = claim_hash(hashes[last], scope, key, first, last)
        connection.execute("update es.inbox set hash = %s where (scope, key) = (%s, %s)", [hash_, scope, key])


def rewrite_private(connection: Database) -> None:
    """A private event, which no bus carried, is another one; everything is computed anew."""
    connection.execute("update es.events set data = '{\"number\":777}' where position = %s", [PRIVATE])
    recompute(connection)


def rewrite_public(connection: Database) -> None:
    """A public event and what the outbox told of it are another one; everything is computed anew."""
    for column, table in (("data", "events"), ("body", "outbox")):
        changed = f"replace({column}::text, 'cus_', 'cuz_')::json"
        statement = f"update es.{table} set {column} = {changed} where position = {PUBLIC}"
        assert connection.execute(statement.encode()).rowcount == 1
    recompute(connection)


def cut(connection: Database) -> None:
    """The last 100 rows are gone with everything that points at them, and the head is right again."""
    kept = _end(connection) - 100
    connection.execute("delete from es.outbox where position > %s", [kept])
    connection.execute("delete from es.inbox where last_position > %s", [kept])
    connection.execute("delete from es.events where position > %s", [kept])
    recompute(connection)


def swap(connection: Database) -> None:
    """Two rows change places with their hashes."""
    first, second = PRIVATE, PRIVATE + 12
    for before, after in ((first, -first), (second, first), (-first, second)):
        connection.execute("update es.events set position = %s where position = %s", [after, before])


def _end(connection: Database) -> int:
    row = connection.execute("select max(position) from es.events").fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True)
class Case:
    name: str
    damage: Damage
    places: range | set[int]
    """A finding at one of these positions names the place of the damage."""


def cases(made: Platform) -> list[Case]:
    with made.connect() as connection:
        safe, last = columns(connection), _end(connection)
        (sealed,) = connection.execute(
            "select (data->>'position')::int from es.events where type = 'LogHeadSealed.v1' order by position limit 1"
        ).fetchone() or (0,)
    at = {"head": {last}}
    return [
        *(Case(f"one byte of {t}.{c}", flip(t, c, k), at.get(t, {PUBLIC, PUBLIC ^ OTHER})) for t, c, k in safe),
        # between two seals a private row has no other witness: the seal behind it is named, with the span it covers
        Case("a private row rewritten, whole chain recomputed", rewrite_private, {sealed}),
        Case("a public row rewritten, whole chain recomputed", rewrite_public, {PUBLIC}),
        Case("the last 100 rows deleted, head fixed", cut, {last - 99}),
        Case("two rows swapped with their hashes", swap, {PRIVATE}),
    ]


async def found(made: Platform, case: Case) -> str:
    """The finding that names the place of the damage; empty if there is none."""
    with made.damaged(case.damage):
        audits = await made.audit()
    findings = [finding for audit in audits if audit.service == VICTIM for finding in audit.findings]
    return next((str(f) for f in findings if f.position in case.places), "")


async def _measure() -> dict[str, str]:
    with embedded_servers() as servers:
        async with platform(servers) as made:
            return {case.name: await found(made, case) for case in cases(made)}


def measure() -> dict[str, str]:
    """What was found, by case. An empty text is a damage that was not found, or not named by its position."""
    return asyncio.run(_measure())
