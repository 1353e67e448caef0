"""How a style is told: the pace of the voice, the pauses, and so how many words a length holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Manner:
    length_scale: float
    """Length of every sound; above 1 is slower."""
    sentence_gap_s: float
    chapter_gap_s: float
    words_per_minute: int
    """What comes out of it, pauses included; the writer aims at a length by it."""


MANNERS: Mapping[str, Manner] = MappingProxyType(
    {
        "educational": Manner(1.15, 0.45, 0.9, 150),
        "documentary": Manner(1.22, 0.7, 1.4, 136),
        "tutorial": Manner(1.25, 0.85, 1.2, 130),
        "news": Manner(1.05, 0.3, 0.6, 168),
    }
)


def manner_of(style: str) -> Manner:
    """How a style is told; one that was taken on before styles differed is told evenly."""
    return MANNERS.get(style, MANNERS["educational"])
