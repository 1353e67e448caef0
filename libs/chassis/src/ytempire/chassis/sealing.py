"""One-time values between services: sealed to the receiver's public key, with an expiry.

The receiver's keys are two files of the secrets folder: ``<service>.seal.pub``, the public key to seal with, and
``<service>.seal.key``, the private keys, one a line: base64, when it was made, and when it was retired. Both are looked
at each time, so that a new key is used without a restart. A retired key is destroyed once everything that was sealed to
it has expired; what was never opened by then is lost for good, also to who kept a copy of the log.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from ytempire.events.values import Sealed
from ytempire.eventstore import PermanentError

T = TypeVar("T")

LONGEST = timedelta(days=7)
"""No value is sealed for longer."""
ROTATE_EVERY = timedelta(days=30)
_MARGIN = timedelta(days=1)
"""For a copy of the public key that arrives late where it is used."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sealer:
    """Seals to any service whose public key lies in the secrets folder."""

    def __init__(self, secrets_dir: Path) -> None:
        self._dir = secrets_dir
        self._files: dict[str, _File[tuple[str, SealedBox[PublicKey]]]] = {}

    def seal(self, recipient: str, value: dict[str, Any], now: datetime, ttl: timedelta) -> Sealed:
        """The value, for the recipient alone, until ``now + ttl``.

        :raises ValueError: for a ``ttl`` above seven days: the key might be destroyed before.
        """
        if ttl > LONGEST:
            raise ValueError(f"a value is sealed for {LONGEST.days} days at most: its key is destroyed after that")
        file = self._files.setdefault(recipient, _File(self._dir / f"{recipient}.seal.pub", _seals))
        key_id, box = file.read()
        return Sealed(
            recipient=recipient,
            key_id=key_id,
            ciphertext=base64.b64encode(box.encrypt(orjson.dumps(value))).decode(),
            expires_at=now + ttl,
        )


class Opener:
    """Opens what was sealed to this service.

    :raises FileNotFoundError: if the service has no keys.
    """

    def __init__(self, secrets_dir: Path, service: str) -> None:
        self._service, self._keys = service, _File(secrets_dir / f"{service}.seal.key", _opens)
        self._keys.read()

    def open(self, sealed: Sealed, now: datetime) -> dict[str, Any]:
        """The sealed value.

        :raises PermanentError: if it expired, or was sealed to another key or to one that is destroyed.
        """
        if sealed.expires_at < now:
            raise PermanentError(f"a value sealed to {self._service} expired at {sealed.expires_at.isoformat()}")
        box = self._keys.read().get(sealed.key_id)
        if box is None:
            raise PermanentError(f"a value was not sealed to a key of {self._service} that is still kept")
        try:
            opened: dict[str, Any] = orjson.loads(box.decrypt(base64.b64decode(sealed.ciphertext)))
        except CryptoError as error:
            raise PermanentError(f"a value was not sealed to {self._service}'s key") from error
        return opened


@dataclass(frozen=True, slots=True)
class SealKey:
    """One private key; the times are the wall's: business time never runs slower."""

    private: PrivateKey
    made: datetime
    retired: datetime | None = None

    @property
    def id(self) -> str:
        return _key_id(bytes(self.private.public_key))

    def line(self) -> str:
        times = [at.isoformat(timespec="seconds") for at in (self.made, self.retired) if at]
        return " ".join([base64.b64encode(bytes(self.private)).decode(), *times])

    @classmethod
    def parse(cls, line: str) -> SealKey:
        key, *times = line.split()
        made, retired, *_ = [*map(datetime.fromisoformat, times), None, None]
        return cls(PrivateKey(base64.b64decode(key)), made or _EPOCH, retired)


class SealKeys:
    """The sealing keys of one service, as its files hold them."""

    def __init__(self, secrets_dir: Path, service: str) -> None:
        self._private, self._public = secrets_dir / f"{service}.seal.key", secrets_dir / f"{service}.seal.pub"

    def read(self) -> Sequence[SealKey]:
        """Every key that is kept, the one in use first."""
        return _kept(self._private.read_bytes())

    def ensure(self, now: datetime) -> None:
        """Make the first key if there is none, and the public file if only that is missing."""
        if not self._private.exists():
            self._write([SealKey(PrivateKey.generate(), now)])
        elif not self._public.exists():
            self._write(self.read())

    def rotate(self, now: datetime, every: timedelta = ROTATE_EVERY) -> bool:
        """Put a new key to use if the present one is older than ``every``, and destroy what nothing can need any more.

        :returns: whether anything was changed.
        """
        keys = list(self.read())
        kept = [k for k in keys if k.retired is None or now < k.retired + LONGEST + _MARGIN]
        if kept[0].made + every <= now:
            kept = [SealKey(PrivateKey.generate(), now), replace(kept[0], retired=now), *kept[1:]]
        if kept == keys:
            return False
        self._write(kept)
        return True

    def _write(self, keys: Sequence[SealKey]) -> None:
        """The private file first: whatever is sealed with the new public key can be opened."""
        _replace(self._private, "".join(f"{key.line()}\n" for key in keys), 0o600)
        _replace(self._public, base64.b64encode(bytes(keys[0].private.public_key)).decode() + "\n", 0o644)


def _kept(content: bytes) -> list[SealKey]:
    return [SealKey.parse(line) for line in content.decode().splitlines() if line.strip()]


def _opens(content: bytes) -> dict[str, SealedBox[PrivateKey]]:
    return {kept.id: SealedBox(kept.private) for kept in _kept(content)}


def _seals(content: bytes) -> tuple[str, SealedBox[PublicKey]]:
    key = base64.b64decode(content)
    return _key_id(key), SealedBox(PublicKey(key))


class _File(Generic[T]):
    """What a file says, parsed again when another was put in its place: keys rotate while the process runs."""

    def __init__(self, path: Path, parse: Callable[[bytes], T]) -> None:
        self._path, self._parse = path, parse
        self._known: tuple[tuple[int, int], T] | None = None

    def read(self) -> T:
        """:raises FileNotFoundError: if it is gone."""
        state = self._path.stat()
        stamp = state.st_ino, state.st_mtime_ns
        if self._known is None or self._known[0] != stamp:
            self._known = stamp, self._parse(self._path.read_bytes())
        return self._known[1]


def _key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _replace(path: Path, text: str, mode: int) -> None:
    """A crash leaves either the old file or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
