"""Secrets of one installation: made once, kept in files that only their owner can read."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from nacl.signing import SigningKey

from ytempire.chassis.sealing import SealKeys
from ytempire.cli.problems import PlatformProblem
from ytempire.events import SERVICES

SEALED_RECEIVERS = ("gateway", "onboarding", "billing", "publisher", "analytics", "support")
SYMMETRIC_KEYS = (
    "gateway.jwt.key",
    "gateway.digest.key",
    "gateway.kek.key",
    "onboarding.kek.key",
    "publisher.kek.key",
    "analytics.kek.key",
    "support.kek.key",
    "assets.sign.key",
)
_LOOK_S = 3600.0


def random_password() -> str:
    """A URL-safe password with 256 bits of entropy."""
    return secrets.token_urlsafe(32)


def random_key() -> str:
    """32 random bytes as standard base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def ensure_private_directory(path: Path) -> Path:
    """Make `path` with mode 0700 when it is missing; an existing folder keeps its mode."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` (mode 0600) so that a crash leaves either the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def ensure_secret(path: Path, make: Callable[[], str] = random_password) -> tuple[str, bool]:
    """Return the secret in `path` and whether it was made just now.

    Raises `PlatformProblem` when the file exists but is empty, because replacing it silently could lock data away.
    """
    if path.exists():
        text = path.read_text(encoding="utf-8").strip()
        if not text:
            raise PlatformProblem(f"The secret file {path} is empty: restore it from a backup of this installation.")
        return text, False
    ensure_private_directory(path.parent)
    text = make()
    write_private(path, text + "\n")
    return text, True


def rotate_sealing_keys(secrets_dir: Path) -> list[str]:
    """Put a new sealing key to use wherever the present one is a month old, and destroy those that nothing needs.

    Running services use the new files without a restart. Returns the receivers whose keys changed.
    """
    now = datetime.now(UTC)
    return [service for service in SEALED_RECEIVERS if SealKeys(secrets_dir, service).rotate(now)]


async def keep_rotating(secrets_dir: Path, note: Callable[[str], None]) -> None:
    """Rotate what is old now and then, until cancelled."""
    while True:
        for service in rotate_sealing_keys(secrets_dir):
            note(f"the sealing key of {service} was rotated")
        await asyncio.sleep(_LOOK_S)


def ensure_audit_pair(secrets_dir: Path, service: str) -> None:
    """Make the Ed25519 pair with which `service` signs the head of its log (base64, 32 bytes each).

    The public file holds every key the service ever signed with, one a line: to rotate, remove the private one.
    """
    private, _ = ensure_secret(
        secrets_dir / f"{service}.audit.key", lambda: base64.b64encode(bytes(SigningKey.generate())).decode("ascii")
    )
    public = base64.b64encode(bytes(SigningKey(base64.b64decode(private)).verify_key)).decode("ascii")
    public_file = secrets_dir / f"{service}.audit.pub"
    known = public_file.read_text(encoding="utf-8").split() if public_file.exists() else []
    if public not in known:
        write_private(public_file, "\n".join([*known, public]) + "\n")
        public_file.chmod(0o644)


def ensure_platform_keys(secrets_dir: Path) -> None:
    """Make every key of an installation that is still missing; existing ones stay."""
    ensure_private_directory(secrets_dir)
    for name in SYMMETRIC_KEYS:
        ensure_secret(secrets_dir / name, random_key)
    for service in SEALED_RECEIVERS:
        SealKeys(secrets_dir, service).ensure(datetime.now(UTC))
    for service in SERVICES:
        ensure_audit_pair(secrets_dir, service)
