"""The ports that are tables, in SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import orjson
from psycopg import AsyncConnection
from sqlalchemy import ColumnElement, Executable, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ytempire.eventstore.together import Together
from ytempire.gateway.adapters.tables import credentials, new_passwords, oauth_states
from ytempire.gateway.ports import Consent, Credential, NewPassword, Reservation


class SqlCredentials:
    """Password hashes by user, found by the keyed digest of the address."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def propose(self, new: NewPassword, at: datetime) -> None:
        row = {
            "operation_id": new.operation_id,
            "password_hash": new.password_hash,
            "kept_session": new.kept_session,
            "created_at": at,
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(new_passwords).values(row).on_conflict_do_nothing())

    async def settle(self, operation_id: str, user_id: str, email_digest: str | None) -> NewPassword | None:
        new = new_passwords.c
        found = (
            select(new.operation_id, new.password_hash, new.kept_session)
            .where(new.operation_id == operation_id, new.closed_at.is_(None))
            .with_for_update()
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(found)).first()
            if row is None:
                return None
            if row.password_hash:
                await connection.execute(_set_password(user_id, row.password_hash, email_digest))
                # set once: what comes late must not undo a newer password
                taken = update(new_passwords).where(new.operation_id == operation_id)
                await connection.execute(taken.values(password_hash=""))
        return NewPassword(*row)

    async def close(self, operation_id: str) -> None:
        closed = update(new_passwords).where(new_passwords.c.operation_id == operation_id)
        async with self._engine.begin() as connection:
            await connection.execute(closed.values(closed_at=func.now()))

    async def move(self, user_id: str, email_digest: str) -> None:
        moved = update(credentials).where(credentials.c.user_id == user_id)
        async with self._engine.begin() as connection:
            await connection.execute(moved.values(email_digest=email_digest))

    async def purge(self, before: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(new_passwords).where(new_passwords.c.created_at < before))

    async def by_email(self, email_digest: str) -> Credential | None:
        return await self._one(credentials.c.email_digest == email_digest)

    async def by_user(self, user_id: str) -> Credential | None:
        return await self._one(credentials.c.user_id == user_id)

    async def _one(self, which: ColumnElement[bool]) -> Credential | None:
        query = select(credentials.c.user_id, credentials.c.password_hash).where(which)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return Credential(*row) if row else None


def _set_password(user_id: str, password_hash: str, email_digest: str | None) -> Executable:
    if email_digest is None:
        return update(credentials).where(credentials.c.user_id == user_id).values(password_hash=password_hash)
    row = {
        "user_id": user_id,
        "email_digest": email_digest,
        "password_hash": password_hash,
        "created_at": func.now(),
    }
    return (
        insert(credentials)
        .values(row)
        .on_conflict_do_update(
            index_elements=["user_id"], set_={"password_hash": password_hash, "email_digest": email_digest}
        )
    )


class SqlConsents:
    """Consents under way, by the digest of their state."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, consent: Consent, now: datetime) -> Consent:
        row = {
            "state_digest": consent.state_digest,
            "user_id": consent.user_id,
            "person_id": consent.person_id,
            "channel_id": consent.channel_id,
            "niche_id": consent.niche_id,
            "operation_id": consent.operation_id,
            "browser_digest": consent.browser_digest,
            "created_at": now,
            "expires_at": consent.expires_at,
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(oauth_states).values(row).on_conflict_do_nothing())
        kept = await self.find(consent.state_digest)
        return kept or consent

    async def find(self, state_digest: str) -> Consent | None:
        state = oauth_states.c
        query = select(
            state.state_digest,
            state.user_id,
            state.person_id,
            state.channel_id,
            state.niche_id,
            state.operation_id,
            state.browser_digest,
            state.expires_at,
            state.code_digest,
        ).where(state.state_digest == state_digest)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return Consent(*row) if row else None

    async def spend(self, state_digest: str, code_digest: str) -> bool:
        state = oauth_states.c
        bind = (
            update(oauth_states)
            .where(
                state.state_digest == state_digest, or_(state.code_digest.is_(None), state.code_digest == code_digest)
            )
            .values(code_digest=code_digest)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(bind)).rowcount == 1

    async def purge(self, before: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(oauth_states).where(oauth_states.c.expires_at < before))


# a row for each key that was free, or used so long ago that it counts as free
_TAKE_KEYS = """
insert into public.idempotency as held (scope, key, fingerprint, operation_id, resource_id, created_at)
select * from json_to_recordset(%s::json) as wanted
    (scope text, key text, fingerprint text, operation_id text, resource_id text, created_at timestamptz)
on conflict (scope, key) do update set fingerprint = excluded.fingerprint, operation_id = excluded.operation_id,
    resource_id = excluded.resource_id, created_at = excluded.created_at
where held.created_at < %s
returning scope, key, fingerprint, operation_id, resource_id, created_at"""
_HELD_KEYS = """
select scope, key, fingerprint, operation_id, resource_id, created_at from public.idempotency
    join json_to_recordset(%s::json) as wanted (scope text, key text) using (scope, key)"""


class SqlIdempotencyKeys:
    """First uses of idempotency keys: part of the way of every command, so straight to the driver, all that come at
    once in one statement.

    :param connections: need not wait for the disk. What is recorded under a key is committed behind it, in the same
        log of the same server: where a crash takes the key, it took everything done under it.
    """

    def __init__(self, connections: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]) -> None:
        self._connections = connections
        self._together = Together(self._reserve, "idempotency keys")

    async def reserve(self, wanted: Reservation, expired_before: datetime) -> Reservation:
        return await self._together.do((wanted, expired_before))

    async def _reserve(self, asked: Sequence[tuple[Reservation, datetime]]) -> Sequence[Reservation]:
        first: dict[tuple[str, str], Reservation] = {}
        for wanted, _ in asked:
            first.setdefault((wanted.scope, wanted.key), wanted)
        async with self._connections() as connection:
            rows, expired = orjson.dumps(list(first.values())).decode(), min(before for _, before in asked)
            taken = await (await connection.execute(_TAKE_KEYS, [rows, expired], prepare=True)).fetchall()
            if len(taken) < len(first):
                taken += await (await connection.execute(_HELD_KEYS, [rows])).fetchall()
        # those taken now come first; those held before cannot be among them
        held = {(row[0], row[1]): Reservation(*row) for row in reversed(taken)}
        return [held[wanted.scope, wanted.key] for wanted, _ in asked]

    async def purge(self, before: datetime) -> None:
        async with self._connections() as connection:
            await connection.execute("delete from public.idempotency where created_at < %s", [before])


async def reachable(engine: AsyncEngine) -> bool:
    """Whether the database answers."""
    try:
        async with engine.connect() as connection:
            return await connection.scalar(select(1)) == 1
    except (SQLAlchemyError, OSError):
        return False
