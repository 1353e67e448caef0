"""Topics for a job that brings no brief: fact sheets that come with the product, by niche."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from ytempire.media.writer.brief import Brief, read_brief
from ytempire.media.writer.errors import NotEnoughFacts
from ytempire.media.writer.text import content_stems

BEGINNER = "beginner_friendly"


class Topic(BaseModel):
    """A topic that can be written about at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Name of the fact sheet."""
    title: str
    niches: tuple[str, ...]
    """Niche ids, the best fit first."""
    style: str
    keywords: tuple[str, ...]
    words: int
    """Words of the sheet; a script cannot be much longer."""


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(";") if part.strip())


@lru_cache(maxsize=1)
def _sheets() -> dict[str, Brief]:
    folder = resources.files("ytempire.media.writer") / "factsheets"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".md")), key=lambda f: f.name)
    return {f.name.removesuffix(".md"): read_brief(f.read_bytes()) for f in files}


def _topic(name: str, brief: Brief) -> Topic:
    return Topic(
        id=name,
        title=brief.title,
        niches=_split(brief.meta.get("niches", "")),
        style=brief.meta.get("style", BEGINNER),
        keywords=_split(brief.meta.get("keywords", "")),
        words=len(brief.text.split()),
    )


def topics(niche_id: str = "", style: str = BEGINNER) -> list[Topic]:
    """Topics for a niche, the best fit first; all topics if no niche is given. Empty if there is none."""
    found = [_topic(name, brief) for name, brief in _sheets().items()]
    found = [t for t in found if t.style == style and (not niche_id or niche_id in t.niches)]
    return sorted(found, key=lambda t: (t.niches.index(niche_id) if niche_id else 0, t.id))


def sheet(topic_id: str) -> Brief:
    """The fact sheet of a topic as a brief.

    Raises:
        NotEnoughFacts: there is no such topic.
    """
    found = _sheets().get(topic_id)
    if found is None:
        raise NotEnoughFacts("unknown_topic", "topic", f"There is no packaged topic called {topic_id!r}.")
    return found


def brief_for(topic: str, niche_id: str = "", style: str = BEGINNER) -> Brief:
    """The fact sheet that holds facts about a topic, for a job without a brief.

    ``topic`` may be empty (the niche's first topic), the id of a topic, or a user's own words; own words match only a
    sheet whose title and keywords hold at least two thirds of them.

    Raises:
        NotEnoughFacts: no sheet has facts about it; the message asks for a brief.
    """
    offered = topics(niche_id, style)
    if not topic.strip():
        if offered:
            return sheet(offered[0].id)
        where = f" for the niche {niche_id}" if niche_id else ""
        raise NotEnoughFacts(
            "not_enough_facts", "brief", f"There are no packaged facts{where}. Add a brief with the facts to tell."
        )
    if topic.strip() in _sheets():
        return sheet(topic.strip())
    wanted = set(content_stems(topic))
    best: tuple[float, str] = (0.0, "")
    for candidate in topics("", style):
        held = set(content_stems(f"{candidate.title} {' '.join(candidate.keywords)}"))
        best = max(best, (len(wanted & held) / max(1, len(wanted)), candidate.id))
    if best[0] >= 2 / 3 and len(wanted) >= 1:
        return sheet(best[1])
    shown = topic.strip() if len(topic.strip()) <= 80 else topic.strip()[:79] + "…"
    message = f"There are no facts about “{shown}” to write from. Add a brief: a text with the facts and their sources."
    raise NotEnoughFacts("not_enough_facts", "brief", message)
