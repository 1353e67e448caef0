"""The ways to read a read model: for one tenant, or for a stranger who can name what they asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from ytempire.eventstore import Projection, ReadModels

Row = dict[str, Any]

MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class TenantReads:
    """Reads the rows of one tenant; there is no way to ask for another's."""

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
        return await _rows(self.models, projection, select(table).where(own, *conditions).order_by(*order).limit(limit))

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
        return await _rows(
            self.models, projection, select(table).where(identity, *conditions).order_by(*order).limit(limit)
        )


async def _rows(models: ReadModels, projection: Projection, query: Select[Any]) -> list[Row]:
    async with models.reading(projection) as connection:
        found = (await connection.execute(query)).mappings().all()
    return [dict(row) for row in found]
