"""What the choice of a template may look at, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ytempire.media.domain.script import Figure, Script
from ytempire.media.studio.abstract import FIGURES
from ytempire.media.studio.ledger import Ledger
from ytempire.media.studio.pick import matches
from ytempire.media.studio.shots import Shot
from ytempire.media.studio.words import lead_in

Fields = dict[str, Any]
Maker = Callable[[], Fields | None]
_NUMERALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty")


@dataclass(frozen=True)
class Candidate:
    """A template that could draw the shot; ``make`` gives the scene's fields, or None when they do not fit."""

    template: str
    score: float
    grounds: tuple[str, ...]
    make: Maker


@dataclass
class Context:
    """What a choice may look at besides the shot."""

    script: Script
    ledger: Ledger
    places_shown: set[str]
    stepwise: bool = False
    """Whether a process is told step by step, a scene for each."""

    @property
    def pictures(self) -> set[str]:
        return self.ledger.pictures

    def abstract(self) -> str:
        """An abstract figure not shown yet; empty when all were."""
        name = next((f for f in FIGURES if f not in self.pictures), "")
        self.pictures.update({name} - {""})
        return name

    def spare(self, shot: Shot) -> str:
        """A spot that belongs to the shot's chapter, or else to the film's topic, not shown yet; empty when none."""
        chapter = shot.lines[0].chapter
        around = " ".join(line.text for line in self.script.lines if line.chapter == chapter)
        for text in (self.script.title, around):
            found = [n for s, n in matches(text, self.pictures) if s >= 2.3]
            if found:
                self.pictures.add(found[0])
                return found[0]
        return ""


def figures_in(shot: Shot) -> list[Figure]:
    """Figures whose text is said during this very shot."""
    said = squash(shot.text)
    found = [f for line in shot.lines for f in line.figures if squash(f.text) and squash(f.text) in said]
    return [f for f in found if not _end_of_range(shot.text, f.text)]


def _end_of_range(text: str, figure: str) -> bool:
    """Whether the figure is the second half of ``one to five weeks``."""
    before = text.lower().split(figure.lower())[0].split()[-2:]
    return len(before) == 2 and before[1] in ("to", "and", "or") and (before[0] in _NUMERALS or before[0][:1].isdigit())


def squash(text: str) -> str:
    return re.sub(r"[^a-z0-9$%€£.]", "", text.lower()).strip(".")


def kicker_of(shot: Shot, context: Context, used: str = "") -> str:
    """A few words above the headline: when or where; empty when the sentence says neither."""
    lead, _ = lead_in(shot.text)
    if lead and lead.lower() not in used.lower():
        return lead
    for line in shot.lines:
        for place in line.places:
            if place.lower() not in used.lower():
                return place
        for figure in line.figures:
            if figure.role == "year" and figure.text not in used:
                return figure.text
    return ""


def preferred(shot: Shot) -> tuple[str, ...]:
    said = [f.text for f in figures_in(shot) if f.role != "year"]
    people = [p for line in shot.lines for p in line.people]
    return tuple(said + people)
