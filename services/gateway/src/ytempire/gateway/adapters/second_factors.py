"""Second factors, in SQLAlchemy Core. What may be done once is one statement that says whether it did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ytempire.gateway.adapters.tables import recovery_codes, second_factors
from ytempire.gateway.ports import SecondFactor


class SqlSecondFactors:
    """At most one second factor a user."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, user_id: str) -> SecondFactor | None:
        factor, code = second_factors.c, recovery_codes.c
        unused = (
            select(func.count())
            .where(code.user_id == factor.user_id, code.used_at.is_(None))
            .correlate(second_factors)
            .scalar_subquery()
        )
        query = select(factor.secret, factor.confirmed_at.is_not(None), unused).where(factor.user_id == user_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return SecondFactor(*row) if row else None

    async def propose(self, user_id: str, secret: str, now: datetime) -> bool:
        row = {"user_id": user_id, "secret": secret, "proposed_at": now}
        propose = (
            insert(second_factors)
            .values(row)
            .on_conflict_do_update(
                index_elements=["user_id"],
                set_={"secret": secret, "proposed_at": now},
                where=second_factors.c.confirmed_at.is_(None),
            )
            .returning(second_factors.c.user_id)
        )
        async with self._engine.begin() as connection:
            return await connection.scalar(propose) is not None

    async def confirm(self, user_id: str, secret: str, step: int, digests: Sequence[str], now: datetime) -> bool:
        factor = second_factors.c
        # the secret too: it may have been proposed anew while its code was checked
        confirm = (
            update(second_factors)
            .where(factor.user_id == user_id, factor.secret == secret, factor.confirmed_at.is_(None))
            .values(confirmed_at=now, last_step=step)
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(confirm)).rowcount == 0:
                return False
            await _replace_codes(connection, user_id, digests)
        return True

    async def spend_step(self, user_id: str, step: int) -> bool:
        factor = second_factors.c
        spend = (
            update(second_factors)
            .where(factor.user_id == user_id, factor.confirmed_at.is_not(None), factor.last_step < step)
            .values(last_step=step)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(spend)).rowcount == 1

    async def spend_code(self, user_id: str, digest: str, now: datetime) -> bool:
        code = recovery_codes.c
        spend = (
            update(recovery_codes)
            .where(code.user_id == user_id, code.digest == digest, code.used_at.is_(None))
            .values(used_at=now)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(spend)).rowcount == 1

    async def replace_codes(self, user_id: str, digests: Sequence[str]) -> None:
        async with self._engine.begin() as connection:
            await _replace_codes(connection, user_id, digests)

    async def remove(self, user_id: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(second_factors).where(second_factors.c.user_id == user_id))


async def _replace_codes(connection: AsyncConnection, user_id: str, digests: Sequence[str]) -> None:
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "digest": digest} for digest in digests]
    await connection.execute(insert(recovery_codes).values(rows))
