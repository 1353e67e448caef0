"""A script: what is said, in which order, and which fact of the brief stands behind every line.

Pure values. Produced by ``ytempire.media.writer``, spoken by ``ytempire.media.voice`` and drawn by
``ytempire.media.studio``; they travel between the stages of one job as JSON files.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LineKind = Literal["hook", "promise", "roadmap", "bridge", "fact", "vivid", "callback", "cta"]
ScriptKind = Literal["compare", "howto", "list", "bio", "history", "explainer"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Value):
    """A number that a line says, for templates that show numbers."""

    text: str
    """As written, with its unit: ``$5.86 per ton``."""
    value: float
    unit: str = ""
    role: str = "count"
    """year, day, money, percent, ratio, range, duration, measure, rank or count."""


class Line(_Value):
    """One sentence of the script."""

    index: int
    text: str
    """Written form, as captions show it."""
    spoken: str
    """Spoken form: letters and ``,.?!'-`` only, as the voice reads it."""
    kind: LineKind
    chapter: int
    """Index into ``Script.chapters``; -1 before the first chapter."""
    facts: tuple[str, ...] = ()
    """Ids of the brief's facts that the line says; empty for glue."""
    formula: str | None = None
    """How a computed number was made: ``5.86 / 0.16 = 36.6``."""
    figures: tuple[Figure, ...] = ()
    places: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """Members of an enumeration of three or more that the line names."""


class Chapter(_Value):
    index: int
    title: str


class Series(_Value):
    """Figures of several lines that belong into one picture."""

    kind: Literal["bars", "timeline", "process", "compare"]
    title: str
    lines: tuple[int, ...]
    """Indexes of the lines that the picture covers, consecutive."""
    labels: tuple[str, ...]
    values: tuple[float, ...] = ()
    unit: str = ""


class Script(_Value):
    """A whole script with its evidence."""

    title: str
    kind: ScriptKind
    chapters: tuple[Chapter, ...]
    lines: tuple[Line, ...]
    series: tuple[Series, ...] = ()
    facts: dict[str, str] = Field(default_factory=dict)
    """Fact id to the sentence of the brief it was taken from."""
    sources: tuple[str, ...] = ()
    """Sources named by the brief, for the description."""
    words: int
    """Spoken words."""
    target_words: int
    short_by: int = 0
    """Spoken words that the brief could not fill; the script is never padded."""
    offline: bool = True
    """Whether no language model took part in the writing of it."""
