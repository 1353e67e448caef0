"""The one way to read a read model: always for one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, select

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
        query = select(table).where(table.c.tenant_id == self.tenant, *conditions).order_by(*order).limit(limit)
        async with self.models.reading(projection) as connection:
            found = (await connection.execute(query)).mappings().all()
        return [dict(row) for row in found]

    async def one(self, projection: Projection, table: Table, *conditions: ColumnElement[bool]) -> Row | None:
        """The first such row, or None."""
        found = await self.rows(projection, table, *conditions, limit=1)
        return found[0] if found else None
