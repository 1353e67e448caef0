"""Publishing to one stream so that order holds whatever happens: each message names the sequence it must follow.

A few messages are sent one behind the other without waiting; if the server refuses one, it refuses all behind it. Many
are sent as one atomic batch: all are stored or none. The cut is where a batch's fixed price (it is staged first) falls
below the price of syncing each message (see the decision on the relay).

The client library's own ``publish_async`` is not used: in nats-py 2.16 its answer never comes when the server refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from ytempire.bus import headers
from ytempire.eventstore import new_id

ATOMIC_FROM = 24
"""From so many messages on one atomic batch is faster than a chain of single ones."""

BATCH = 1000
"""Messages in one batch; the server takes no more."""

_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    body: bytes
    headers: dict[str, str]


class RefusedError(Exception):
    """The server did not store a message: another wrote to the stream, it is full, or a batch was stored before."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} (JetStream error {code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages on their way."""

    answers: Sequence[asyncio.Future[int]]
    end: int
    """The sequence of the last one, if all are stored."""

    async def stored(self) -> None:
        """Wait until the server has stored them.

        :raises RefusedError: if it refused; of a chain, what came before the refused one is stored.
        :raises TimeoutError: if an answer is missing: what was stored is unknown.
        """
        try:
            async with asyncio.timeout(_ANSWER_S):
                for answer in self.answers:
                    last = await answer
        finally:
            self.forget()
        if last != self.end:
            raise RefusedError(0, f"stored up to {last} instead of {self.end}: it was stored before")

    def forget(self) -> None:
        """Nobody waits any more."""
        for answer in self.answers:
            answer.cancel()


class Publisher:
    """The only writer of one stream."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._sent = 0

    async def open(self) -> None:
        """Listen for the server's answers."""
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._answered)

    async def close(self) -> None:
        if not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def send(self, messages: Sequence[Message], expected: int) -> Sent:
        """Send messages that belong behind sequence ``expected``, at most ``BATCH`` of them, and do not wait.

        The next ones may follow at once, behind where these will end: if these are refused, so are those.
        """
        if len(messages) < ATOMIC_FROM:
            return await self._chain(messages, expected)
        return await self._batch(messages, expected)

    async def _chain(self, messages: Sequence[Message], expected: int) -> Sent:
        answers = [
            await self._publish(message, {headers.EXPECTED_LAST_SEQUENCE: str(expected + index)})
            for index, message in enumerate(messages)
        ]
        return Sent(answers, expected + len(messages))

    async def _batch(self, messages: Sequence[Message], expected: int) -> Sent:
        batch = new_id()
        for index, message in enumerate(messages[:-1], 1):
            own = {headers.BATCH_ID: batch, headers.BATCH_SEQUENCE: str(index)}
            if index == 1:
                own[headers.EXPECTED_LAST_SEQUENCE] = str(expected)
            await self._client.publish(message.subject, message.body, headers=message.headers | own)
        commit = {headers.BATCH_ID: batch, headers.BATCH_SEQUENCE: str(len(messages)), headers.BATCH_COMMIT: "1"}
        return Sent([await self._publish(messages[-1], commit)], expected + len(messages))

    async def _publish(self, message: Message, own: dict[str, str]) -> asyncio.Future[int]:
        self._sent += 1
        token, answer = str(self._sent), asyncio.get_running_loop().create_future()
        self._waiting[token] = answer
        answer.add_done_callback(lambda _: self._waiting.pop(token, None))
        reply = f"{self._inbox}.{token}"
        await self._client.publish(message.subject, message.body, reply=reply, headers=message.headers | own)
        return answer

    async def _answered(self, message: Msg) -> None:
        answer = self._waiting.get(message.subject.rpartition(".")[2])
        if answer is None or answer.done():
            return
        if not message.data:
            answer.set_exception(RefusedError(503, "no stream takes this subject"))
            return
        said = orjson.loads(message.data)
        if error := said.get("error"):
            answer.set_exception(RefusedError(int(error.get("err_code", 0)), str(error.get("description", ""))))
        else:
            answer.set_result(int(said["seq"]))
