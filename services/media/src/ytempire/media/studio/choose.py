"""Which templates could draw a shot, how well each would, and what each would show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ytempire.media.domain.script import Figure, Line, Script
from ytempire.media.studio.abstract import FIGURES
from ytempire.media.studio.figures import number, salience
from ytempire.media.studio.geography import known_places
from ytempire.media.studio.ledger import Ledger
from ytempire.media.studio.pick import best, icon_for, matches
from ytempire.media.studio.scenery import scenery_for
from ytempire.media.studio.shots import Shot
from ytempire.media.studio.storyboard import Item
from ytempire.media.studio.words import emphasise, headline, lead_in, plural_clash, sentence_case, tidy, trim

Fields = dict[str, Any]
Maker = Callable[[], Fields | None]


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

    @property
    def pictures(self) -> set[str]:
        return self.ledger.pictures

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


_QUOTED = re.compile(r"[“\"]([^”\"]{16,220})[”\"]")
_NUMERALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty")
_CONTRAST = re.compile(r"\b(not|never|but|only|nothing|no|instead|every|without)\b", re.I)
_SAID = ("said", "wrote", "called", "argued", "told", "warned", "recalled", "says", "writes")


def figures_in(shot: Shot) -> list[Figure]:
    """Figures whose text is said during this very shot."""
    said = _squash(shot.text)
    found = [f for line in shot.lines for f in line.figures if _squash(f.text) and _squash(f.text) in said]
    return [f for f in found if not _end_of_range(shot.text, f.text)]


def _end_of_range(text: str, figure: str) -> bool:
    """Whether the figure is the second half of ``one to five weeks``."""
    before = text.lower().split(figure.lower())[0].split()[-2:]
    return len(before) == 2 and before[1] in ("to", "and", "or") and (before[0] in _NUMERALS or before[0][:1].isdigit())


def _squash(text: str) -> str:
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


def _preferred(shot: Shot) -> tuple[str, ...]:
    said = [f.text for f in figures_in(shot) if f.role != "year"]
    people = [p for line in shot.lines for p in line.people]
    return tuple(said + people)


def candidates(shot: Shot, context: Context) -> list[Candidate]:
    """All templates that could draw the shot, best first by their own strength."""
    found = [
        *_number(shot, context), *_lists(shot, context), *_quote(shot), *_question(shot, context),
        *_kinetic(shot), *_map(shot, context), *_scenic(shot, context), *_spot(shot, context),
        _statement(shot, context),
    ]  # fmt: skip
    return sorted(found, key=lambda c: -c.score)


def _number(shot: Shot, context: Context) -> list[Candidate]:
    found = [f for f in figures_in(shot) if salience(f) > 1.5 and number(f) is not None]
    if not found:
        return []
    # What a sentence comes to, it says last.
    figure = max(enumerate(found), key=lambda p: (salience(p[1]) + p[0] / len(found), p[0]))[1]
    parsed = number(figure)
    assert parsed is not None
    shown, unit = parsed

    def make(share: bool) -> Fields | None:
        before, after = around(shot.text, figure.text)
        name = best(shot.text, context.pictures) or ("" if share else context.spare(shot))
        if share and not name:
            return None
        lead = lead_in(shot.text)[0]
        kicker = lead or kicker_of(shot, context, shot.text)
        if before and len(before.split()) <= 2:
            kicker, before = before, ""
        title, body = (before, " ".join(w for w in (unit, after) if w))
        return {
            "title": emphasise(title) if len(title.split()) > 3 and not body else title, "number": shown,
            "body": emphasise(body), "picture": name, "kicker": kicker, "source": _source(context.script),
        }  # fmt: skip

    # A percentage is a share only when it is one of something; a rate of 4% a year is no part of a ring.
    dial = (
        shown.suffix == "%"
        and 0 < shown.value < 100
        and bool(re.search(rf"{re.escape(figure.text)}\s+of\b", shot.text))
    )
    grounds = ("paper", "night", "brand")
    out = [Candidate("number", 3.3 + 0.1 * salience(figure), grounds, lambda: make(dial))]
    if dial:
        out.append(Candidate("dial", 3.5, ("brand", "night"), lambda: make(False)))
    return out


def _source(script: Script) -> str:
    return script.sources[0] if len(script.sources) == 1 else ""


def around(text: str, figure: str) -> tuple[str, str]:
    """What the sentence says before and after a figure, so that both are read around it in the order they are said."""
    at = text.lower().find(figure.lower())
    if at < 0:
        return "", headline(text, 12)
    before, after = text[:at].strip(), text[at + len(figure) :].strip()
    lead, rest = lead_in(before + " x" * 12)
    if lead:
        before = rest.replace(" x", "").strip()
    for sign in (". ", "? ", "! ", "; "):
        before = before.split(sign)[-1]
        after = after.split(sign)[0]
    clauses = re.split(r",\s+", before)
    before = clauses[-1] if len(before.split()) > 9 else before
    if len(after.split()) > 10:
        pieces = [p for p in re.split(r",\s+", after) if p.strip()]
        after = pieces[0] if pieces and 1 <= len(pieces[0].split()) <= 10 else headline(after, 10)
        after = after[:1].lower() + after[1:]
    before = re.sub(r"^(and|but|so|then|yet|because|that|which|while|when)\s+", "", before, flags=re.I)
    return sentence_case(before.strip(' ,:—–“"')), trim_keep(after.strip(' ,.!:;—–”"'))


def trim_keep(text: str) -> str:
    """As it is, unless it ends in a word that leaves it hanging."""
    return trim(text) if len(text.split()) > 2 else text


def _lists(shot: Shot, context: Context) -> list[Candidate]:
    items = [i for line in shot.lines for i in line.items]
    items = [i for i in items if shot.frame_of(i) or _squash(i) in _squash(shot.text)]
    if len(items) < 3 or max(len(i.split()) for i in items) > 6:
        return []

    def make(trio: bool) -> Fields | None:
        kept: set[str] = set(context.pictures)
        made = []
        for item in items[:5]:
            name = best(item, kept) if trio else icon_for(item, kept)
            if trio and not name:
                return None
            made.append(Item(label=sentence_case(tidy(item)), picture=name, at=shot.frame_of(item)))
        if not trio and not all(i.picture for i in made):
            made = [i.model_copy(update={"picture": ""}) for i in made]
        context.pictures.update(i.picture for i in made if i.picture)
        title = _list_title(shot, items, context)
        return {"title": emphasise(title), "items": tuple(made), "kicker": kicker_of(shot, context, title)}

    out = [Candidate("list", 3.7, ("brand", "night", "paper"), lambda: make(False))]
    if len(items) == 3:
        out.insert(0, Candidate("trio", 4.0, ("paper", "brand", "night"), lambda: make(True)))
    return out


def _list_title(shot: Shot, items: list[str], context: Context) -> str:
    low = shot.text.lower()
    at = min((low.find(i.lower()) for i in items if i.lower() in low), default=-1)
    before = trim(
        re.sub(
            r"\b(like|such as|namely|including|are|were|is|was|the|a|an|of|in|at|on)$",
            "",
            shot.text[: max(0, at)].strip(" :,"),
        )
    )
    if 3 <= len(before.split()) <= 12 and not plural_clash(before):
        return headline(before, 9)
    chapter = shot.lines[0].chapter
    return context.script.chapters[chapter].title if chapter >= 0 else context.script.title


def _quote(shot: Shot) -> list[Candidate]:
    found = _QUOTED.search(shot.text)
    if not found or len(found[1].split()) < 4:
        return []
    people = [p for line in shot.lines for p in line.people]

    def make() -> Fields | None:
        words = found[1].strip().rstrip(",")
        return {"title": emphasise(sentence_case(words)), "body": people[0] if people else "", "captions": True}

    return [Candidate("quote", 4.6, ("paper", "night"), make)]


def _question(shot: Shot, context: Context) -> list[Candidate]:
    if "?" not in shot.text:
        return []
    asked = [s for s in re.split(r"(?<=[.!?])\s+", shot.text) if s.endswith("?")]
    if not asked or len(asked[0].split()) > 16:
        return []

    def make() -> Fields | None:
        text = emphasise(headline(asked[0], 13))
        return {"title": text, "kicker": kicker_of(shot, context, text)}

    return [Candidate("question", 4.2, ("paper", "night"), make)]


def _kinetic(shot: Shot) -> list[Candidate]:
    words = [w.text for w in shot.words]
    if not 2 <= len(words) <= 9 or shot.part or not _CONTRAST.search(shot.text) or "?" in shot.text:
        return []

    def make() -> Fields | None:
        groups: list[tuple[str, int]] = []
        for word in shot.words:
            at = max(0, round(word.start_s * 30) - shot.start - 3)
            text = word.text.strip(',;:“”"')
            joined = f"{groups[-1][0]} {text}" if groups else text
            if groups and (at - groups[-1][1] < 15 or len(joined) <= 8) and len(joined) <= 16:
                groups[-1] = (joined, groups[-1][1])
            else:
                groups.append((text, at if groups else 0))
        if len(groups) > 6 or max(len(g[0]) for g in groups) > 16:
            return None
        return {"items": tuple(Item(label=t, at=a) for t, a in groups), "captions": False, "hud": False}

    return [Candidate("kinetic", 3.0, ("brand",), make)]


def _map(shot: Shot, context: Context) -> list[Candidate]:
    said = [p for line in shot.lines for p in line.places if _squash(p) in _squash(shot.text)]
    places = [p for p in known_places(said) if p not in context.places_shown]
    if not places:
        return []

    def make() -> Fields | None:
        context.places_shown.update(places)
        items = tuple(Item(label=p, at=shot.frame_of(p)) for p in places[:5])
        title = emphasise(headline(shot.text, 10), tuple(places))
        return {"title": title, "items": items, "hud": True}

    return [Candidate("map", 3.4 + 0.3 * min(3, len(places)), ("night",), make)]


def _scenic(shot: Shot, context: Context) -> list[Candidate]:
    name = scenery_for(shot.text, context.pictures)
    if not name:
        return []

    def make() -> Fields | None:
        context.pictures.add(name)
        title = emphasise(headline(shot.text), _preferred(shot))
        return {"title": title, "picture": name, "kicker": kicker_of(shot, context, title), "hud": False}

    return [
        Candidate(
            "scenic", 2.9 if any(line.kind in ("vivid", "callback") for line in shot.lines) else 2.5, ("night",), make
        )
    ]


def _spot(shot: Shot, context: Context) -> list[Candidate]:
    found = [m for m in matches(shot.text, context.pictures) if m[0] >= 1.3]
    strength = 1.5 + 0.2 * min(3.0, found[0][0]) if found else 1.5

    def make() -> Fields | None:
        title = headline(shot.text)
        if found:
            name = found[0][1]
            context.pictures.add(name)
        else:
            name = icon_for(title, context.pictures) or context.spare(shot)
        if not name:
            return None
        extras = [n for s, n in found[1:] if s >= 1.9 and not _alike(n, name)][:3]
        context.pictures.update(extras)
        kicker = kicker_of(shot, context, title)
        return {
            "title": emphasise(title, _preferred(shot)), "picture": name, "extras": tuple(extras),
            "kicker": kicker, "mirror": context.ledger.side(),
        }  # fmt: skip

    return [Candidate("spot", strength, ("night", "paper", "brand"), make)]


def _alike(a: str, b: str) -> bool:
    return bool(set(a.split("-")) & set(b.split("-")))


def _statement(shot: Shot, context: Context) -> Candidate:
    def make() -> Fields | None:
        title = headline(shot.text)
        fresh = [f for f in FIGURES if f not in context.pictures]
        name = fresh[0] if fresh else FIGURES[len(context.ledger.templates) % len(FIGURES)]
        context.pictures.add(name)
        return {
            "title": emphasise(title, _preferred(shot)), "kicker": kicker_of(shot, context, title), "picture": name,
        }  # fmt: skip

    spent = all(f in context.pictures for f in FIGURES)
    return Candidate("statement", 0.6 if spent else 1.5, ("brand", "night", "paper"), make)


def speaker(line: Line) -> str:
    """Who is quoted in a line; empty when nobody is named."""
    return line.people[0] if line.people and any(w in line.text.lower() for w in _SAID) else ""
