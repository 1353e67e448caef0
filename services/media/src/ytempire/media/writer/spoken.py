"""Written text to what a voice says.

``spoken("It cost $5.86/kWh.")`` is ``"It cost five dollars and eighty-six cents per kilowatt-hour."``
The result holds letters, spaces and ``, . ? ! ' -`` only, whatever comes in. Captions keep the written form;
:func:`align` tells which spoken words belong to which written word.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from ytempire.media.writer.spoken_rules import NUMBER_RULES, plain_numbers
from ytempire.media.writer.spoken_tables import (
    ABBREVIATIONS,
    GREEK,
    SHOUTED_WORDS,
    SPOKEN_ACRONYMS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
)

ALLOWED = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ ,.?!'-]*")
_FORBIDDEN = re.compile(r"[^A-Za-zÀ-ÖØ-öø-ÿ ,.?!'-]")
_ABBREVIATION = re.compile(
    r"(?<![\w.])(" + "|".join(re.escape(a) for a in sorted(ABBREVIATIONS, key=len, reverse=True)) + r")(?![\w])"
)


class SpokenWord(NamedTuple):
    """One written word and the words the voice says for it; empty if it is not said or said with its neighbour."""

    written: str
    spoken: tuple[str, ...]


def _markup(text: str) -> str:
    text = re.sub(r"```.*?```", " ", text, flags=re.S)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"</?[A-Za-z][^>]*>", "", text)
    text = re.sub(r"^\s{0,3}#{1,6}\s+", "", text, flags=re.M)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    text = re.sub(r"(?<!\w)([*_])(\S.*?)\1(?!\w)", r"\2", text)
    text = re.sub(r"`([^`]*)`", r"\1", text)
    for entity, sign in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", '"')):
        text = text.replace(entity, sign)
    return text


def _characters(text: str) -> str:
    text = re.sub(r"[\u2018\u2019\u02bc]", "'", text)
    text = re.sub(r"[\u00a0\u2009\u202f\u2007]", " ", text)
    text = re.sub(r"(?<=\d)([⁰¹⁴-⁹⁻]|[²³](?=[⁰-⁹]))+", lambda m: "^" + m[0].translate(SUPERSCRIPTS), text)
    text = re.sub(r"\b10([²³])", lambda m: "10^" + m[1].translate(SUPERSCRIPTS), text)
    return text.translate(SUBSCRIPTS).replace("\u2011", "-")


def _addresses(text: str) -> str:
    def host(m: re.Match[str]) -> str:
        return m[1].removeprefix("www.").replace(".", " dot ").replace("-", " dash ")

    text = re.sub(r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b", lambda m: f"{m[1]} at {m[2]}".replace(".", " dot "), text)
    text = re.sub(r"https?://([\w.-]+\w)(?:[/?#:][^\s)]*)?", host, text)
    return re.sub(r"\b((?:[\w-]+\.)+(?:com|org|net|io|gov|edu|co\.uk|de|at|eu|tv|app|dev))\b(?:/\S*)?", host, text)


def _tags(text: str) -> str:
    def words(name: str) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)

    text = re.sub(r"(?<!\w)#([A-Za-z]\w*)", lambda m: "hashtag " + words(m[1]), text)
    text = re.sub(r"(?<!\w)@([A-Za-z]\w*)", lambda m: "at " + words(m[1]), text)
    return re.sub(r"(?<=[A-Za-z])_(?=[A-Za-z])", " ", text)


def _shouting(text: str) -> str:
    words = re.findall(r"[A-Za-z']{2,}", text)
    loud = [w for w in words if w.isupper()]
    if len(words) >= 4 and len(loud) > 0.7 * len(words):
        return re.sub(r"[A-Za-z']+", lambda m: m[0].lower() if m[0] != "I" else "I", text)

    def calm(m: re.Match[str]) -> str:
        word = m[0]
        if word in SPOKEN_ACRONYMS:
            return word.capitalize()
        return word.lower() if word in SHOUTED_WORDS or len(word) >= 7 else word

    return re.sub(r"\b[A-Z][A-Z']+\b(?![\w&-])", calm, text)


def _abbreviations(text: str) -> str:
    text = re.sub(r"\be\.\s?g\.,?", "for example,", text)
    text = re.sub(r"\bi\.\s?e\.,?", "that is,", text)
    text = re.sub(r",?\s*\betc\.(\s*$)?", lambda m: ", and so on" + ("." if m[1] is not None else ""), text)
    text = re.sub(r"\b(?:c\.|ca\.)\s?(?=\d)", "around ", text)
    text = re.sub(r"\bPh\.?D\.?(?=\W|$)", "P H D", text)
    text = re.sub(r"\bSt\.(?=\s[A-Z])", "Saint", text)
    text = re.sub(r"(?<=[a-z] )(St|Rd)\.", lambda m: {"St": "Street", "Rd": "Road"}[m[1]], text)
    text = re.sub(r"\b(?:[A-Za-z]\.){2,}", _initials, text)
    text = re.sub(r"\b([A-Z])\. (?=[A-Z][a-z])", r"\1 ", text)
    return _ABBREVIATION.sub(lambda m: ABBREVIATIONS[m[1]], text)


def _initials(m: re.Match[str]) -> str:
    letters = " ".join(m[0].replace(".", "").upper())
    rest = m.string[m.end() :]
    starts_sentence = re.match(r"\s+[A-Z][a-z]+", rest) and re.match(r"\s+(?:The|In|It|He|She|They|But|And|A)\b", rest)
    return letters + ("." if starts_sentence or not rest.strip() else "")


def _symbols(text: str) -> str:
    text = re.sub(r"(?<=\w)\s*&\s*(?=\w)", lambda m: " and " if " " in m[0] else "&", text)
    text = re.sub(r"\b([A-Z])&([A-Z])\b", r"\1 and \2", text).replace("&", " and ")
    text = re.sub(r"±\s?", " plus or minus ", text)
    text = re.sub(r">=|≥", " at least ", text)
    text = re.sub(r"<=|≤", " at most ", text)
    text = re.sub(r"->|→", " to ", text)
    text = re.sub(r">\s?(?=[\d$£€])", " more than ", text)
    text = re.sub(r"<\s?(?=[\d$£€])", " less than ", text)
    text = re.sub(r"[~≈]\s?(?=[\d$£€])", " about ", text)
    text = re.sub(r"(?<=[\d)])\s\+\s(?=[\d(])", " plus ", text)
    text = re.sub(r"(?<=\d)\+(?=\s|$)", " plus", text)
    text = re.sub(r"\s=\s", " equals ", text)
    text = re.sub(r"(?<=\d)\s[−-]\s(?=\d+\s(?:=|equals))", " minus ", text)
    for letter, name in GREEK.items():
        text = text.replace(letter, f" {name} ")
    return text


def _acronyms(text: str) -> str:

    def plural(m: re.Match[str]) -> str:
        return m[1].capitalize() + "s" if m[1] in SPOKEN_ACRONYMS else " ".join(m[1]) + "'s"

    text = re.sub(r"\b([A-Z]{2,5})s\b", plural, text)

    def letters(m: re.Match[str]) -> str:
        word = m[1]
        return word.capitalize() if word in SPOKEN_ACRONYMS else " ".join(word.upper())

    text = re.sub(r"\b([a-z]{1,2}[A-Z]{2,4})\b", letters, text)
    return re.sub(r"\b([A-Z]{2,6})\b(?!')", letters, re.sub(r"\b([A-Z]{2,6})(?='s\b)", letters, text))


def _punctuation(text: str) -> str:
    text = re.sub(r"\.{2,}|…", ", ", text)
    text = re.sub(r"\s*[—–]\s*|\s+-+\s+", ", ", text)
    text = re.sub(r"\s*[;:]\s+|\s*[;:]$", ", ", text)
    text = re.sub(r"\s*[(\[{]\s*", ", ", text)
    text = re.sub(r"\s*[)\]}]\s*(?=[,.?!])", "", text)
    text = re.sub(r"\s*[)\]}]\s*", ", ", text)
    return re.sub(r"[\"“”„«»‹›]", "", text)


def _final(text: str) -> str:
    kept = []
    for char in text:
        if not _FORBIDDEN.match(char):
            kept.append(char)
            continue
        plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        kept.append(plain if plain and not _FORBIDDEN.search(plain) else " ")
    text = re.sub(r"\s+", " ", "".join(kept))
    text = re.sub(r"(?<![A-Za-zÀ-ÿ])-+|-+(?![A-Za-zÀ-ÿ])", " ", text)
    text = re.sub(r"(?<!\w)'(?!\w)", " ", text)
    text = re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text))
    text = re.sub(r"(,)[,\s]*(?=[,.?!])", "", text)
    text = re.sub(r"([.?!])[,.]+", r"\1", text)
    text = re.sub(r"([,.?!])(?=[A-Za-zÀ-ÿ])", r"\1 ", text)
    text = re.sub(r"^[\s,.?!]+|[\s,]+$", "", text)
    return re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=8192)
def spoken(text: str) -> str:
    """The spoken form of a written text; satisfies :data:`ALLOWED`, may be empty (an emoji says nothing)."""
    text = _tags(_addresses(_characters(_markup(text))))
    text = _symbols(_abbreviations(_shouting(text)))
    for rule in NUMBER_RULES:
        text = rule(text)
    text = _acronyms(plain_numbers(text))
    return _final(_punctuation(text))


def count_words(text: str) -> int:
    """Spoken words of a written text: "1956" counts as two ("nineteen fifty-six")."""
    return len(spoken(text).split())


def _plain(word: str) -> str:
    return re.sub(r"[^\w'-]", "", word).lower()


def align(text: str) -> tuple[SpokenWord, ...]:
    """Which spoken words each written word of a line stands for, in order; nothing spoken is lost.

    Words that read as they are written are the anchors; between two anchors, written words share the spoken ones
    evenly ("$5 million" and "five million dollars").
    """
    written, said = text.split(), spoken(text).split()
    pairs: list[list[str]] = [[] for _ in written]
    matcher = SequenceMatcher(None, [_plain(w) for w in written], [_plain(w) for w in said], autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        width = i2 - i1
        for offset, word in enumerate(said[j1:j2]):
            slot = i1 + (offset * width // (j2 - j1) if width else 0)
            pairs[min(slot, len(written) - 1) if width else max(0, i1 - 1)].append(word)
    return tuple(SpokenWord(w, tuple(p)) for w, p in zip(written, pairs, strict=True))
