"""Errors of the voice."""

from __future__ import annotations

from ytempire.media.process import ToolFailed


class VoiceFailed(ToolFailed):
    """The speech process did not start, died, or refused a sentence; the text says which and what it wrote last."""
