"""Templates for what a sentence is rather than for what it counts: quotes, questions, calls, places, terms."""

from __future__ import annotations

import re

from ytempire.media.studio.context import Candidate, Context, Fields, figures_in, kicker_of, preferred, squash
from ytempire.media.studio.geography import known_places
from ytempire.media.studio.pick import best
from ytempire.media.studio.scenery import scenery_for
from ytempire.media.studio.shots import Shot
from ytempire.media.studio.storyboard import Item
from ytempire.media.studio.words import FUNCTION, emphasise, headline, sentence_case, tokens

_QUOTED = re.compile(r"[“\"]([^”\"]{16,220})[”\"]")
_CONTRAST = re.compile(r"\b(not|never|but|only|nothing|no|instead|every|without)\b", re.I)
_POINTING_WORDS = "this that these those it he she they here there which who what one"
_POINTING = frozenset(_POINTING_WORDS.split())


def voices(shot: Shot, context: Context) -> list[Candidate]:
    """Candidates of this module for the shot."""
    return [
        *_quote(shot),
        *_question(shot, context),
        *_kinetic(shot, context),
        *_definition(shot, context),
        *_map(shot, context),
        *_scenic(shot, context),
    ]


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


def _kinetic(shot: Shot, context: Context) -> list[Candidate]:
    words = [w.text for w in shot.words]
    weighty = bool(_CONTRAST.search(shot.text))
    if not 2 <= len(words) <= (9 if weighty else 7) or shot.part or "?" in shot.text or figures_in(shot):
        return []
    if context.ledger.templates.count("kinetic") >= 2:
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
        if len(groups) > 6 or max(len(g[0]) for g in groups) > 16 or groups[-1][0].lower().rstrip(".!") in FUNCTION:
            # the last word stands alone on the screen: "them" is no word to end on
            return None
        return {"items": tuple(Item(label=t, at=a) for t, a in groups), "captions": False, "hud": False}

    return [Candidate("kinetic", 3.0 if weighty else 2.3, ("brand",), make)]


_CALLED = re.compile(r"^(?P<meaning>.{6,90}?),? (?:is|are) (?:called|known as) (?P<term>[\w\s'’-]{2,28})[.!]?$")
_IS = re.compile(
    r"^(?P<term>(?:(?:A|An|The) )?[A-Z]?[\w'’-]+(?: [\w'’-]+){0,2}) (?:is|are|means?) "
    r"(?P<meaning>(?:a|an|the) .{12,110}?)[.!]?$"
)


def _definition(shot: Shot, context: Context) -> list[Candidate]:
    sentence = " ".join(line.text for line in shot.lines).strip()
    found = _CALLED.match(sentence) or _IS.match(sentence)
    if shot.part or len(shot.lines) > 1 or not found or set(tokens(found["term"])) & _POINTING:
        return []
    term = re.sub(r"^(the|a|an)\s+", "", found["term"].strip(), flags=re.I)

    def make() -> Fields | None:
        name = best(shot.text, context.pictures) or context.spare(shot)
        return {
            "title": sentence_case(term),
            "body": emphasise(sentence_case(found["meaning"].strip())),
            "picture": name,
        }

    return [Candidate("definition", 3.4, ("paper", "night"), make)]


def _map(shot: Shot, context: Context) -> list[Candidate]:
    said = [p for line in shot.lines for p in line.places if squash(p) in squash(shot.text)]
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
        title = emphasise(headline(shot.text), preferred(shot))
        return {"title": title, "picture": name, "kicker": kicker_of(shot, context, title), "hud": False}

    return [
        Candidate(
            "scenic", 2.9 if any(line.kind in ("vivid", "callback") for line in shot.lines) else 2.5, ("night",), make
        )
    ]
