"""Statements that handlers of read models write with. Each is made once: to build one costs more than to run it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert, insert

from ytempire.eventstore.projection import Writing


async def put(connection: Writing, table: Table, row: dict[str, Any]) -> None:
    """Write the columns of a row, found by its primary key or made; other columns of it stay as they are."""
    await connection.execute(_put(table, tuple(row)), row)


@cache
def _put(table: Table, columns: Sequence[str]) -> Insert:
    statement, key = insert(table), table.primary_key.columns.keys()
    written = {name: statement.excluded[name] for name in columns if name not in key}
    if not written:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=key, set_=written)
