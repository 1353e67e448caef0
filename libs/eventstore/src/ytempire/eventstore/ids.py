"""Ids: UUID version 7, so that they sort by the time they were made."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 in text form."""
    return str(uuid_utils.uuid7())


def derived_id(*parts: str) -> str:
    """The same id for the same parts, for things that must not be made twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "ytempire:" + "\x1f".join(parts)))
