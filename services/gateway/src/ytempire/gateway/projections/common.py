"""What all projections share: commutative upserts and announcements that commit with the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, DateTime, Table, Text, case, or_, text
from sqlalchemy.dialects.postgresql import Insert, insert

from ytempire.events import Envelope
from ytempire.eventstore.projection import Writing, is_live

CHANNEL = "gateway_changes"
"""PostgreSQL notification channel on which committed changes are told."""
_TELL = text("select pg_notify(:channel, :payload)")


def tenant_column() -> Column[str]:
    """Whose row it is."""
    return Column("tenant_id", Text, nullable=False, index=True)


def time_column(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True))


def mark_column(name: str) -> Column[int]:
    """Position, in one producer's log, of the event that wrote a group of columns last."""
    return Column(name, BigInteger)


async def upsert(
    connection: Writing,
    table: Table,
    row: dict[str, Any],
    mark: str | None = None,
    groups: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """Write some columns of a row, whichever of its producers comes first.

    :param row: the key's columns, the tenant, and the columns to write. A row never changes its tenant.
    :param mark: name of the column in ``row`` that holds the position; an older event never overwrites a newer one.
        Whoever writes one column under a mark writes all of them, so that the order of arrival does not matter.
    :param groups: the same for parts of the row: by mark, the columns that are written under it.
    """
    parts = tuple((name, tuple(columns)) for name, columns in (groups or {}).items())
    await connection.execute(_upsert(table, tuple(row), mark, parts), row)


@cache
def _upsert(
    table: Table, columns: Sequence[str], mark: str | None, groups: Sequence[tuple[str, Sequence[str]]]
) -> Insert:
    """The statement for some columns of a table; there are as many as handlers write, and building one costs more than
    running it."""
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    new = statement.excluded

    def newer(name: str) -> ColumnElement[bool]:
        return or_(table.c[name].is_(None), table.c[name] < new[name])

    written: dict[str, Any] = {name: new[name] for name in columns if name not in key and name != "tenant_id"}
    if not written:
        return statement.on_conflict_do_nothing()
    for name, part in groups:
        written |= {column: case((newer(name), new[column]), else_=table.c[column]) for column in (*part, name)}
    where = table.c.tenant_id == new.tenant_id
    if mark is not None:
        where &= newer(mark)
    return statement.on_conflict_do_update(index_elements=key, set_=written, where=where)


async def announce(connection: Writing, tenant: str, topic: str, id_: str, envelope: Envelope) -> None:
    """Tell every copy of the gateway, when this transaction commits, that something of a tenant changed.

    A rebuild into a shadow tells nothing: it changes nothing that anybody sees.
    """
    if not is_live(connection):
        return
    payload = orjson.dumps({"tenant": tenant, "topic": topic, "id": id_, "event": envelope.type}).decode()
    await connection.execute(_TELL, {"channel": CHANNEL, "payload": payload})
