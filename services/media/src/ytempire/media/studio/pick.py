"""Which picture fits a sentence: nouns looked up among the names and keywords of spots and icons."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from ytempire.media.studio.icons import icon_library, spot_library
from ytempire.media.studio.words import FUNCTION, keywords, lemma, tokens

_UNFIT = re.compile(
    r"button|keycap|face|family|couple|kiss|zodiac|finger|poo|flag|heart|japanese|people-with|person|man-|woman-|men-|"
    r"women-|input|clock-?\d|oclock|thirty|sign$|symbol|arrow|circle$|square$|-diamond|hand-|hands|fist|aries|taurus|"
    r"gemini|cancer|leo|virgo|libra|scorpio|sagittarius|capricorn|aquarius|pisces|ophiuchus|cigarette|bikini|pouting|"
    r"monkey$|cat-with|medal|suit|mark$|copyright|registered|trade|curly|wavy|japan|recycling|place-of|kaaba|menorah|bento|takeout|beverage-box|ballot|mailbox|letterbox|no-|non-|bus-stop|dashing-away|sweat|anger|collision|speech|thought|hole|potable|back-arrow|on-arrow|top-arrow|soon|end-"
)
_VAGUE_WORDS = """
time way thing year day week month number part end start point case make take get go come look turn run move
set put use work new old big small good bad high low long short first last next right left back well mean kind
sort line place side story fact word name world people person man woman child life home hand head eye face
body light open close call find show tell ask keep let give hold play plan mark ring can will may like love
want need know think see say hear feel try leave stand watch wait thousand million billion hundred dozen
percent half price cost value level rate ton kind double single half full whole free best better worse worst
ever even today tomorrow yesterday now later soon ago date real true false sure great little large huge tiny
red blue green black white yellow brown orange purple grey gray pink second third fourth only simple hard easy
fast slow
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())


@lru_cache(maxsize=1)
def _means() -> dict[str, list[str]]:
    """Nouns of factual films to the drawings that show them, where no name says it."""
    text = files("ytempire.media.studio").joinpath("data", "nouns.txt").read_text("utf-8")
    return {noun: names.split() for noun, _, names in (line.partition(": ") for line in text.splitlines())}


@lru_cache(maxsize=1)
def _index() -> dict[str, list[tuple[float, str]]]:
    """Keyword to the spots it may stand for, with how well."""
    index: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, (_, tags) in spot_library().items():
        if _UNFIT.search(name):
            continue
        parts = [lemma(p) for p in name.split("-") if p not in FUNCTION]
        if not parts:
            continue
        index["-".join(parts)].append((3.2, name))
        for i, part in enumerate(parts):
            index[part].append((2.6 - 0.5 * (len(parts) - 1) if i == len(parts) - 1 else 1.9 - 0.35 * len(parts), name))
        for tag in tags:
            if " " not in tag and len(tag) > 3:
                index[lemma(tag)].append((1.05, name))
    return index


@lru_cache(maxsize=1)
def _icon_index() -> dict[str, list[tuple[float, str]]]:
    index: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, (_, _, tags) in icon_library().items():
        parts = [lemma(p) for p in name.split("-")]
        for part in parts:
            index[part].append((2.4 - 0.4 * (len(parts) - 1), name))
        for tag in tags:
            index[lemma(tag)].append((1.1, name))
    return index


def matches(text: str, used: frozenset[str] | set[str] = frozenset()) -> list[tuple[float, str]]:
    """Spots for the nouns of a text, best first, those already used left out."""
    words = keywords(text)
    pairs = ["-".join(lemma(t) for t in pair) for pair in pairwise(tokens(text))]
    found: dict[str, float] = {}

    def offer(score: float, name: str) -> None:
        if name not in used and name in spot_library() and score > found.get(name, 0.0):
            found[name] = score

    for pair in pairs:
        for score, name in _index().get(pair, []):
            offer(score + 0.6, name)
    for i, word in enumerate(words):
        order = 0.02 * i
        for k, name in enumerate(_means().get(word, [])):
            offer(3.0 - 0.2 * k - order, name)
        if word in _VAGUE:
            continue
        for score, name in _index().get(word, []):
            offer(score - order, name)
    return sorted(((s, n) for n, s in found.items()), key=lambda p: (-p[0], p[1]))


def best(text: str, used: set[str], least: float = 1.3) -> str:
    """The best spot for a text, or an empty string; the chosen one is marked as used."""
    for score, name in matches(text, used):
        if score >= least:
            used.add(name)
            return name
        break
    return ""


def icon_for(text: str, used: set[str]) -> str:
    """A spot, or where none fits an icon, for a short label; empty when nothing fits."""
    found = best(text, used)
    if found:
        return found
    choices: dict[str, float] = {}
    for i, word in enumerate(keywords(text)):
        for score, name in _icon_index().get(word, []):
            if name not in used and word not in _VAGUE:
                choices[name] = max(choices.get(name, 0.0), score - 0.05 * i)
    if not choices:
        return ""
    name = max(sorted(choices), key=lambda n: choices[n])
    if choices[name] < 1.05:
        return ""
    used.add(name)
    return name
