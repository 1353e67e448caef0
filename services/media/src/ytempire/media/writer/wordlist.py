"""Word lists as text: easier to read and to extend than a list literal."""

from __future__ import annotations


def listed(text: str) -> list[str]:
    """The words of a text in order."""
    return text.split()
