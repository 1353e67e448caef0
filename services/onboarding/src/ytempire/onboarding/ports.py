"""What the features need from the outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ytempire.events.values import Sealed

Now = Callable[[], datetime]
"""Business time."""


class Cipher(Protocol):
    """Encrypts a person's fields with that person's key; decrypts to a marker once the key is destroyed."""

    async def encrypt(self, subject: str, field: str, value: str) -> str: ...

    async def decrypt(self, subject: str, field: str, ciphertext: str) -> str: ...


class Forgets(Protocol):
    """Destroys a person's key."""

    async def erase(self, subject: str) -> None: ...


class Opens(Protocol):
    """Opens values that were sealed to this service."""

    def open(self, sealed: Sealed, now: datetime) -> dict[str, Any]: ...


class Seals(Protocol):
    """Seals a value to another service."""

    def seal(self, recipient: str, value: dict[str, Any], now: datetime, ttl: timedelta) -> Sealed: ...


class Shreds(Protocol):
    """Destroys a subject's key: what it encrypted can never be read again."""

    async def erase(self, subject: str) -> None: ...


class Tokens(Protocol):
    """Makes tokens that cannot be guessed, and the digests they are known by."""

    def new(self) -> str: ...

    def digest(self, token: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words in both forms."""

    subject: str
    text: str
    html: str


class Letters(Protocol):
    """Writes letters from templates."""

    def known(self, template: str) -> bool: ...

    def write(self, template: str, values: dict[str, str], timezone: str) -> Letter: ...


@dataclass(frozen=True, slots=True)
class Post:
    """A letter with its address."""

    to: str
    letter: Letter
    message_id: str
    unsubscribe: str | None = None
    """Where one press stops mails of this kind (RFC 8058)."""


class AddressRefusedError(Exception):
    """The mail server will not deliver to this address, now or later."""


class Postman(Protocol):
    """Hands letters to the mail server."""

    async def send(self, post: Post) -> None:
        """
        :raises AddressRefusedError: if the server refuses the address for good.
        :raises ytempire.eventstore.TransientError: if it may work later.
        """


AddressCheck = Callable[[str], bool]
"""Whether a text is an e-mail address that mail can be sent to."""
