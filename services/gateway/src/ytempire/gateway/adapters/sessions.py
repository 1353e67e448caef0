"""Sessions and their rotating refresh tokens, in SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ytempire.gateway.adapters.tables import credentials, refresh_tokens, sessions
from ytempire.gateway.ended import CHANNEL, EndedSessions
from ytempire.gateway.ports import Session, ShownSession, Step
from ytempire.gateway.visitors import Visitor

GRACE = timedelta(seconds=10)
"""How long the last refresh may be repeated by a client that lost the answer."""


class SqlSessions:
    """Sessions; whatever ends one refuses its tokens in this process and tells the other copies."""

    def __init__(self, engine: AsyncEngine, ended: EndedSessions) -> None:
        self._engine, self._ended = engine, ended

    async def begin(self, session: Session, password_hash: str, visitor: Visitor, first: Step) -> bool:
        row = {
            "session_id": literal(session.session_id),
            "user_id": credentials.c.user_id,
            "begun_at": literal(first.now),
            "used_at": literal(first.now),
            "expires_at": literal(first.expires_at),
            "device": literal(visitor.device),
            "place": literal(visitor.place),
        }
        # the lock makes who changes the password wait until the session is there to be ended, or the other way round
        proven = (
            select(*row.values())
            .where(credentials.c.user_id == session.user_id, credentials.c.password_hash == password_hash)
            .with_for_update(read=True)
        )
        begin = (
            insert(sessions).from_select(list(row), proven).on_conflict_do_nothing().returning(sessions.c.session_id)
        )
        async with self._engine.begin() as connection:
            if await connection.scalar(begin) is None:
                return False
            await connection.execute(insert(refresh_tokens).values(_token(session.session_id, first)))
        return True

    async def rotate(self, digest: str, visitor: Visitor, following: Step) -> Session | None:
        now, token, session = following.now, refresh_tokens.c, sessions.c
        # both rows are locked: two who refresh with one token take turns, and so do refreshing and ending
        given = (
            select(session.session_id, session.user_id, session.ended_at, token.used_at, token.expires_at)
            .join_from(refresh_tokens, sessions, token.session_id == session.session_id)
            .where(token.digest == digest)
            .with_for_update()
        )
        ended: Sequence[Row[Any]] = ()
        async with self._engine.begin() as connection:
            row = (await connection.execute(given)).first()
            if row is None or row.ended_at is not None or row.expires_at <= now:
                return None
            if row.used_at is None:
                await self._step(connection, row.session_id, digest, visitor, following)
                return Session(row.user_id, row.session_id)
            if now - row.used_at <= GRACE and await _unused(connection, following.digest):
                return Session(row.user_id, row.session_id)
            ended = await _end(connection, now, session.session_id == row.session_id)
        self._tell(ended)
        return None

    async def end(self, user_id: str, session_id: str, now: datetime) -> bool:
        return bool(await self._ending(now, sessions.c.user_id == user_id, sessions.c.session_id == session_id))

    async def end_others(self, user_id: str, kept: str | None, now: datetime) -> int:
        conditions = [sessions.c.user_id == user_id]
        if kept is not None:
            conditions.append(sessions.c.session_id != kept)
        return len(await self._ending(now, *conditions))

    async def of_token(self, user_id: str, digest: str) -> str | None:
        query = (
            select(sessions.c.session_id)
            .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.session_id)
            .where(refresh_tokens.c.digest == digest, sessions.c.user_id == user_id)
        )
        async with self._engine.connect() as connection:
            found: str | None = await connection.scalar(query)
        return found

    async def living(self, user_id: str, now: datetime) -> Sequence[ShownSession]:
        session = sessions.c
        query = (
            select(session.session_id, session.begun_at, session.used_at, session.device, session.place)
            .where(session.user_id == user_id, session.ended_at.is_(None), session.expires_at > now)
            .order_by(session.used_at.desc(), session.session_id)
        )
        async with self._engine.connect() as connection:
            return [ShownSession(*row) for row in await connection.execute(query)]

    async def purge(self, now: datetime) -> None:
        """Forget sessions that nobody can continue and no token is left of."""
        long_ago = now - timedelta(seconds=self._ended.kept_s)
        gone = (sessions.c.expires_at < long_ago) | (sessions.c.ended_at < long_ago)
        async with self._engine.begin() as connection:
            await connection.execute(delete(sessions).where(gone))
            await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < now))

    async def _step(
        self, connection: AsyncConnection, session_id: str, digest: str, visitor: Visitor, following: Step
    ) -> None:
        spent = update(refresh_tokens).where(refresh_tokens.c.digest == digest).values(used_at=following.now)
        await connection.execute(spent)
        await connection.execute(insert(refresh_tokens).values(_token(session_id, following)))
        seen = {"used_at": following.now, "expires_at": following.expires_at}
        whence = {"device": visitor.device, "place": visitor.place}
        await connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(seen | whence))

    async def _ending(self, now: datetime, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
        async with self._engine.begin() as connection:
            ended = await _end(connection, now, *conditions)
        self._tell(ended)
        return ended

    def _tell(self, ended: Sequence[Row[Any]]) -> None:
        for row in ended:
            self._ended.add(row.session_id, row.ended_at.timestamp())


async def _end(connection: AsyncConnection, now: datetime, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    session = sessions.c
    closing = (
        update(sessions)
        .where(session.ended_at.is_(None), *conditions)
        .values(ended_at=now)
        .returning(session.session_id, session.ended_at)
    )
    ended = (await connection.execute(closing)).all()
    for row in ended:
        told = orjson.dumps([row.session_id, row.ended_at.timestamp()]).decode()
        await connection.execute(select(func.pg_notify(CHANNEL, told)))
    return ended


async def _unused(connection: AsyncConnection, digest: str) -> bool:
    query = select(refresh_tokens.c.digest).where(refresh_tokens.c.digest == digest, refresh_tokens.c.used_at.is_(None))
    return await connection.scalar(query) is not None


def _token(session_id: str, step: Step) -> dict[str, Any]:
    return {"digest": step.digest, "session_id": session_id, "issued_at": step.now, "expires_at": step.expires_at}
