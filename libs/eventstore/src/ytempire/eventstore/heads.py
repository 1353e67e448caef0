"""Witnessed heads: each service signs the head of its log now and then, and every other service keeps what it signed.

A hash chain alone shows what was changed in the middle of a log; whoever may rewrite the whole of it can also compute
the chain anew, or cut its tail and correct the head. That is no use against heads that stand in six other logs.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ytempire.events import Event
from ytempire.events.platform import LogHeadSealed
from ytempire.eventstore.delivery import Delivery, Handler
from ytempire.eventstore.errors import PermanentError
from ytempire.eventstore.records import Claim, StreamAppend, Unit
from ytempire.eventstore.store import EventStore

EVENTS = 1000
"""A head is sealed after so many events..."""
SPAN = timedelta(minutes=10)
"""...or at the next full ten minutes of business time."""
_PACE_S = 60.0
"""Seals that only business time asks for are this far apart on the wall: time that is moved by hand passes a full ten
minutes at every step, and what is not witnessed yet is at risk for real minutes."""
_TICK_S = 0.05
_LOOK_S = 0.25


class HeadWitnessed(Event, owner="platform", private=True):
    """The head of another service's log as it was signed, kept so that nobody can rewrite that log alone."""

    service: str
    position: int
    hash: str
    key_id: str
    signature: str


SEALED, WITNESSED = LogHeadSealed.type_name(), HeadWitnessed.type_name()
_UNSEALED = """
select count(*), min(occurred_at) from (
    select occurred_at from es.events where type <> all(%s) and position > coalesce((
        select (data->>'position')::bigint from es.events where type = %s order by position desc limit 1), 0)
    order by position limit %s) unsealed"""


class HeadKey:
    """A service's own signing key."""

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def load(cls, secrets_dir: Path, service: str) -> HeadKey:
        """:raises FileNotFoundError: naming the key file that is missing."""
        return cls(base64.b64decode((secrets_dir / f"{service}.audit.key").read_bytes()))

    def seal(self, service: str, position: int, hash_: bytes) -> LogHeadSealed:
        """What the service says of its log at this moment."""
        signature = self._key.sign(_signed(service, position, hash_.hex()))
        return LogHeadSealed(
            service=service,
            position=position,
            hash=hash_.hex(),
            key_id=key_id(self.public),
            signature=signature.hex(),
        )


def public_keys(secrets_dir: Path, service: str) -> list[bytes]:
    """Every key the service ever signed with: one a line, so that a new key does not make old seals worthless.

    :raises FileNotFoundError: naming the key file that is missing.
    """
    return [base64.b64decode(line) for line in (secrets_dir / f"{service}.audit.pub").read_text().split()]


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def genuine(seal: LogHeadSealed | HeadWitnessed, keys: Iterable[bytes]) -> bool:
    """Whether the service the seal names really signed it."""
    for public in keys:
        if key_id(public) == seal.key_id:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(
                    bytes.fromhex(seal.signature), _signed(seal.service, seal.position, seal.hash)
                )
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def _signed(service: str, position: int, hash_: str) -> bytes:
    return b"ytempire log head " + orjson.dumps([service, position, hash_])


class HeadSealer:
    """Seals the head of one service's log. Seals and witnessed heads alone are no reason to seal: a log falls quiet."""

    def __init__(self, store: EventStore, key: HeadKey, quiet: Sequence[str] = (SEALED, WITNESSED)) -> None:
        self._store, self._key, self._quiet = store, key, list(quiet)
        self._full = False
        self.due: datetime | None = None
        """Business time of the next seal; None while there is nothing to seal."""

    async def run(self) -> None:
        listener = self._store.listen()
        listener.set()
        loop, looked, next_seal = asyncio.get_running_loop(), 0.0, 0.0
        while True:
            if listener.is_set() and loop.time() - looked >= _LOOK_S:
                listener.clear()
                looked = loop.time()
                await self.refresh()
            due = self.due is not None and self.due <= self._store.clock()
            if due and (self._full or loop.time() >= next_seal):
                await self.seal()
                await self.refresh()
                next_seal = loop.time() + _PACE_S
            await asyncio.sleep(_TICK_S)

    async def refresh(self) -> None:
        """Find out from the log when the next seal is due: nothing else remembers it, so nothing can forget it."""
        async with self._store.pool.connection() as connection:
            cursor = await connection.execute(_UNSEALED, [self._quiet, SEALED, EVENTS])
            row = await cursor.fetchone()
        assert row is not None
        count, first = row
        self._full = bool(count >= EVENTS)
        self.due = None if not count else first.astimezone(UTC) if count >= EVENTS else _next_span(first)

    async def seal(self) -> None:
        """Sign the head as it is now, at its own time: a timer that is firing must not find a later one in the log."""
        head = await self._store.head()
        event = self._key.seal(self._store.service, head.position, head.hash)
        claim = Claim("log-head", str(head.position))
        await self._store.submit(Unit((StreamAppend("log-head", (event,), at=head.time),), claim))


def _next_span(after: datetime) -> datetime:
    since = after - datetime.min.replace(tzinfo=UTC)
    return after + SPAN - since % SPAN


def witness(store: EventStore) -> Handler:
    """Keep the heads that others seal."""

    async def keep(event: LogHeadSealed, delivery: Delivery) -> None:
        if event.service != delivery.envelope.producer:
            raise PermanentError(f"{delivery.envelope.producer} sealed a head in the name of {event.service}")
        kept = HeadWitnessed(**event.model_dump())
        await store.append(f"log-head-{event.service}", kept, claim=delivery.claim)

    return keep
