"""The ways to read a read model: for one tenant, or for a stranger who can name what they asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.eventstore import Projection, ReadModels

Row = dict[str, Any]

MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class TenantReads:
    """Reads the rows of one tenant; there is no way to ask for another's.

    That holds twice: each query asks for the tenant's rows alone, and the connection it runs on is shown no others.
    """

    models: ReadModels
    tenant: str

    async def rows(
        self,
        projection: Projection,
        table: Table,
        *conditions: ColumnElement[bool],
        order: Sequence[ColumnElement[Any]] = (),
        limit: int = MOST_ROWS,
    ) -> list[Row]:
        """Rows of a table that belong to the tenant and meet the conditions."""
        own = table.c.tenant_id == self.tenant
        query = select(table).where(own, *conditions).order_by(*order).limit(limit)
        async with self.models.reading_for(projection, self.tenant) as connection:
            return await _rows(connection, query)

    async def one(self, projection: Projection, table: Table, *conditions: ColumnElement[bool]) -> Row | None:
        """The first such row, or None."""
        found = await self.rows(projection, table, *conditions, limit=1)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class StrangerReads:
    """Reads the outcome of an operation of somebody who has no account yet.

    The outcome carries the account it made; the operation's id was made here and told to nobody else.
    """

    models: ReadModels

    async def rows(
        self,
        projection: Projection,
        table: Table,
        identity: ColumnElement[bool],
        *conditions: ColumnElement[bool],
        order: Sequence[ColumnElement[Any]] = (),
        limit: int = 1,
    ) -> list[Row]:
        """Rows of exactly the thing that ``identity`` names."""
        query = select(table).where(identity, *conditions).order_by(*order).limit(limit)
        async with self.models.reading(projection) as connection:
            return await _rows(connection, query)


async def _rows(connection: AsyncConnection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]
