"""Long written sentences into short spoken ones, by parse, and only where every part still stands by itself.

Nothing is added but the pronouns and connectives of the glue list; quoted text is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from ytempire.media.writer.nlp import FINITE, is_clause, is_plural, parse, root, subject
from ytempire.media.writer.text import years_in

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

Split = list[str]
_QUOTED = re.compile(r"[\"“”«»]")
_CONJUNCTIONS = {"and": "", "but": "But ", "so": "So ", "yet": "Yet "}
_UNIT_GLOSS = re.compile(
    r"(\d[\w.,°%]*\s?[\w°²³/]*(?:\s\w+)?)\s\((?:about |around |roughly )?[\d.,–-]+\s?[A-Za-z°²³/ ]{1,14}\)"
)
_LONG, _VERY_LONG = 12, 16


def upper(text: str) -> str:
    """With a capital first letter."""
    text = text.strip()
    return text[:1].upper() + text[1:]


def lower_first(doc: Doc) -> str:
    """The text of a sentence with its first word in lower case, unless that is a name or ``I``."""
    first = doc[0]
    text: str = doc.text
    if (
        first.pos_ == "PROPN"
        or first.text == "I"
        or (len(first.text) > 1 and first.text.isupper())
        or first.ent_type_ in _NAMED
    ):
        return text
    return text[:1].lower() + text[1:]


_NAMED = ("PERSON", "GPE", "ORG", "LOC", "NORP", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "LANGUAGE")


def _end(text: str) -> str:
    text = text.strip().rstrip(",;:—–- ")
    return text if text.endswith((".", "?", "!")) else text + "."


def _pieces(*parts: str) -> Split | None:
    """The parts as sentences, if each of them stands by itself."""
    done = [_end(upper(p)) for p in parts]
    return done if all(is_clause(p) for p in done) else None


def _words(doc: Doc) -> int:
    return sum(not t.is_punct and not t.is_space for t in doc)


def _has_clause(text: str) -> bool:
    doc = parse(text)
    return (
        _words(doc) >= 4
        and any(t.tag_ in FINITE for t in doc)
        and any(t.pos_ in ("NOUN", "PROPN", "PRON") for t in doc)
    )


def _separators(doc: Doc) -> Split | None:
    text = doc.text
    for mark in (r";\s+", r"\s[—–]\s", r":\s+"):
        parts = re.split(mark, text)
        if len(parts) == 2:
            found = _pieces(*parts)
            if found is None and ";" in mark and all(_has_clause(p) for p in parts):
                found = [_end(upper(p)) for p in parts]
            if found:
                return found
    return None


def _coordination(doc: Doc) -> Split | None:
    head = root(doc)
    if head is None or _words(doc) <= _LONG:
        return None
    governed = any(c.dep_ == "advcl" and c.i < head.i for c in head.children) or doc[0].lower_ in (
        "if",
        "when",
        "either",
        "both",
    )
    for conj in head.children:
        if conj.dep_ != "conj" or conj.pos_ not in ("VERB", "AUX") or subject(conj) is None:
            continue
        joins = [c for c in head.children if c.dep_ == "cc" and c.i < conj.i]
        if not joins or joins[-1].lower_ not in _CONJUNCTIONS or governed:
            return None
        join = joins[-1]
        start = conj.left_edge.i
        if start != join.i + 1:
            return None
        return _pieces(doc[: join.i].text, _CONJUNCTIONS[join.lower_] + doc[start:].text)
    return None


def _relative(doc: Doc) -> tuple[Token, Token, Token] | None:
    """Antecedent, relative pronoun and verb of a clause that follows a comma."""
    for verb in doc:
        if verb.dep_ != "relcl":
            continue
        pronoun = verb.left_edge
        if pronoun.lower_ in ("which", "who", "where") and pronoun.i > 1 and doc[pronoun.i - 1].text == ",":
            return verb.head, pronoun, verb
    return None


def _final_relative(doc: Doc) -> Split | None:
    found = _relative(doc)
    if not found or _words(doc) <= _LONG:
        return None
    noun, pronoun, verb = found
    if verb.right_edge.i < len(doc) - 2 or len(doc) - pronoun.i < 5:
        return None
    rest = doc[pronoun.i + 1 :].text
    if pronoun.lower_ == "where":
        return _pieces(doc[: pronoun.i - 1].text, "There, " + rest)
    if pronoun.dep_ not in ("nsubj", "nsubjpass") or pronoun.lower_ == "who":
        return None
    # "That" may point at the noun or at the whole clause, just as "which" did.
    plural = is_plural(noun)
    if not plural and verb.tag_ == "VBP":
        return None
    again = "They " if plural else "It " if noun.pos_ == "PROPN" else "That "
    return _pieces(doc[: pronoun.i - 1].text, again + rest)


def _middle_relative(doc: Doc) -> Split | None:
    found, head = _relative(doc), root(doc)
    if not found or head is None:
        return None
    noun, pronoun, verb = found
    end = verb.right_edge.i
    if noun.dep_ not in ("nsubj", "nsubjpass") or noun.head != head or pronoun.lower_ != "which":
        return None
    if end + 1 >= len(doc) or doc[end + 1].text != "," or pronoun.dep_ not in ("nsubj", "nsubjpass"):
        return None
    name = doc[: pronoun.i - 1].text
    again = "They " if is_plural(noun) else "It "
    return _pieces(f"{name} {doc[pronoun.i + 1 : end + 1].text}", again + doc[end + 2 :].text)


def _person_apposition(doc: Doc) -> Split | None:
    head = root(doc)
    if head is None or _words(doc) <= _LONG or head.tag_ not in FINITE:
        return None
    for token in doc:
        name = token.head
        if (
            token.dep_ != "appos"
            or name.pos_ != "PROPN"
            or name.ent_type_ != "PERSON"
            or name.dep_ not in ("dobj", "attr")
        ):
            continue
        start = token.left_edge.i
        if (
            token.right_edge.i < len(doc) - 2
            or doc[start - 1].text != ","
            or doc[start].lower_ not in ("a", "an", "the")
        ):
            continue
        be = "was" if head.tag_ == "VBD" else "is"
        return _pieces(doc[: start - 1].text, f"{name.text} {be} {doc[start:].text}")
    return None


def _purpose(doc: Doc) -> Split | None:
    match = re.search(r",?\s+so that\s+(?=.*\b(?:can|could)\b)", doc.text)
    if not match or _words(doc) <= _VERY_LONG:
        return None
    return _pieces(doc.text[: match.start()], "That way, " + doc.text[match.end() :])


def _reason(doc: Doc) -> Split | None:
    match = re.search(r",?\s+because\s+(?!of\b)", doc.text)
    if (
        not match
        or _words(doc) <= 18
        or re.search(r"\b(?:not|n't|only|just|simply|mainly|partly)\b", doc.text[: match.start()])
    ):
        return None
    before, after = doc.text[: match.start()], doc.text[match.end() :]
    parts = _pieces(before, after)
    return [parts[0], "The reason: " + parts[1][:1].lower() + parts[1][1:]] if parts and after[:1].islower() else None


def _gloss(doc: Doc) -> Split | None:
    match = re.search(r"\s\(([a-z][^()]{4,60})\)\s", doc.text)
    if not match:
        return None
    head = root(parse(doc.text[: match.start()] + " " + doc.text[match.end() :]))
    name = doc.text[: match.start()]
    noun = subject(head) if head is not None else None
    if (
        noun is None
        or len(name.split()) > 5
        or noun.text not in name
        or re.match(r"(?:or|and|for|e\.g|i\.e|see)\b", match[1])
    ):
        return None
    plural = is_plural(noun)
    first = f"{name} {'are' if plural else 'is'} {match[1]}"
    return _pieces(first, ("They " if plural else "It ") + doc.text[match.end() :])


_RULES: tuple[Callable[[Doc], Split | None], ...] = (
    _separators,
    _gloss,
    _coordination,
    _middle_relative,
    _final_relative,
    _person_apposition,
    _purpose,
    _reason,
)


def _date_first(text: str) -> str:
    doc = parse(text)
    head = root(doc)
    match = re.search(
        r",? (in (?:early |late )?(?:[A-Z][a-z]+ )?(?:1\d|20)\d\d|on [A-Z][a-z]+ \d{1,2}, (?:1\d|20)\d\d)\.$", text
    )
    if not match or head is None or head.tag_ != "VBD" or len(years_in(text)) != 1 or _words(doc) > 22:
        return text
    noun = subject(head)
    preposition = next((t for t in doc if t.idx >= match.start(1)), None)
    if noun is None or noun.pos_ == "PRON" or preposition is None or preposition.head != head or noun.left_edge.i != 0:
        return text
    if any(c.dep_ == "conj" or c.dep_ == "cc" for c in head.children):
        return text
    return f"{upper(match[1])}, {lower_first(doc)[: match.start()]}."


def _tidy(text: str) -> str:
    text = _UNIT_GLOSS.sub(r"\1", text)
    return re.sub(r"\s[—–]\s([^—–]+)\s[—–]\s", r", \1, ", text).replace(",,", ",")


@lru_cache(maxsize=8192)
def simplify(text: str) -> tuple[str, ...]:
    """A sentence as one or more short sentences with the same facts in the same order."""
    if _QUOTED.search(text) or text.endswith("?"):
        return (text,)
    text = _tidy(text)
    return tuple(_date_first(part) for part in _split(text, 3))


def _split(text: str, depth: int) -> list[str]:
    doc = parse(text)
    for rule in _RULES if depth else ():
        parts = rule(doc)
        if parts:
            return [piece for part in parts for piece in _split(part, depth - 1)]
    return [text]
