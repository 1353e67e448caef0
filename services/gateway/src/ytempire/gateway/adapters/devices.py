"""Devices that logged in before, by the digest of their token."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from ytempire.gateway.adapters.tables import credentials, known_devices


class SqlDevices:
    """Which devices an account knows."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def knows(self, email_digest: str, device_digest: str, now: datetime) -> bool:
        device = known_devices.c
        query = (
            select(device.user_id)
            .join(credentials, credentials.c.user_id == device.user_id)
            .where(
                device.device_digest == device_digest,
                device.expires_at > now,
                credentials.c.email_digest == email_digest,
            )
        )
        async with self._engine.connect() as connection:
            return await connection.scalar(query) is not None

    async def remember(self, user_id: str, device_digest: str, now: datetime, expires_at: datetime) -> None:
        row = {
            "device_digest": device_digest,
            "user_id": user_id,
            "first_used_at": now,
            "used_at": now,
            "expires_at": expires_at,
        }
        seen_again = {"used_at": now, "expires_at": expires_at}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(known_devices)
                .values(row)
                .on_conflict_do_update(index_elements=["device_digest", "user_id"], set_=seen_again)
            )

    async def forget(self, user_id: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(known_devices).where(known_devices.c.user_id == user_id))

    async def purge(self, now: datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(known_devices).where(known_devices.c.expires_at < now))
