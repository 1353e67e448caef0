"""One-time values between services: sealed to the receiver's public key, with an expiry."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from ytempire.events.values import Sealed
from ytempire.eventstore import PermanentError


class Sealer:
    """Seals to any service whose public key lies in the secrets folder."""

    def __init__(self, secrets_dir: Path) -> None:
        self._dir = secrets_dir

    def seal(self, recipient: str, value: dict[str, Any], now: datetime, ttl: timedelta) -> Sealed:
        key = base64.b64decode((self._dir / f"{recipient}.seal.pub").read_bytes())
        box = SealedBox(PublicKey(key))
        return Sealed(
            recipient=recipient,
            key_id=hashlib.sha256(key).hexdigest()[:16],
            ciphertext=base64.b64encode(box.encrypt(orjson.dumps(value))).decode(),
            expires_at=now + ttl,
        )


class Opener:
    """Opens what was sealed to this service."""

    def __init__(self, secrets_dir: Path, service: str) -> None:
        self._service = service
        self._box = SealedBox(PrivateKey(base64.b64decode((secrets_dir / f"{service}.seal.key").read_bytes())))

    def open(self, sealed: Sealed, now: datetime) -> dict[str, Any]:
        """The sealed value.

        :raises PermanentError: if it expired, or was sealed to another key.
        """
        if sealed.expires_at < now:
            raise PermanentError(f"a value sealed to {self._service} expired at {sealed.expires_at.isoformat()}")
        try:
            opened: dict[str, Any] = orjson.loads(self._box.decrypt(base64.b64decode(sealed.ciphertext)))
        except CryptoError as error:
            raise PermanentError(f"a value was not sealed to {self._service}'s key") from error
        return opened
