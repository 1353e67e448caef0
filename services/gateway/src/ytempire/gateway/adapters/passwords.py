"""Passwords by argon2id, off the event loop and never more at once than there are cores."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

# OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane
_HASHER = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)


class ArgonPasswords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        self._hash = PasswordHash((_HASHER,))
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="argon2")
        self._stranger = self._hash.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        fits = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._fits, password, password_hash or self._stranger
        )
        return fits and password_hash is not None

    def _fits(self, password: str, password_hash: str) -> bool:
        try:
            return self._hash.verify(password, password_hash)
        except UnknownHashError:
            return False
