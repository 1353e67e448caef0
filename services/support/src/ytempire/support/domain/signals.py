"""Words that say something about a ticket besides its category: how bad it is, and whether it is about a video."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ytempire.support.domain.text import compiled, plain

KINDS = ("account_at_risk", "money_lost", "nothing_published", "hurry", "no_hurry", "about_video")


@dataclass(frozen=True)
class Signal:
    kind: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, kind: str, pattern: str) -> Signal:
        """:raises ValueError: if the kind is unknown or the pattern cannot be read."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of signal")
        return cls(kind, compiled(pattern))


def signals_in(signals: Iterable[Signal], subject: str, message: str) -> frozenset[str]:
    """Kinds of signals that occur in subject or message."""
    words = plain(f"{subject}\n{message}")
    return frozenset(signal.kind for signal in signals if signal.pattern.search(words))
