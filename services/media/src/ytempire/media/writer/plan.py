"""The kind of a script and its chapters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ytempire.media.domain.script import ScriptKind
from ytempire.media.writer.brief import Brief
from ytempire.media.writer.labels import label
from ytempire.media.writer.nlp import parse, people, root, subject
from ytempire.media.writer.pieces import Piece
from ytempire.media.writer.salience import Similarity
from ytempire.media.writer.text import words, years_in

_COMPARE = re.compile(r"\b(?:vs\.?|versus)\b|^(?:which|what) is better\b", re.I)
_LIST = re.compile(
    r"^(?:the |top |my )*(?:top )?(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)\b.*\b\w+s\b|^top\b",
    re.I,
)
_LIFE = re.compile(r"\b(?:life of|biography|who was|who is)\b", re.I)
PERSON_HEADING = re.compile(
    r"^(?:the|an?) (?:man|woman|girl|boy|inventor|scientist|doctor|engineer|king|queen|founder)s?\b(?!.*\band\b)",
    re.I,
)
_MAX_CHAPTERS = 5
WORDS_PER_CHAPTER = 55

Form = Literal["heading", "years", "item", "step", "none"]


@dataclass
class ChapterPlan:
    """A chapter before it is written: how it is announced and which pieces it may hold."""

    title: str
    form: Form
    pieces: list[int] = field(default_factory=list)
    rank: int = 0
    """Number of an item or step, from one; 0 for other forms."""


def kind_of(brief: Brief, pieces: list[Piece]) -> ScriptKind:
    """The kind of script that a brief asks for, by its title and by what it holds."""
    title = brief.title
    steps = len({(p.section, p.fact.block, p.fact.item) for p in pieces if p.role == "step"})
    leads = len({p.fact.item for p in pieces if p.role in ("item", "step") and p.fact.lead})
    if _COMPARE.search(title):
        return "compare"
    if re.match(r"how to\b", title, re.I) or (steps >= 3 and _imperatives(pieces) >= 0.3):
        return "howto"
    if _LIST.search(title) and (leads >= 3 or len(brief.sections) >= 3):
        return "list"
    if _LIFE.search(title) or _is_person(title):
        return "bio"
    dated = sum(bool(years_in(p.text)) for p in pieces)
    years = {y for p in pieces for y in years_in(p.text)}
    if len(years) >= 4 and dated >= 0.3 * len(pieces):
        return "history"
    return "explainer"


def main_person(brief: Brief, pieces: list[Piece]) -> str:
    """Surname of the person a biography is about, empty if it is none."""
    if not (_LIFE.search(brief.title) or _is_person(brief.title)):
        return ""
    for piece in pieces:
        for name in people(parse(piece.text)):
            if len(name.split()) > 1 and name.split()[-1] in brief.title:
                return name.split()[-1]
    return ""


def _is_person(title: str) -> bool:
    name = title.split(":")[0].split(",")[0]
    return 2 <= len(name.split()) <= 4 and people(parse(name)) == (name,)


def _imperatives(pieces: list[Piece]) -> float:
    """Share of pieces that are orders: a bare verb without a subject at the head."""
    count = 0
    for piece in pieces:
        head = root(parse(piece.text))
        count += head is not None and head.tag_ == "VB" and subject(head) is None
    return count / max(1, len(pieces))


def chapters_of(brief: Brief, pieces: list[Piece], kind: ScriptKind) -> tuple[list[int], list[ChapterPlan]]:
    """Pieces that stand before the first chapter, and the chapters in order."""
    plans = _by_item(pieces) if kind in ("list", "howto") else []
    if plans:
        inside = {i for plan in plans for i in plan.pieces}
        return _around_items(brief, pieces, plans, inside)
    if sum(bool(s.heading) for s in brief.sections) >= 2:
        return _by_heading(brief, pieces)
    return [], _by_paragraph(pieces)


def _by_item(pieces: list[Piece]) -> list[ChapterPlan]:
    """One chapter for each item that has a bold lead and a body, or for each of 3 to 9 steps."""
    groups: dict[tuple[int, int, int], list[Piece]] = {}
    for piece in pieces:
        if piece.role in ("item", "step") and (piece.fact.lead or piece.role == "step"):
            groups.setdefault((piece.section, piece.fact.block, piece.fact.item), []).append(piece)
    blocks = {key[:2] for key in groups}
    if len(blocks) != 1 or not 3 <= len(groups) <= 10:
        return []
    leads = all(group[0].fact.lead for group in groups.values())
    form: Form = "item" if leads else "step"
    plans = []
    for number, group in enumerate(groups.values(), start=1):
        title = group[0].fact.lead or label(group[0].text)
        plans.append(ChapterPlan(title, form, [p.index for p in group], number))
    return plans


def _around_items(
    brief: Brief, pieces: list[Piece], plans: list[ChapterPlan], inside: set[int]
) -> tuple[list[int], list[ChapterPlan]]:
    first, last = min(inside), max(inside)
    before = [p for p in pieces if p.index < first]
    after = [p for p in pieces if p.index > last]
    between = [p for p in pieces if first < p.index < last and p.index not in inside]
    for piece in between:
        plan = max((c for c in plans if c.pieces[0] < piece.index), key=lambda c: c.pieces[0])
        plan.pieces.append(piece.index)
    own = brief.sections[pieces[first].section].heading
    heads = [p.index for p in before if p.section == pieces[first].section or not brief.sections[p.section].heading]
    lead = _sections(brief, [p for p in before if p.index not in heads])
    tail = _sections(brief, [p for p in after if p.section != pieces[last].section])
    rest = [p.index for p in after if p.section == pieces[last].section]
    plans[-1].pieces += rest
    if plans[0].form == "step" and (lead or tail):
        steps = ChapterPlan(own or "The steps", "heading" if own else "none", [i for c in plans for i in c.pieces])
        return heads, [*lead, steps, *tail]
    return heads, [*lead, *plans, *tail]


def _sections(brief: Brief, pieces: list[Piece]) -> list[ChapterPlan]:
    plans: dict[int, ChapterPlan] = {}
    for piece in pieces:
        heading = brief.sections[piece.section].heading
        plan = plans.setdefault(piece.section, ChapterPlan(heading, "heading" if heading else "none"))
        plan.pieces.append(piece.index)
    return list(plans.values())


def introduce_people(pieces: list[Piece], plans: list[ChapterPlan]) -> None:
    """A chapter called after a person is not told without the sentence that introduces that person."""
    for plan in plans:
        if not PERSON_HEADING.match(plan.title):
            continue
        first = next((i for i in plan.pieces if people(parse(pieces[i].text))), None)
        for index in plan.pieces:
            if first is not None and index > first:
                pieces[index].need.add(first)


def _by_heading(brief: Brief, pieces: list[Piece]) -> tuple[list[int], list[ChapterPlan]]:
    before = [p.index for p in pieces if not brief.sections[p.section].heading]
    return before, _sections(brief, [p for p in pieces if brief.sections[p.section].heading])


def _by_paragraph(pieces: list[Piece]) -> list[ChapterPlan]:
    """Paragraphs, the most alike neighbours merged until at most five are left."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and (groups[-1][0].section, groups[-1][0].fact.block) == (piece.section, piece.fact.block):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    similarity = Similarity([p.text for p in pieces])
    while len(groups) > _MAX_CHAPTERS or (len(groups) > 1 and min(_size(g) for g in groups) < 15):
        vectors = [similarity.vector(" ".join(p.text for p in g)) for g in groups]
        small = min(range(len(groups)), key=lambda i: _size(groups[i]))
        pairs = (
            range(len(groups) - 1)
            if len(groups) > _MAX_CHAPTERS
            else [i for i in (small - 1, small) if 0 <= i < len(groups) - 1]
        )
        best = max(pairs, key=lambda i: (similarity.cosine(vectors[i], vectors[i + 1]), -i))
        groups[best : best + 2] = [groups[best] + groups[best + 1]]
    if len(groups) == 1:
        return [ChapterPlan(_title(groups[0]), "none", [p.index for p in groups[0]])]
    forms: list[Form] = ["years" if _years_title(g) else "none" for g in groups]
    return [ChapterPlan(_title(g), f, [p.index for p in g]) for g, f in zip(groups, forms, strict=True)]


def _size(group: list[Piece]) -> int:
    return sum(p.words for p in group)


def _years_title(group: list[Piece]) -> str:
    years = sorted({y for p in group for y in years_in(p.text)})
    dated = sum(bool(years_in(p.text)) for p in group)
    if not years or (dated < 2 and len(group) > 3):
        return ""
    return f"{years[0]} to {years[-1]}" if len(years) > 1 else str(years[0])


def _title(group: list[Piece]) -> str:
    years = _years_title(group)
    if years:
        return years
    for piece in group:
        if not people(parse(piece.text)) and len(words(piece.text)) >= 4:
            return label(piece.text)
    return label(group[0].text)
