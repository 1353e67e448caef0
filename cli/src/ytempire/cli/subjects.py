"""Keys of subjects as text for a backup, and the exchange of the key that wraps them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path

from ytempire.cli.keys import random_key, write_private
from ytempire.eventstore.vault import SubjectKey, Vault

_UNDER_WAY_S = 1.0


async def exported(vault: Vault) -> list[str]:
    """One JSON object for each subject; its key is null where the subject was erased."""
    return [
        json.dumps(
            {
                "subject": key.subject,
                "kek": key.kek,
                "key": base64.b64encode(key.wrapped_key).decode() if key.wrapped_key else None,
            }
        )
        async for key in vault.export()
    ]


def parsed(text: str) -> Sequence[SubjectKey]:
    """What `exported` wrote."""
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [SubjectKey(r["subject"], r["kek"], base64.b64decode(r["key"]) if r["key"] else None) for r in rows]


async def rewrapped(vault: Vault, file: Path) -> int:
    """Put a new key-encryption key first in `file`, wrap every subject's key with it, and take the old ones away.

    A running service reads the file at each use: it wraps with the new key from the first moment, and knows the old one
    until nothing needs it. A crash on the way leaves both in the file; doing it again finishes it. Returns how many
    keys were wrapped anew.
    """
    _put_first(file, random_key())
    wrapped = await vault.rewrap()
    # a call that read the file just before may still have been writing
    await asyncio.sleep(_UNDER_WAY_S)
    wrapped += await vault.rewrap()
    _keep_first(file)
    return wrapped


def _put_first(file: Path, key: str) -> None:
    write_private(file, f"{key}\n{file.read_text(encoding='utf-8')}")


def _keep_first(file: Path) -> None:
    write_private(file, file.read_text(encoding="utf-8").split()[0] + "\n")
