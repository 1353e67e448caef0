"""What the features need from the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from ytempire.events.values import Sealed

Now = Callable[[], datetime]
"""Business time."""


class Cipher(Protocol):
    """Encrypts a person's fields with that person's key."""

    async def encrypt(self, subject: str, field: str, value: str) -> str: ...


class Opens(Protocol):
    """Opens values that were sealed to this service."""

    def open(self, sealed: Sealed, now: datetime) -> dict[str, Any]:
        """:raises PermanentError: if the value expired or was sealed to somebody else."""


class Beats(Protocol):
    """Signs of life of the platform's services, by the wall clock."""

    @property
    def last(self) -> Mapping[str, float]:
        """Seconds on the monotonic clock at which each service was heard last."""

    @property
    def listening(self) -> bool:
        """Whether a beat would be heard now; silence means nothing while it is not."""
