"""Callers that repeat a command until it is acknowledged, and remember what was: the parent is never killed."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field

import httpx

_CALLERS, _ACCOUNTS = 12, 40
_TIMEOUT_S, _AGAIN_S = 3.0, 0.1


@dataclass(frozen=True, slots=True)
class Command:
    key: str
    account: str
    amounts: tuple[int, ...]


@dataclass
class Load:
    """Commands, how many may be sent so far, and which were acknowledged with which events."""

    commands: list[Command]
    ports: tuple[int, ...]
    acked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)
    """Commands that were acknowledged twice with different events."""
    _allowed: int = 0
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def events_acked(self) -> int:
        return sum(len(ids) for ids in self.acked.values())

    async def allow(self, share: float) -> None:
        """Let so much of the whole be sent."""
        async with self._more:
            self._allowed = max(self._allowed, round(len(self.commands) * share))
            self._more.notify_all()

    async def reached(self, share: float) -> None:
        """Wait until so much of the whole is acknowledged."""
        async with self._more:
            await self._more.wait_for(lambda: len(self.acked) >= int(len(self.commands) * share))

    async def run(self) -> None:
        """Send everything; returns when all of it is acknowledged."""
        numbers = itertools.count()
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            await asyncio.gather(*(self._caller(client, numbers) for _ in range(_CALLERS)))

    async def _caller(self, client: httpx.AsyncClient, numbers: itertools.count[int]) -> None:
        while (number := next(numbers)) < len(self.commands):
            async with self._more:
                await self._more.wait_for(lambda number=number: self._allowed > number)
            await self._send(client, self.commands[number], number)

    async def _send(self, client: httpx.AsyncClient, command: Command, number: int) -> None:
        body = {"command": command.key, "account": command.account, "amounts": command.amounts}
        for attempt in itertools.count(number):
            try:
                answer = await client.post(
                    f"http://127.0.0.1:{self.ports[attempt % len(self.ports)]}/deposits", json=body
                )
            except httpx.HTTPError:
                # it may have been written or not: only asking again tells
                await asyncio.sleep(_AGAIN_S)
                continue
            if answer.status_code == 201:
                await self._remember(command, tuple(answer.json()["events"]))
                # now and then a caller asks again although it was answered
                if number % 50 or attempt > number + 1:
                    return
                continue
            await asyncio.sleep(_AGAIN_S)

    async def _remember(self, command: Command, ids: tuple[str, ...]) -> None:
        async with self._more:
            if self.acked.setdefault(command.key, ids) != ids:
                self.contradicted.append(command.key)
            self._more.notify_all()


def drawn(draw: random.Random, events: int) -> list[Command]:
    """Commands that hold at least so many events together."""
    commands: list[Command] = []
    total = 0
    while total < events:
        amounts = tuple(draw.randrange(1, 1000) for _ in range(draw.randrange(1, 7)))
        commands.append(Command(f"command-{len(commands)}", str(draw.randrange(_ACCOUNTS)), amounts))
        total += len(amounts)
    return commands
