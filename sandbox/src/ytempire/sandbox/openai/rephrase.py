"""Careful rewording: only words of the given text, so that nothing new is ever claimed."""

import re

FILLERS = ("actually", "basically", "really", "simply", "literally", "quite", "very", "just", "of course")
OPENERS = {
    "The",
    "A",
    "An",
    "It",
    "Its",
    "This",
    "These",
    "Those",
    "They",
    "There",
    "Every",
    "Most",
    "One",
    "Some",
    "We",
}
MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE_AT_END = re.compile(
    rf"^(?P<rest>.+?),? (?P<word>in|since|by|on) (?P<date>(?:(?:{MONTH}) )?(?:\d{{1,2}}, )?\d{{4}})$"
)
# With any of these, a date at the end may belong to a part of the sentence only and must stay where it is.
BOUND = re.compile(
    r"[,;:?!()\"“”]|\b(and|but|or|which|that|who|when|while|than|before|after|from|until|because|if|as)\b", re.I
)
LEAST_WORDS = 5


def sentences(text: str) -> list[str]:
    """A text cut after full stops, exclamation and question marks."""
    return [part for part in re.split(r"(?<=[.!?])\s+", " ".join(text.split())) if part]


def rephrase(text: str, max_words: int | None = None) -> str:
    """The text with a trailing date moved to the front or fillers removed, and no longer than ``max_words``."""
    done = [_sentence(sentence) for sentence in sentences(text)]
    return " ".join(_fit(done, max_words))


def _sentence(sentence: str) -> str:
    return _date_first(_without_fillers(sentence))


def _without_fillers(sentence: str) -> str:
    for filler in FILLERS:
        sentence = re.sub(rf"(?<=\w) {filler}(?= \w)", "", sentence, flags=re.I)
    return sentence


def _date_first(sentence: str) -> str:
    if not sentence.endswith("."):
        return sentence
    found = DATE_AT_END.match(sentence[:-1])
    if found is None or BOUND.search(found["rest"]):
        return sentence
    first, _, others = found["rest"].partition(" ")
    if first in OPENERS:
        first = first.lower()
    return f"{found['word'].capitalize()} {found['date']}, {first} {others}."


def _fit(parts: list[str], max_words: int | None) -> list[str]:
    """Whole sentences from the start that fit; a first one that is too long is cut at a comma if that leaves sense."""
    if max_words is None:
        return parts
    kept: list[str] = []
    for part in parts:
        if len(" ".join([*kept, part]).split()) > max_words:
            break
        kept.append(part)
    return kept or [_cut(parts[0], max_words)] if parts else []


def _cut(sentence: str, max_words: int) -> str:
    clauses = sentence.rstrip(".!?").split(", ")
    for count in range(len(clauses) - 1, 0, -1):
        text = ", ".join(clauses[:count])
        if LEAST_WORDS <= len(text.split()) <= max_words:
            return text + "."
    return sentence
