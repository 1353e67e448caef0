"""Projections: read models as pure consequences of events.

A projection names its tables and, for each event it cares about, a handler that writes them. Its tables live in a
schema of their own, ``rm_<name>_v<version>``, so that a rebuild can fill another schema with the very same code.
Keys and times come from the event, never from the projector's clock. Where two producers write one row, each writes
its own columns, so that the order in which their events arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import Executable, MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.events import Envelope, Event, type_names

_LIVE = "rm_"
"""Schemas of live tables begin so, and no others do."""

TENANT_COLUMN = "tenant_id"
"""A table with this column shows a row to its tenant and to the service's own work, by the database's own rule."""

EVERY_TENANT = "-c ytempire.tenant=*"
"""Option of connections that do the service's own work. A connection that names no tenant sees no row."""

_SHIELD = (
    "alter table {table} enable row level security",
    # tables belong to the role that reads them, and owners are exempt unless it is forced
    "alter table {table} force row level security",
    "drop policy if exists tenant on {table}",
    "create policy tenant on {table} using (current_setting('ytempire.tenant', true) in ({column}, '*'))",
)


class Writing(Protocol):
    """What a handler gets: something that takes statements. Unqualified tables are the read model's."""

    def execute(self, statement: Executable, parameters: dict[str, Any] | None = None, /) -> Awaitable[object]:
        """Write. There is no answer to read: statements may be sent together, later, many rows at once."""


Apply = Callable[[Writing, Any, Envelope], Awaitable[None]]
ApplyBatch = Callable[[Writing, Sequence[tuple[Event, Envelope]]], Awaitable[None]]


@dataclass(frozen=True)
class Projection:
    """A read model as code. Handlers only write: they never ask the database, so that a rebuild can send many
    statements without waiting for each.
    """

    name: str
    tables: MetaData
    handlers: Mapping[type[Event], Apply]
    version: int = 1
    batch: ApplyBatch | None = None
    """Writes a whole run of events with few statements, for models that take very many; what it writes must equal what
    ``handlers`` write one by one. None calls the handlers in order."""

    @property
    def schema(self) -> str:
        """Where its live tables are."""
        return f"{_LIVE}{self.name}_v{self.version}"

    @cached_property
    def _by_type(self) -> Mapping[str, Apply]:
        return {name: handler for event, handler in self.handlers.items() for name in type_names(event)}

    def producers(self, service: str) -> frozenset[str]:
        """Whose logs it reads."""
        private, public = self._sources
        return public | {service} if private else public

    @cached_property
    def _sources(self) -> tuple[bool, frozenset[str]]:
        """Whether it reads private events, and the producers of the public ones."""
        public = frozenset(p for event in self.handlers if not event.private for p in event.producers)
        return any(event.private for event in self.handlers), public

    def handles(self, type_: str) -> bool:
        """Whether an event of this type has consequences."""
        return type_ in self._by_type

    async def apply_run(self, connection: Writing, run: Sequence[Envelope]) -> None:
        """Write the consequences of a run of events, in order."""
        writing = _without_answers(connection)
        if self.batch is None:
            for envelope in run:
                await self.apply(writing, envelope)
            return
        known = [(envelope.event(), envelope) for envelope in run if envelope.type in self._by_type]
        if known:
            await self.batch(writing, known)

    async def apply(self, connection: Writing, envelope: Envelope) -> None:
        """Write the consequences of one event; events it has no handler for have none."""
        if handler := self._by_type.get(envelope.type):
            await handler(_without_answers(connection), envelope.event(), envelope)


@dataclass(frozen=True, slots=True)
class _Written:
    """A connection to a handler that cannot read: an answer would be another one in a rebuild, where statements travel
    together, or none."""

    connection: AsyncConnection

    async def execute(self, statement: Executable, parameters: dict[str, Any] | None = None, /) -> None:
        await self.connection.execute(statement, parameters)


def _without_answers(connection: Writing) -> Writing:
    return _Written(connection) if isinstance(connection, AsyncConnection) else connection


def is_live(connection: Writing) -> bool:
    """Whether a handler writes what readers see. In a rebuild it does not, and must have no effect but its rows."""
    if not isinstance(connection, _Written):
        return True
    live = connection.connection.sync_connection
    scope: Mapping[Any, Any] = live.get_execution_options().get("schema_translate_map", {}) if live else {}
    return str(scope.get(None, "")).startswith(_LIVE)


async def create_tables(connection: AsyncConnection, projection: Projection, schema: str) -> None:
    """The projection's tables in a schema of their own; existing ones are left alone."""
    await connection.execute(text(f'create schema if not exists "{schema}"'))
    scoped = await within(connection, schema)
    await scoped.run_sync(projection.tables.create_all)
    for table in projection.tables.sorted_tables:
        if TENANT_COLUMN in table.columns:
            for statement in _SHIELD:
                named = statement.format(table=f'"{schema}"."{table.name}"', column=TENANT_COLUMN)
                await connection.execute(text(named))


async def within(connection: AsyncConnection, schema: str) -> AsyncConnection:
    """The same connection with unqualified tables meaning those of ``schema``."""
    return await connection.execution_options(schema_translate_map={None: schema})
