"""Rule 4.8, for every read model of every service: a value in a row is written from one producer's stream only.

Streams of different producers arrive in any order. So two producers may share a row, but each has columns of its own
there; then the order between them cannot matter, which is shown by shuffling them.

The models are looked at from outside: golden examples (made-up events where they are private) go through the real
handlers into real tables, with every id of one name made the same, so that rows meet wherever they can.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Delete, Insert, MetaData, Table, Text, event, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.testing import make_service_database
from ytempire.events import SERVICES, Envelope, Event
from ytempire.events.billing import EntitlementsChanged
from ytempire.events.examples import example
from ytempire.events.gateway import VideoRequested
from ytempire.events.onboarding import PlanSelected
from ytempire.eventstore import Projection, ReadModels, derived_id
from ytempire.eventstore.projection import create_tables, within

AT = datetime(2026, 5, 1, tzinfo=UTC)
_STRINGS = {"date-time": AT.isoformat(), "date": AT.date().isoformat(), "^[A-Z]{3}$": "USD"}
NEVER_CHANGES = {"tenant_id", "user_id"}
"""Whose row it is: every event about a thing names the same."""
ONCE_FOR_EACH_THING = {VideoRequested: "a video is asked for once: by a person, by the first step or by the autopilot"}
"""Events that several services may produce, but one alone for each row, with the reason. Here its owner does."""

MODELS = [
    pytest.param(service, projection, id=f"{service}-{projection.name}")
    for service in SERVICES
    for projection in importlib.import_module(f"ytempire.{service}.bootstrap").DEFINITION.projections
]
SHARED = [model for model in MODELS if len(model.values[1].producers(model.values[0])) > 1]

Cell = tuple[str, tuple[Any, ...], str]


@pytest.fixture(scope="module")
async def engine(pg_server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    database = make_service_database(pg_server, pg_server.superuser_password_file.parent, "gateway")
    models = ReadModels("gateway", database.owner_dsn, ())
    yield models.engine
    await models.close()


def data_of(kind: type[Event]) -> dict[str, Any]:
    made = _made_up(kind) if kind.private else example(kind)
    return {name: _same(name) if _is_id(name, value) else value for name, value in made.items()}


def _made_up(kind: type[Event]) -> dict[str, Any]:
    """Data that an event's own schema allows, with every field that it needs."""
    schema = kind.model_json_schema()
    made: dict[str, Any] = _value(schema, schema.get("$defs", {}))
    return made


def _value(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(known[schema["$ref"].rpartition("/")[2]], known)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _value(schema[choice][0], known)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return {n: _value(s, known) for n, s in schema.get("properties", {}).items()}
        case "array":
            return [_value(s, known) for s in schema.get("prefixItems", [])]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "null":
            return None
    return _STRINGS.get(
        schema.get("format") or schema.get("pattern", ""), _same("an id") if "pattern" in schema else "a text"
    )


def _is_id(name: str, value: object) -> bool:
    return name.endswith("_id") and isinstance(value, str) and len(value) == len(_same(name))


def _same(name: str) -> str:
    return derived_id("the one", name)


def envelope_of(service: str, producer: str, kind: type[Event], data: dict[str, Any], position: int) -> Envelope:
    return Envelope(
        id=derived_id(producer, str(position)),
        source=f"/ytempire/{producer}",
        type=kind.type_name(),
        subject="stream",
        time=AT + timedelta(minutes=position),
        data=data,
        tenantid=_same("user_id"),
        correlationid=_same("correlation_id"),
        causationid=_same("correlation_id"),
        position=position,
        streamversion=position,
    )


def streams(service: str, projection: Projection) -> dict[str, list[Envelope]]:
    """For each producer, each event that the model reads from it, twice."""
    made: dict[str, list[Envelope]] = {}
    for producer in sorted(projection.producers(service)):
        kinds = [k for k in projection.handlers if producer in _producers(service, k)]
        twice = sorted(kinds, key=lambda kind: kind.type_name()) * 2
        made[producer] = [envelope_of(service, producer, k, data_of(k), at) for at, k in enumerate(twice, 1)]
    return made


def _producers(service: str, kind: type[Event]) -> tuple[str, ...]:
    if kind in ONCE_FOR_EACH_THING:
        return (kind.owner,)
    return (service,) if kind.private else kind.producers


@contextmanager
def written_cells(engine: AsyncEngine, into: set[Cell]) -> Iterator[None]:
    """Notes which values of which rows the statements write, also where the value stays the same."""

    def note(_: Any, statement: Any, many: Any, one: Any, __: Any) -> None:
        if not isinstance(getattr(statement, "table", None), Table):
            return
        for given_values in many or [one or {}]:
            into.update(_cells(statement, dict(given_values)))

    event.listen(engine.sync_engine, "before_execute", note)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_execute", note)


def _cells(statement: Any, given_values: dict[str, Any]) -> Iterator[Cell]:
    table: Table = statement.table
    key = [column.name for column in table.primary_key]
    compiled = statement.compile(dialect=postgresql.dialect(), column_keys=list(given_values) or None)
    values = {**compiled.params, **given_values}
    names = {column.name for column in table.columns} & values.keys()
    conflict = getattr(statement, "_post_values_clause", None)
    names |= {str(getattr(name, "name", name)) for name in dict(getattr(conflict, "update_values_to_set", ()))}
    if isinstance(statement, Delete):
        names = {column.name for column in table.columns}
    # an update finds its rows by a condition: taken as any row
    row = tuple(str(values[name]) for name in key) if isinstance(statement, Insert) else ("any row",)
    for name in names - set(key) - NEVER_CHANGES:
        yield table.name, row, name


async def rows(connection: AsyncConnection, projection: Projection, order: list[Envelope]) -> dict[str, list[str]]:
    """What the tables hold after these events; rolled back."""
    schema = f"checked_{projection.name}"
    async with connection.begin() as transaction:
        await create_tables(connection, projection, schema)
        await projection.apply_run(await within(connection, schema), order)
        found = {
            table.name: list(
                await connection.scalars(text(f'select t::text from "{schema}"."{table.name}" t order by 1'))
            )
            for table in projection.tables.sorted_tables
        }
        await transaction.rollback()
    return found


@pytest.mark.parametrize(("service", "projection"), MODELS)
async def test_rule_4_8_no_value_is_written_from_two_producers(
    engine: AsyncEngine, service: str, projection: Projection
) -> None:
    shared = await _shared(engine, service, projection)
    assert not shared, f"{service} {projection.name}: give each producer columns of its own: {sorted(shared)}"


async def test_rule_4_8_a_value_of_two_producers_is_named(engine: AsyncEngine) -> None:
    tables = MetaData()
    table = Table("accounts", tables, Column("user_id", Text, primary_key=True), Column("plan", Text))

    async def note(connection: AsyncConnection, told: PlanSelected | EntitlementsChanged, _: Envelope) -> None:
        row = insert(table).values(user_id=told.user_id, plan=told.plan)
        await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={"plan": told.plan}))

    wrong = Projection("wrong", tables, {PlanSelected: note, EntitlementsChanged: note})
    assert await _shared(engine, "gateway", wrong) == {"accounts.plan is written from billing and onboarding"}


async def _shared(engine: AsyncEngine, service: str, projection: Projection) -> set[str]:
    writers: dict[Cell, set[str]] = defaultdict(set)
    for producer, envelopes in streams(service, projection).items():
        cells: set[Cell] = set()
        async with engine.connect() as connection:
            with written_cells(engine, cells):
                await rows(connection, projection, envelopes)
        assert cells or not envelopes, f"{projection.name} writes nothing from {producer}: it need not read it"
        for cell in cells:
            writers[cell].add(producer)
    return {
        f"{table}.{column} is written from {' and '.join(sorted(producers))}"
        for (table, _, column), producers in writers.items()
        if len(producers) > 1
    }


@pytest.mark.parametrize(("service", "projection"), SHARED)
@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_rule_4_8_any_order_between_producers_gives_the_same_rows(
    engine: AsyncEngine, service: str, projection: Projection, data: st.DataObject
) -> None:
    logs = streams(service, projection)
    turns = [producer for producer, log in logs.items() for _ in log]
    data.draw(st.randoms(use_true_random=False)).shuffle(turns)
    left = {producer: iter(log) for producer, log in logs.items()}
    interleaved = [next(left[producer]) for producer in turns]
    async with engine.connect() as connection:
        one_after_the_other = await rows(connection, projection, [e for log in logs.values() for e in log])
        assert await rows(connection, projection, interleaved) == one_after_the_other
        assert any(one_after_the_other.values())
