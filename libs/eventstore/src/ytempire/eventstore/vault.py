"""Personal fields: encrypted with a key of their subject, so that destroying the key erases them everywhere.

AES-256-GCM; the subject's key is wrapped by the service's key-encryption key and lives in the service's own database.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg_pool import AsyncConnectionPool

ERASED = "[erased]"
_NONCE = 12


class Vault:
    """Keeps one data key per subject."""

    def __init__(self, pool: AsyncConnectionPool, key_encryption_key: bytes) -> None:
        self._pool, self._kek = pool, AESGCM(key_encryption_key)

    async def encrypt(self, subject: str, field: str, value: str) -> str:
        """Ciphertext of a field, bound to its subject and name; makes the subject's key if there is none."""
        cipher = AESGCM(await self._key(subject, create=True) or b"")
        nonce = os.urandom(_NONCE)
        sealed = nonce + cipher.encrypt(nonce, value.encode(), f"{subject}:{field}".encode())
        return base64.b64encode(sealed).decode()

    async def decrypt(self, subject: str, field: str, ciphertext: str) -> str:
        """The field, or ``[erased]`` once the subject's key was destroyed.

        :raises ValueError: if the ciphertext was changed or belongs to another subject or field, or if the service's
            key-encryption key is not the one it was made with.
        """
        key = await self._key(subject, create=False)
        if key is None:
            return ERASED
        raw = base64.b64decode(ciphertext)
        try:
            return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], f"{subject}:{field}".encode()).decode()
        except InvalidTag as error:
            raise ValueError(f"{field} of {subject} is not what was encrypted") from error

    async def erase(self, subject: str) -> None:
        """Destroy the subject's key: its fields can never be read again."""
        async with self._pool.connection() as connection:
            await connection.execute("delete from es.subject_keys where subject = %s", [subject])

    async def _key(self, subject: str, *, create: bool) -> bytes | None:
        async with self._pool.connection() as connection:
            if create:
                await connection.execute(
                    "insert into es.subject_keys values (%s, %s) on conflict do nothing",
                    [subject, self._wrap(subject, AESGCM.generate_key(256))],
                )
            cursor = await connection.execute("select wrapped_key from es.subject_keys where subject = %s", [subject])
            row = await cursor.fetchone()
        return self._unwrap(subject, bytes(row[0])) if row else None

    def _wrap(self, subject: str, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._kek.encrypt(nonce, key, subject.encode())

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        try:
            return self._kek.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], subject.encode())
        except InvalidTag as error:
            raise ValueError(
                f"the key of {subject} was not made with this service's key-encryption key: restore that key's file"
            ) from error
