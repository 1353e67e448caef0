"""Short labels for pictures: what a line is about, in at most four words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ytempire.media.writer.nlp import parse, root, span_text, subject

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_OWNERS = re.compile(r"^(?:its|his|her|their|our|your|this|that|these|those) ", re.I)
_DANGLING = re.compile(r"(?: (?:a|an|the|of|in|on|at|to|for|with|by|and|or|what|from))+$")


@lru_cache(maxsize=4096)
def label(text: str, limit: int = 4) -> str:
    """A short label for a line: its subject, or what is done for an order or a pronoun."""
    doc = parse(re.sub(r"^(?:Step \w+|Number \w+): ", "", text))
    head = root(doc)
    if head is None:
        return _short(" ".join(text.split()[:limit]), limit)
    noun = subject(head)
    chunks = {c.root.i: c for c in doc.noun_chunks}
    if noun is not None and noun.i in chunks and noun.pos_ != "PRON":
        return _short(_with_of(chunks[noun.i], noun), limit)
    lead = "" if noun is not None else head.text.capitalize() + " "
    wanted = next((c for c in head.children if c.dep_ in ("dobj", "attr", "oprd") and c.i > head.i), None)
    if wanted is not None and wanted.i in chunks and wanted.pos_ != "PRON":
        return _short(lead + span_text(chunks[wanted.i]), limit)
    return _short(lead + _manner(head, chunks), limit) if lead else _short(_from(doc, head), limit)


def _with_of(chunk: Span, noun: Token) -> str:
    """``fund`` as ``fund of Boston``."""
    name = _OWNERS.sub("", span_text(chunk))
    link = next((c for c in noun.children if c.dep_ == "prep" and c.text == "of"), None)
    thing = next((c for c in link.children if c.dep_ == "pobj"), None) if link is not None else None
    return f"{name} of {_core(None, thing)}" if thing is not None and len(name.split()) < 3 else name


def _manner(verb: Token, chunks: dict[int, Span]) -> str:
    """What follows an order whose object is a pronoun: ``grind them finely`` as ``finely``."""
    for child in verb.children:
        if child.i > verb.i and child.dep_ in ("advmod", "prt"):
            return str(child.text)
        if child.i > verb.i and child.dep_ == "prep":
            thing = next((c for c in child.children if c.dep_ == "pobj"), None)
            if thing is not None:
                return f"{child.text} {_core(chunks.get(thing.i), thing)}"
    return ""


@lru_cache(maxsize=4096)
def event_label(text: str) -> str:
    """What happened, in a few words: ``Met the composer``, ``Patent expired``; a person as subject is left out."""
    text = re.sub(r"^(?:(?:In|On|By|Since|From) [^,]*?\d{4},? )", "", text)
    doc = parse(text[:1].upper() + text[1:])
    head = root(doc)
    if head is None or head.pos_ not in ("VERB", "AUX"):
        return label(text)
    noun = subject(head)
    chunks = {c.root.i: c for c in doc.noun_chunks}
    who = noun is not None and (noun.pos_ == "PRON" or noun.ent_type_ == "PERSON")
    parts = [] if noun is None or who else [_core(chunks.get(noun.i), noun)]
    parts.append(head.text if head.lemma_ != "be" else "")
    wanted = next((c for c in head.children if c.i > head.i and c.dep_ in ("dobj", "attr", "acomp", "oprd")), None)
    if wanted is not None:
        parts.append(_core(chunks.get(wanted.i), wanted))
    elif who or noun is None:
        parts.append(_where(head, chunks))
    said = " ".join(p for p in parts if p)
    return said[:1].upper() + said[1:]


def _where(head: Token, chunks: dict[int, Span]) -> str:
    preposition = next((c for c in head.children if c.i > head.i and c.dep_ == "prep"), None)
    thing = next((c for c in preposition.children if c.dep_ == "pobj"), None) if preposition is not None else None
    if preposition is None or thing is None or thing.ent_type_ == "DATE":
        return ""
    return f"{preposition.text} {_core(chunks.get(thing.i), thing)}"


def _core(chunk: Span | None, token: Token) -> str:
    """A noun with at most its last two modifiers; a bare number keeps the word before it."""
    if chunk is None:
        return str(token.text)
    if token.like_num:
        return _OWNERS.sub("", span_text(chunk))
    kept = [t.text for t in chunk if t.dep_ in ("compound", "amod", "nummod") or t == token]
    return " ".join(kept[-3:])


def _from(doc: Doc, head: Token) -> str:
    return str(doc[head.i : head.i + 4].text)


def _short(text: str, limit: int) -> str:
    words = text.strip(' .,;:"“”').split()
    kept = words if len(words) <= limit else words[-limit:] if words[0].islower() else words[:limit]
    said = _DANGLING.sub("", " ".join(kept)).strip(" .,;:")
    return said[:1].upper() + said[1:]
