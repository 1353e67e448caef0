"""Passwords by argon2id, off the event loop and never more at once than there are cores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from ytempire.gateway.problems import Problem

T = TypeVar("T")

# OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane
_HASHER = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)


class ArgonPasswords:
    """Hashes and checks passwords; what would wait too long is refused, or a flood would hold up everybody for minutes.

    :param most: at work and waiting.
    """

    def __init__(self, most: int) -> None:
        self._most, self._inside = most, 0
        self._hash = PasswordHash((_HASHER,))
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="argon2")
        self._stranger = self._hash.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        return await self._off_the_loop(self._hash.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        fits = await self._off_the_loop(self._fits, password, password_hash or self._stranger)
        return fits and password_hash is not None

    async def _off_the_loop(self, work: Callable[..., T], *given: str) -> T:
        if self._inside >= self._most:
            raise Problem(
                503,
                "busy",
                "Many people are logging in or signing up just now. Try again in a few seconds.",
                headers={"Retry-After": "3"},
            )
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        finally:
            self._inside -= 1

    def _fits(self, password: str, password_hash: str) -> bool:
        try:
            return self._hash.verify(password, password_hash)
        except UnknownHashError:
            return False
