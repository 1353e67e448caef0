"""The studio's errors; their text is meant for the person who asked for the film."""

from __future__ import annotations


class StudioError(ValueError):
    """The input cannot be drawn; the message says what is wrong with it and what to change."""
