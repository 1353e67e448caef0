"""What a line holds for pictures: figures, people, places, enumerations, short labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ytempire.media.domain.script import Figure
from ytempire.media.writer.nlp import parse
from ytempire.media.writer.numerals import NUMBER, ONES, TENS
from ytempire.media.writer.spoken_tables import MAGNITUDES, MONTHS, UNITS

if TYPE_CHECKING:
    from spacy.tokens import Token

_MAG = r"(?:thousand|million|billion|trillion|bn|tn|mn|k|m|M|b|B)(?![\w²³/°])"
_WORD_MAG = r"(?:thousand|million|billion|trillion)"
_CUR = r"(?:US\$|C\$|A\$|\$|£|€|¥|₹|(?:USD|EUR|GBP|CHF|JPY) )"
_PER = (
    r"(?:/[A-Za-z]+|\s(?:per|a|an|each|every)\s(?:second|minute|hour|day|night|week|month|year|ton|tonne|"
    r"kilowatt-hour|person|mile|kilometer|kilogram|liter|gallon|pound|square \w+|share|cup|user|watt|piece|unit|head|"
    r"barrel)\b)"
)
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True) if u not in ("%", "pp"))
_UNIT_WORDS = (
    r"(?:square |cubic )?(?:kilo|centi|milli|micro|nano)?(?:meters?|metres?|grams?|liters?|litres?)|miles?|feet|foot|"
    r"inch(?:es)?|yards?|acres?|hectares?|tons?|tonnes?|pounds?|ounces?|degrees?(?: Celsius| Fahrenheit)?|"
    r"(?:kilo|mega|giga)?watts?(?:-hours?)?|volts?|"
    r"(?:kilo|mega|giga|tera)?bytes?|bits?|bars?|light-years?|calories|percent|cups?|teaspoons?|tablespoons?|bars?|characters?"
)
_TIME = r"seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centuries"
_ROLES = (
    ("money", rf"{_CUR}{NUMBER}(?:\s?[-–]\s?{_CUR}?{NUMBER})?(?:\s?{_MAG})?{_PER}?"),
    ("day", rf"(?:(?:{'|'.join(MONTHS)}) \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} (?:{'|'.join(MONTHS)})(?: \d{{4}})?)\b"),
    ("percent", rf"{NUMBER}(?:\s?(?:[-–]|to)\s?{NUMBER})?\s?(?:%|percent(?:age points?)?|pp)"),
    ("ratio", rf"\b{NUMBER}(?: times\b|x\b|×)|\b\d+ (?:in|out of) \d+\b|\b\d+:\d+\b"),
    ("duration", rf"\b{NUMBER}(?:\s?(?:[-–]|to)\s?{NUMBER})?(?: {_WORD_MAG})?[ -](?:more |full )?(?:{_TIME})\b"),
    (
        "measure",
        rf"[-−]?\b{NUMBER}(?:\s?(?:[-–]|to|and)\s?{NUMBER})?(?: {_WORD_MAG})?"
        rf"(?:\s?(?:{_UNIT})(?:/[A-Za-z]+)?(?![A-Za-z])|[ -](?:{_UNIT_WORDS})\b){_PER}?",
    ),
    ("rank", r"\b\d+(?:st|nd|rd|th)\b|#\d+|[Nn]umber \d+"),
    ("range", rf"(?<![\w.]){NUMBER}\s?(?:[-–])\s?{NUMBER}\b"),
    ("year", r"(?<![\d.,$£€-])(?:1\d|20)\d\d(?![\d,%]\d|\d|%|-)"),
    ("count", rf"(?<![\w.,]){NUMBER}(?: {_WORD_MAG})?"),
)
_ANY = re.compile("|".join(f"(?P<{role}>{pattern})" for role, pattern in _ROLES))
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_COUNTED = {word: float(i) for i, word in enumerate(ONES) if i > 1} | {
    word: 10.0 * i for i, word in enumerate(TENS) if word
}


def _value(text: str) -> float:
    found = re.search(NUMBER, text)
    value = float(found[0].replace(",", "")) if found else 0.0
    magnitude = re.search(rf"\d\s?({_MAG})", text)
    if magnitude:
        value *= _SCALES[MAGNITUDES[magnitude[1]]]
    return -value if text[0] in "-−" else value


def _unit(role: str, text: str) -> str:
    if role == "money":
        per = re.search(_PER + "$", text)
        name = re.sub(r"^(?:/|\s(?:per|a|an|each|every)\s)", "", per[0]) if per else ""
        currency = re.match(_CUR, text)
        symbol = currency[0].strip() if currency else ""
        return f"{symbol} per {name}" if name else symbol
    if role == "percent":
        return "%" if "point" not in text and "pp" not in text else "percentage points"
    if role in ("duration", "measure"):
        unit = re.sub(rf"^[-−]?{NUMBER}(?:\s?(?:[-–]|to|and)\s?{NUMBER})?", "", text).strip(" -")
        return re.sub(rf"^{_WORD_MAG} ", "", unit)
    return "times" if role == "ratio" and "in" not in text and "of" not in text else ""


def _counted_noun(text: str, end: int) -> str:
    """The plural noun that a bare number counts: ``25,000 dockers``; at most one adjective between."""
    doc = parse(text)
    following = [t for t in doc if t.idx >= end][:3]
    for i, token in enumerate(following):
        if token.tag_ in ("NNS", "NNPS"):
            return " ".join(t.text for t in following[: i + 1])
        if token.pos_ not in ("ADJ", "NOUN", "PROPN", "VERB") or token.tag_ in ("VBD", "VBZ", "VBP"):
            break
    return ""


def _next_plural(text: str, end: int) -> str:
    found = re.match(r"\s((?:[a-z]+ )?[a-z]{2,}s)\b", text[end:])
    return found[1] if found else ""


def figures(text: str, *, parsed: bool = True) -> tuple[Figure, ...]:
    """The numbers of a line in order; a number word counts where a plural noun follows it ("five ships").

    ``parsed`` finds the noun by the parser; without it, the parser is not loaded and the next word in -s is taken.
    """
    counted = _counted_noun if parsed else _next_plural
    found: list[tuple[int, Figure]] = []
    taken: set[int] = set()
    for match in _ANY.finditer(text):
        role, said = match.lastgroup or "count", match[0].strip()
        taken.update(range(match.start(), match.end()))
        unit = _unit(role, said)
        if role == "count":
            unit = counted(text, match.end())
            said = f"{said} {unit}".strip()
        found.append((match.start(), Figure(text=said, value=_value(said), unit=unit, role=role)))
    for match in re.finditer(r"\b[a-z]+(?:-[a-z]+)?\b", text, flags=re.I):
        value = _word_value(match[0].lower())
        if value and match.start() not in taken:
            unit = counted(text, match.end())
            if unit:
                role = "duration" if re.fullmatch(_TIME, unit) else "count"
                found.append((match.start(), Figure(text=f"{match[0]} {unit}", value=value, unit=unit, role=role)))
    return tuple(figure for _, figure in sorted(found, key=lambda pair: pair[0]))


def _word_value(word: str) -> float:
    tens, _, ones = word.partition("-")
    if ones:
        return _COUNTED.get(tens, 0) + float(ONES.index(ones)) if tens in TENS and ones in ONES[:10] else 0
    return _COUNTED.get(word, 0)


def items(text: str) -> tuple[str, ...]:
    """Members of an enumeration of three or more nouns that the line names."""
    best: list[str] = []
    for token in parse(text):
        if token.pos_ not in ("NOUN", "PROPN") or token.dep_ == "conj":
            continue
        chain = _chain(token)
        if len(chain) >= 3 and len(chain) > len(best):
            best = [_member(t) for t in chain]
    return tuple(best)


def _chain(token: Token) -> list[Token]:
    chain = [token]
    while True:
        following = next((c for c in chain[-1].children if c.dep_ == "conj" and c.pos_ in ("NOUN", "PROPN")), None)
        if following is None:
            return chain
        chain.append(following)


def _member(token: Token) -> str:
    kept = [c for c in token.children if c.dep_ in ("compound", "amod", "nummod") and c.i < token.i]
    return " ".join(t.text for t in sorted([*kept, token], key=lambda t: t.i))
