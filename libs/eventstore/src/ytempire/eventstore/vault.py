"""Personal fields: encrypted with a key of their subject, so that destroying the key erases them everywhere.

AES-256-GCM. The subject's key lies in the service's own database, wrapped by a key-encryption key that is a file. Plain
text reaches neither the log nor a table nor the bus; who may see a field decrypts it when it is read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg_pool import AsyncConnectionPool

from ytempire.eventstore.errors import PermanentError

ERASED = "[erased]"
_NONCE = 12
_BATCH = 500
REMEMBERED_S = 30.0
"""A key is remembered so long for *writing*; another process that erases its subject is heard of after that. What is
written meanwhile nobody can read. Reading asks the database each time."""
_REMEMBERED = 4096

Keks = Callable[[], Sequence[bytes]]
"""The key-encryption keys, the one in use first. Asked each time, so that a new one is used without a restart."""


class SubjectErasedError(PermanentError):
    """Something was to be written about a subject that was erased: it gets no key again."""


def kek_file(path: Path) -> Keks:
    """Key-encryption keys from a file: base64, one a line, the one in use first.

    :raises FileNotFoundError: naming the file.
    """

    def read() -> Sequence[bytes]:
        keks = [base64.b64decode(line) for line in path.read_text().split()]
        if not keks:
            raise ValueError(f"the key file {path} is empty: restore it from its backup")
        return keks

    read()
    return read


def kek_id(kek: bytes) -> str:
    """A name of a key that tells nothing of it."""
    return hashlib.sha256(b"ytempire kek " + kek).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A row of ``es.subject_keys``, as it is backed up; without a key it is an erased subject's."""

    subject: str
    kek: str | None
    wrapped_key: bytes | None


class Vault:
    """Keeps one data key per subject."""

    def __init__(self, pool: AsyncConnectionPool, keks: Keks) -> None:
        self._pool, self._keks = pool, keks
        self._remembered: OrderedDict[str, tuple[float, AESGCM]] = OrderedDict()

    async def encrypt(self, subject: str, field: str, value: str) -> str:
        """Ciphertext of a field, bound to its subject and name; makes the subject's key if there is none.

        :raises SubjectErasedError: if the subject was erased.
        """
        cipher = self._recall(subject) or await self._learn(subject)
        nonce = os.urandom(_NONCE)
        sealed = nonce + cipher.encrypt(nonce, value.encode(), _bound(subject, field))
        return base64.b64encode(sealed).decode()

    async def decrypt(self, subject: str, field: str, ciphertext: str) -> str:
        """The field, or ``[erased]`` once the subject's key was destroyed.

        :raises ValueError: if the ciphertext was changed or belongs to another subject or field, or if the service's
            key-encryption keys are not those it was made with.
        """
        key = await self._key(subject)
        if key is None:
            return ERASED
        raw = base64.b64decode(ciphertext)
        try:
            return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(subject, field)).decode()
        except InvalidTag as error:
            raise ValueError(f"{field} of {subject} is not what was encrypted") from error

    async def erase(self, subject: str) -> None:
        """Destroy the subject's key: its fields can never be read again, and it gets no new key.

        What the disk still holds of the wrapped key ends with its key-encryption key: see ``rewrap``.
        """
        self._remembered.pop(subject, None)
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into es.subject_keys (subject) values (%s)"
                " on conflict (subject) do update set kek = null, wrapped_key = null",
                [subject],
            )

    async def rewrap(self) -> int:
        """Wrap every key that an earlier key-encryption key wrapped with the one in use; how many there were.

        Afterwards the earlier ones can be destroyed, and with them all copies of keys they wrapped: those of erased
        subjects in old pages, write-ahead logs and backups.
        """
        current, done = kek_id(self._keks()[0]), 0
        while rows := await self._rows("kek <> %s", [current]):
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                # only what is still as it was read: a subject that is erased meanwhile stays erased
                await cursor.executemany(
                    "update es.subject_keys set kek = %s, wrapped_key = %s where subject = %s and kek = %s",
                    [
                        (
                            *self._wrap(row.subject, self._unwrap(row.subject, row.kek, row.wrapped_key)),
                            row.subject,
                            row.kek,
                        )
                        for row in rows
                        if row.kek and row.wrapped_key
                    ],
                )
            done += len(rows)
        return done

    async def export(self) -> AsyncIterator[SubjectKey]:
        """Every subject's wrapped key, for a backup apart: one of the log without them holds nothing personal."""
        last = ""
        while rows := await self._rows("subject > %s", [last]):
            for row in rows:
                yield row
            last = rows[-1].subject

    async def restore(self, keys: Sequence[SubjectKey]) -> None:
        """Bring keys back from a backup. Subjects that are known here stay as they are: the erased stay erased."""
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(
                "insert into es.subject_keys (subject, kek, wrapped_key) values (%s, %s, %s)"
                " on conflict (subject) do update set kek = null, wrapped_key = null where excluded.kek is null",
                [(key.subject, key.kek, key.wrapped_key) for key in keys],
            )

    def _recall(self, subject: str) -> AESGCM | None:
        learned, cipher = self._remembered.get(subject, (0.0, None))
        return cipher if time.monotonic() - learned < REMEMBERED_S else None

    async def _learn(self, subject: str) -> AESGCM:
        asked = time.monotonic()
        key = await self._key(subject) or await self._new_key(subject)
        if key is None:
            self._remembered.pop(subject, None)
            raise SubjectErasedError(f"{subject} was erased: nothing about it is kept any more")
        cipher = AESGCM(key)
        self._remembered[subject] = asked, cipher
        self._remembered.move_to_end(subject)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return cipher

    async def _key(self, subject: str) -> bytes | None:
        rows = await self._rows("subject = %s", [subject])
        if not rows or rows[0].kek is None or rows[0].wrapped_key is None:
            return None
        return self._unwrap(subject, rows[0].kek, rows[0].wrapped_key)

    async def _new_key(self, subject: str) -> bytes | None:
        """The key of a subject that had none; None for one that was erased."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into es.subject_keys (kek, wrapped_key, subject) values (%s, %s, %s) on conflict do nothing",
                [*self._wrap(subject, AESGCM.generate_key(256)), subject],
            )
        # whoever was faster, there is one key
        return await self._key(subject)

    async def _rows(self, where: str, values: Sequence[str]) -> list[SubjectKey]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"select subject, kek, wrapped_key from es.subject_keys where {where} order by subject limit {_BATCH}",  # noqa: S608 - constant conditions
                list(values),
            )
            return [SubjectKey(s, kek, bytes(key) if key else None) for s, kek, key in await cursor.fetchall()]

    def _wrap(self, subject: str, key: bytes) -> tuple[str, bytes]:
        kek, nonce = self._keks()[0], os.urandom(_NONCE)
        return kek_id(kek), nonce + AESGCM(kek).encrypt(nonce, key, subject.encode())

    def _unwrap(self, subject: str, kek: str, wrapped: bytes) -> bytes:
        for candidate in self._keks():
            if kek_id(candidate) == kek:
                try:
                    return AESGCM(candidate).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], subject.encode())
                except InvalidTag as error:
                    raise ValueError(f"the key of {subject} was changed, or belongs to another subject") from error
        raise ValueError(
            f"the key of {subject} was not made with this service's key-encryption key: restore that key's file"
        )


def _bound(subject: str, field: str) -> bytes:
    return f"{subject}:{field}".encode()
