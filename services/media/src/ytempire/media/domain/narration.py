"""A narration: the voice, and when every word of it is heard."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimedWord(_Value):
    """A written word of a line with the time at which the voice says it, in seconds from the start."""

    text: str
    line: int
    start_s: float
    end_s: float


class TimedLine(_Value):
    """When a line of the script is heard; ``line`` is its index in ``Script.lines``."""

    line: int
    start_s: float
    end_s: float


class Narration(_Value):
    """The recorded voice of a whole script."""

    wav: str
    """Path of the 48 kHz mono PCM file."""
    sample_rate: int
    duration_s: float
    """Length of the whole recording, with the silences before, between and after the lines."""
    lines: tuple[TimedLine, ...]
    words: tuple[TimedWord, ...]
    voice: str
    """Name and version of the voice, for the licence ledger."""
