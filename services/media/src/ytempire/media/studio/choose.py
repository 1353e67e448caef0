"""Which templates could draw a shot, how well each would, and what each would show."""

from __future__ import annotations

import re

from ytempire.media.domain.script import Script
from ytempire.media.studio.abstract import FIGURES
from ytempire.media.studio.context import Candidate, Context, Fields, figures_in, kicker_of, preferred, squash
from ytempire.media.studio.figures import number, salience
from ytempire.media.studio.pick import best, icon_for, matches
from ytempire.media.studio.shots import Shot
from ytempire.media.studio.storyboard import Item
from ytempire.media.studio.voices import voices
from ytempire.media.studio.words import emphasise, headline, lead_in, plural_clash, sentence_case, tidy, trim


def candidates(shot: Shot, context: Context) -> list[Candidate]:
    """All templates that could draw the shot, best first by their own strength."""
    found = [
        *_number(shot, context),
        *_lists(shot, context),
        *voices(shot, context),
        *_spot(shot, context),
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
        name = best(shot.text, context.pictures) or ("" if share else context.spare(shot) or context.abstract())
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
    items = [i for i in items if shot.frame_of(i) or squash(i) in squash(shot.text)]
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
            "title": emphasise(title, preferred(shot)), "picture": name, "extras": tuple(extras),
            "kicker": kicker, "mirror": context.ledger.side(),
        }  # fmt: skip

    return [Candidate("spot", strength, ("night", "paper", "brand"), make)]


def _alike(a: str, b: str) -> bool:
    return bool(set(a.split("-")) & set(b.split("-")))


def _statement(shot: Shot, context: Context) -> Candidate:
    def make() -> Fields | None:
        title = headline(shot.text)
        name = context.abstract() or FIGURES[len(context.ledger.templates) % len(FIGURES)]
        kicker = kicker_of(shot, context, title)
        return {"title": emphasise(title, preferred(shot)), "kicker": kicker, "picture": name}

    spent = all(f in context.pictures for f in FIGURES)
    return Candidate("statement", 0.6 if spent else 1.5, ("brand", "night", "paper"), make)
