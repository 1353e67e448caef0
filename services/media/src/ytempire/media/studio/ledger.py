"""The bookkeeping that keeps a film varied: what was used when, and what that makes of the next choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_WINDOW = 4
"""A template should not come back within this many scenes."""


@dataclass
class Ledger:
    """Templates, grounds and pictures used so far, in order."""

    templates: list[str] = field(default_factory=list)
    grounds: list[str] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    _sides: int = 0

    def freshness(self, template: str) -> float:
        """What to take off a template's score for having been seen."""
        counts = Counter(self.templates)
        recent = self.templates[-_WINDOW:]
        penalty = 0.45 * counts[template]
        if template in recent:
            # The nearer, the worse: twice in a row is all but forbidden.
            penalty += 0.7 * (recent[::-1].index(template) * -1 + _WINDOW)
        if len(self.templates) >= 8 and counts[template] > 0.18 * len(self.templates):
            penalty += 0.8
        return penalty

    def ground(self, preferred: tuple[str, ...]) -> str:
        """The first preferred ground that does not repeat the last one, if there is one."""
        last = self.grounds[-1:]
        for name in preferred:
            if [name] != last:
                return name
        return preferred[0]

    def side(self) -> bool:
        """Whether the next hero stands on the left: every third does."""
        self._sides += 1
        return self._sides % 3 == 0

    def note(self, template: str, ground: str) -> None:
        self.templates.append(template)
        self.grounds.append(ground)
