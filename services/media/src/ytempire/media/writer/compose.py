"""From a selection of pieces to lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from ytempire.media.domain.script import LineKind, ScriptKind
from ytempire.media.writer.bridges import aside, bridge, call_to_action, ending
from ytempire.media.writer.numerals import cardinal
from ytempire.media.writer.opening import Hook, promise, sentence_case
from ytempire.media.writer.pieces import Piece, closure_up
from ytempire.media.writer.plan import ChapterPlan
from ytempire.media.writer.spoken import count_words

_MAX_ASIDES = 3
_HEARD_LINES = 12
"""So many lines a listener remembers what the hook has said."""
_POINTED_LINES = 5
"""So many lines an "it" or "that" may stand behind what it points at in the hook."""


@dataclass(frozen=True)
class Draft:
    """A line before it is numbered. ``chapter`` is an index into the story's chapters, -1 before the first."""

    text: str
    kind: LineKind
    chapter: int
    facts: tuple[str, ...] = ()
    formula: str | None = None


@dataclass
class Story:
    """Everything a script is composed from."""

    title: str
    case: str
    kind: ScriptKind
    pieces: list[Piece]
    before: list[int]
    """Pieces that stand before the first chapter."""
    chapters: list[ChapterPlan]
    names: frozenset[str]
    """Words that keep their capital."""
    every: bool
    """Whether headings have capitals throughout."""
    hook: Hook | None
    call: str
    seconds: int
    answer: int | None = None
    """The piece that keeps the title's promise best."""
    dropped: set[int] = field(default_factory=set)
    """Pieces that are never said: redundant ones."""

    @property
    def short(self) -> bool:
        """Whether there is no time for a road map and a long ending."""
        return self.seconds < 100


def _fact_ids(story: Story, indexes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(story.pieces[i].fact.id for i in indexes))


def _opening(story: Story, chapters: list[int]) -> list[Draft]:
    lines = []
    if story.hook:
        for line in story.hook.lines:
            lines.append(Draft(line.text, "hook", -1, _fact_ids(story, line.pieces), line.formula))
    steps = len({(p.section, p.fact.block, p.fact.item) for p in story.pieces if p.role == "step"})
    text = promise(story.title, story.kind, story.case, steps)
    if text:
        formula = f"{steps} steps listed" if "steps" in text and steps else None
        lines.append(Draft(text, "promise", -1, (), formula))
    road = _road(story, chapters)
    if road:
        lines.append(Draft(road, "roadmap", -1))
    return lines


def _road(story: Story, chapters: list[int]) -> str:
    """``We go from the slow docks to what it did to the world.``"""
    if story.short or len(chapters) < 3 or story.kind in ("howto", "list", "bio"):
        return ""
    ends = [story.chapters[chapters[0]], story.chapters[chapters[-1]]]
    if any(
        c.form != "heading"
        or c.title.endswith("?")
        or len(c.title.split()) < 2
        or len(c.title.split()) > 7
        or "," in c.title
        for c in ends
    ):
        return ""
    first, last = (sentence_case(c.title, story.names, every=story.every) for c in ends)
    return f"We go from {first} to {last}."


def _told_recently(story: Story, index: int, chosen: set[int]) -> bool:
    """Whether the hook has said a piece and nothing needs it said again."""
    if not story.hook or index not in story.hook.told:
        return False
    if story.kind == "list" and story.pieces[index].fact.item >= 0:
        return False
    # What later lines build on is said again in its place, with all it leans on itself.
    users = [i for i in story.hook.told if any(i in story.pieces[c].leans for c in chosen - story.hook.told)]
    return not any(index in closure_up(i, story.pieces) for i in users)


def _heard(story: Story, chosen: set[int]) -> dict[int, int]:
    """The line from which on each piece of the hook is said again, if something leans on it."""
    if not story.hook or story.kind == "list":
        return {}
    rest = chosen - story.hook.told
    pointed = {p for c in rest if (p := story.pieces[c].dep) is not None and p in story.hook.told}
    near = {i for p in pointed for i in closure_up(p, story.pieces)}
    return {i: _POINTED_LINES if i in near else _HEARD_LINES for i in story.hook.told}


def compose(story: Story, chosen: set[int]) -> list[Draft]:
    """The lines of a script that says the chosen pieces, in the brief's order."""
    heard = _heard(story, chosen)
    said = {i for i in chosen if not _told_recently(story, i, chosen)}
    chapters = [i for i, c in enumerate(story.chapters) if said & set(c.pieces)]
    lines = _opening(story, chapters)
    for index in story.before:
        if index in said:
            lines.append(_fact(story, index, -1))
    asides = 1 if story.short else _MAX_ASIDES
    for number, chapter in enumerate(chapters):
        plan = story.chapters[chapter]
        told: list[int] = []
        for index in plan.pieces:
            if index in said and len(lines) + 1 + len(told) >= heard.get(index, 0):
                told.append(index)
        if not told:
            continue
        text, formula = bridge(plan, sentence_case(plan.title, story.names, every=story.every), number, story.kind)
        if text and not _says_title(story, plan.title):
            lines.append(Draft(text, "bridge", chapter, (), formula))
        free = True
        for place, index in enumerate(told):
            lines.append(_fact(story, index, chapter, plan if place == 0 else None))
            extra = aside(story.pieces[index].text) if asides and free else None
            following = told[place + 1] if place + 1 < len(told) else None
            if extra and (following is None or story.pieces[following].dep != index):
                lines.append(Draft(extra[0], "vivid", chapter, (story.pieces[index].fact.id,), extra[1]))
                asides, free = asides - 1, False
    return lines + _closing(story, chapters[-1] if chapters else -1)


def _says_title(story: Story, heading: str) -> bool:
    return heading.rstrip("?.! ").lower() == story.title.rstrip("?.! ").lower()


def _fact(story: Story, index: int, chapter: int, opens: ChapterPlan | None = None) -> Draft:
    piece = story.pieces[index]
    rank = piece.fact.item + 1
    if piece.role == "step" and rank <= 10 and (opens is None or opens.form != "item") and _opens_step(story, index):
        text = f"Step {cardinal(rank)}: {sentence_case(piece.text, story.names)}"
        return Draft(text, "fact", chapter, (piece.fact.id,), f"step {rank}")
    return Draft(piece.text, "fact", chapter, (piece.fact.id,), piece.fact.formula)


def _opens_step(story: Story, index: int) -> bool:
    here, before = story.pieces[index].fact, story.pieces[index - 1].fact if index else None
    return before is None or (before.section, before.block, before.item) != (here.section, here.block, here.item)


def _closing(story: Story, chapter: int) -> list[Draft]:
    lines = [
        Draft(text, "callback", chapter, (), formula)
        for text, formula in ending(story.title, story.case, story.kind, story.hook)
    ]
    return [*lines, Draft(call_to_action(story.call, short=story.short), "cta", chapter)]


def word_count(lines: list[Draft]) -> int:
    """Spoken words of lines."""
    return sum(count_words(line.text) for line in lines)
