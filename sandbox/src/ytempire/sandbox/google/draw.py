"""Chance that is always the same: numbers drawn from a text, so that every run of a world agrees."""

import base64
import hashlib


def digest(*parts: object) -> bytes:
    """32 bytes that depend on all parts."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()


def unit(*parts: object) -> float:
    """A number in [0, 1) that depends on all parts."""
    return int.from_bytes(digest(*parts)[:6], "big") / float(1 << 48)


def between(low: float, high: float, *parts: object) -> float:
    """A number in [low, high) that depends on all parts."""
    return low + (high - low) * unit(*parts)


def identifier(length: int, *parts: object) -> str:
    """Letters, digits, ``-`` and ``_``, as in YouTube's ids."""
    return base64.urlsafe_b64encode(digest(*parts)).decode()[:length]
