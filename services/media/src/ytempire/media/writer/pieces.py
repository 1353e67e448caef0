"""Pieces: the speakable sentences of a brief, and which of them lean on which.

A sentence that says "that", "the patent" or just "it" makes no sense without the sentence it leans on. Pieces are
therefore only ever added with all they need and removed with all that need them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ytempire.media.writer.extract import figures
from ytempire.media.writer.facts import Fact, Role
from ytempire.media.writer.nlp import parse, people, root, subject
from ytempire.media.writer.simplify import simplify
from ytempire.media.writer.spoken import count_words
from ytempire.media.writer.text import content_stems, stem
from ytempire.media.writer.wordlist import listed

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PRONOUNS = frozenset(listed("he she it they him her them his its their this that these those"))
_PERSONAL = frozenset(listed("he she him her his"))
_CONNECTIVES = re.compile(
    r"(?:However|But|First(?:,| the| it| they)|Second,|Third,|So|Therefore|Instead|Also|Then|Later|Meanwhile|"
    r"Still|Yet|Another|Others|Both|Neither|Thus|Hence|"
    r"After (?:about |another )?(?:\w+|\d+) (?:days?|weeks?|months?|years?|hours?)\b|"
    r"In the (?:first|second|third) (?:day|year|month)|"
    r"At \d+%|There,|There she|There he|By then|In it|In contrast|As a result|For example|For instance|"
    r"That way|The reason:|Similarly|Together|Unlike|At the same time|"
    r"The (?:rest|other|others|same|next|former|latter|remaining|result|difference|"
    r"trick|catch|answer|reason|effect|idea)|"
    r"One of (?:them|these|those)|(?:\w+ )?(?:days?|weeks?|months?|years?|hours?|minutes?) later|"
    r"Some of (?:them|these)|Half of (?:them|that)|Each of|All of (?:them|this|that)|None of|Once (?:there|done)|"
    r"After that|Before that|Since then|From there|From then|And|Or|Nor|Moreover|Furthermore|Finally|Next|Otherwise|"
    r"Either way|Even so|Of (?:these|those|them)|Only then|Not so|Such)\b"
)
_WITHIN = re.compile(
    r"\b(?:instead\b|also\b|such (?!as\b)|(?:too|as well)[.!]|"
    r"(?:from|of|for|in|with|without|by|on|to|than) (?:it|them|this|that|these|those)\b|"
    r"the (?=[$£€]\d)|the (?:same|latter|former)\b)",
    re.I,
)
_OPEN_END = re.compile(
    r"(?:At first|Initially|Originally|First(?:,| the| it| they)|On the one hand|For a long time|"
    r"Take|Put|Suppose|Imagine|Save|Say)\b"
)
_NAME = re.compile(r"(?<![\w.])[A-Z][\w’'-]*[a-z](?: (?:[A-Z]\. )?[A-Z][\w’-]*[a-z])*")
_LOOK_BACK = 9


@dataclass
class Piece:
    """One speakable sentence. ``dep`` and ``need`` are indexes of other pieces."""

    index: int
    text: str
    fact: Fact
    words: int
    stems: frozenset[str]
    dep: int | None = None
    need: set[int] = field(default_factory=set)
    ideas: set[int] = field(default_factory=set)
    """The part of ``need`` that explains a term; a hook may use the term before it is explained."""
    pair: set[int] = field(default_factory=set)
    """The part of ``need`` that comes right after it: the other half of a comparison, what follows from a set-up."""
    score: float = 0.0
    pinned: bool = False

    @property
    def role(self) -> Role:
        return self.fact.role

    @property
    def section(self) -> int:
        return self.fact.section

    @property
    def leans(self) -> set[int]:
        """Everything that must be said if this is said."""
        return self.need | ({self.dep} if self.dep is not None else set())


def make_pieces(facts: tuple[Fact, ...], verbatim: frozenset[str] = frozenset(), life_of: str = "") -> list[Piece]:
    """Pieces of the facts in order; the facts named in ``verbatim`` are left as they are written.

    In a biography, ``life_of`` is the main person's surname: he or she needs no introduction but the first.
    """
    pieces: list[Piece] = []
    for fact in facts:
        plain = fact.id in verbatim or fact.role in ("row", "intro")
        for part in (fact.text,) if plain else simplify(fact.text):
            pieces.append(Piece(len(pieces), part, fact, count_words(part), frozenset(content_stems(part))))
    _link(pieces)
    if life_of:
        _free_main_person(pieces, life_of)
    return pieces


def _free_main_person(pieces: list[Piece], surname: str) -> None:
    intro = next((p.index for p in pieces if surname in p.text), None)
    if intro is None:
        return
    everything = [t.lower_ for p in pieces for t in parse(p.text)]
    main = "she" if everything.count("she") >= everything.count("he") else "he"
    for piece in pieces[intro + 1 :]:
        before = pieces[piece.index - 1]
        if piece.dep is None or before.fact.id == piece.fact.id or not _only_personal(piece.text):
            continue
        doc = parse(piece.text)
        used = {t.lower_ for t in doc if t.lower_ in _PRONOUNS}
        own = {"she", "her"} if main == "she" else {"he", "him", "his"}
        if used <= own:
            piece.dep = None
            piece.need.add(intro)


def _has_earlier_noun(token: Token, doc: Doc) -> bool:
    """Whether a pronoun can point at a noun phrase of its own sentence."""
    plural = token.lower_ in ("they", "them", "their", "these", "those")
    personal = token.lower_ in _PERSONAL
    # "The Navy put it in a drawer": an object is not its own verb's subject.
    barred = subject(token.head) if token.dep_ in ("dobj", "dative", "iobj") else None
    # "After one year it is ...": the subject of the sentence points at nothing but a clause before it.
    main = token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT"
    for other in doc[: token.i]:
        if other == barred or (main and not any(a.dep_ == "advcl" for a in other.ancestors)):
            continue
        if other.pos_ not in ("NOUN", "PROPN") or other.dep_ == "compound":
            continue
        if personal:
            if other.ent_type_ == "PERSON":
                return True
        elif plural == (other.tag_ in ("NNS", "NNPS")) or other.pos_ == "PROPN":
            return True
    return False


def leans_back(text: str) -> bool:
    """Whether a sentence points at something said before it."""
    doc = parse(text)
    if _CONNECTIVES.match(text) or _WITHIN.search(text) or text[:1] in '"“':
        return True
    head = root(doc)
    for token in doc:
        low = token.lower_
        if (
            token.tag_ == "CD"
            and token.dep_ == "dobj"
            and token.ent_type_ not in ("DATE", "MONEY", "PERCENT", "QUANTITY")
        ):
            return True
        if low == "there" and token.tag_ == "RB" and token.i > 0:
            return True
        if (
            low in ("one", "ones")
            and token.tag_ in ("NN", "NNS")
            and any(c.dep_ in ("det", "amod") for c in token.children)
        ):
            return True
        if low not in _PRONOUNS:
            continue
        if low in ("this", "that", "these", "those"):
            if token.dep_ in ("mark", "det") and low == "that" and token.dep_ == "mark":
                continue
            relative = token.tag_ in ("WDT", "WP", "IN")
            if not relative and not (token.dep_ != "det" and token.i > 3 and low == "that"):
                return True
            continue
        if low == "it" and (token.dep_ == "expl" or _impersonal(token)):
            continue
        if not _has_earlier_noun(token, doc) and not (head is not None and _cataphor(token, head)):
            return True
    return False


def _impersonal(token: Token) -> bool:
    """``It takes two years to ...``, ``it is hard to ...``: nothing is pointed at."""
    verb = token.head
    clausal = any(c.dep_ in ("xcomp", "ccomp", "advcl", "csubj") and c.tag_ in ("VB", "VBP") for c in verb.subtree)
    return (
        token.dep_ in ("nsubj", "nsubjpass")
        and verb.lemma_ in ("take", "be", "rain", "seem", "pay", "help")
        and clausal
    )


def _cataphor(token: Token, head: Token) -> bool:
    """``After she left, Ada wrote``: the noun comes behind."""
    noun = subject(head)
    inside = any(a.dep_ == "advcl" for a in [token.head, *token.head.ancestors] if a != head)
    return inside and token.i < head.i and noun is not None and noun.pos_ in ("NOUN", "PROPN") and noun.i > token.i


def _only_personal(text: str) -> bool:
    doc = parse(text)
    if _CONNECTIVES.match(text) or _WITHIN.search(text):
        return False
    found = {t.lower_ for t in doc if t.lower_ in _PRONOUNS and t.tag_ not in ("WDT", "WP", "IN")}
    return bool(found) and found <= _PERSONAL


def _link(pieces: list[Piece]) -> None:
    full_names: dict[str, int] = {}
    names = [people(parse(p.text)) for p in pieces]
    terms = _terms(pieces)
    for piece in pieces:
        if piece.index and _must_follow(piece, pieces[piece.index - 1]):
            piece.dep = _antecedent(piece, pieces, names)
        _link_names(piece, full_names)
        _link_nouns(piece, pieces)
        _link_terms(piece, pieces, terms)
        _link_list(piece, pieces)
        if (
            _OPEN_END.match(piece.text)
            and piece.index + 1 < len(pieces)
            and pieces[piece.index + 1].section == piece.section
        ):
            piece.need.add(piece.index + 1)
            piece.pair.add(piece.index + 1)
        if piece.text.endswith("?") and piece.index + 1 < len(pieces):
            piece.need.add(piece.index + 1)
        if piece.index:
            _link_rivals(piece, pieces[piece.index - 1])
        if piece.index and _two_halves(pieces[piece.index - 1], piece):
            pieces[piece.index - 1].need.add(piece.index)
        if (
            piece.index
            and pieces[piece.index - 1].text.endswith("?")
            and piece.section == pieces[piece.index - 1].section
        ):
            piece.dep = piece.index - 1


def _two_halves(one: Piece, other: Piece) -> bool:
    """Whether two pieces are one thought: what a semicolon or a colon joined, or what a "but" takes back."""
    if one.section == other.section and re.match(r"(?:But|However|Yet|Still|Even so|Not so)\b", other.text):
        return True
    return one.fact.id == other.fact.id and bool(re.search(r"[;:]\s", one.fact.source))


def _must_follow(piece: Piece, before: Piece) -> bool:
    if before.fact.id == piece.fact.id:
        return True
    return piece.role not in ("row", "intro") and leans_back(piece.text)


def _antecedent(piece: Piece, pieces: list[Piece], names: list[tuple[str, ...]]) -> int:
    """The piece that ``piece`` leans on: the one before, or for he and she the last that names a person."""
    before = piece.index - 1
    if pieces[before].fact.id == piece.fact.id or not _only_personal(piece.text):
        return before
    for index in range(before, max(-1, before - _LOOK_BACK), -1):
        if names[index] and pieces[index].section == piece.section:
            return index
        if not _only_personal(pieces[index].text) and leans_back(pieces[index].text):
            return before
    return 0 if names[0] else before


def _link_names(piece: Piece, full: dict[str, int]) -> None:
    """A surname needs the sentence that has the full name, whatever the entity recogniser thinks of it."""
    for name in _NAME.findall(piece.text):
        parts = name.split()
        for word in parts if len(parts) == 1 else ():
            if full.get(word, piece.index) != piece.index:
                piece.need.add(full[word])
        if len(parts) > 1:
            full.setdefault(parts[-1], piece.index)


def _link_nouns(piece: Piece, pieces: list[Piece]) -> None:
    """``The patent`` needs the sentence that brought a patent up."""
    doc = parse(piece.text)
    for chunk in doc.noun_chunks:
        if chunk[0].lower_ != "the" or chunk.root.pos_ != "NOUN" or chunk.root.dep_ not in ("nsubj", "nsubjpass"):
            continue
        if any(t.dep_ in ("prep", "relcl", "acl") for t in chunk.root.children) or len(chunk) > 2:
            continue
        noun = stem(chunk.root.text)
        for earlier in reversed(pieces[max(0, piece.index - _LOOK_BACK) : piece.index]):
            if noun in earlier.stems:
                piece.need.add(earlier.index)
                break


def _terms(pieces: list[Piece]) -> dict[str, frozenset[str]]:
    """Terms of two words that the brief uses, ``frequency hopping``, with their stems."""
    found: dict[str, frozenset[str]] = {}
    for piece in pieces:
        for chunk in parse(piece.text).noun_chunks:
            parts = [t for t in chunk if t.dep_ == "compound" or t == chunk.root]
            if len(parts) == 2 and not chunk.root.ent_type_ and parts[0].i + 1 == parts[1].i:
                found[f"{parts[0].lower_} {parts[1].lower_}"] = frozenset(stem(t.text) for t in parts)
    return found


def _link_terms(piece: Piece, pieces: list[Piece], terms: dict[str, frozenset[str]]) -> None:
    """A term needs the first sentence that explains it: ``frequency hopping`` one that hops between frequencies."""
    low = piece.text.lower()
    for term, stems in terms.items():
        if term not in low:
            continue
        first = next((e for e in pieces[: piece.index] if stems <= e.stems and term not in e.text.lower()), None)
        if first is not None:
            piece.need.add(first.index)
            piece.ideas.add(first.index)


def _link_list(piece: Piece, pieces: list[Piece]) -> None:
    """Items need the sentence that announces their list, steps the step before them."""
    if piece.role not in ("item", "step"):
        return
    for earlier in reversed(pieces[: piece.index]):
        same = (earlier.section, earlier.fact.block) == (piece.section, piece.fact.block)
        if not same:
            return
        if earlier.role == "intro":
            piece.need.add(earlier.index)
            return
        if piece.role == "step" and earlier.fact.item < piece.fact.item:
            piece.need.add(earlier.index)
            return


def unchain(pieces: list[Piece]) -> None:
    """Numbered items of a list stand by themselves; only steps of one task follow from each other."""
    for piece in pieces:
        if piece.role == "step":
            piece.need = {i for i in piece.need if pieces[i].role != "step" or pieces[i].fact.item == piece.fact.item}


def _link_rivals(piece: Piece, before: Piece) -> None:
    """``The index fund gained 126 %``, ``The best rival gained 88 %``: one verb, one unit, neighbours, one thought."""
    if before.section != piece.section or piece.role != "text" or before.role != "text":
        return
    heads = [root(parse(p.text)) for p in (before, piece)]
    if heads[0] is None or heads[1] is None or heads[0].lemma_ != heads[1].lemma_ or heads[1].pos_ != "VERB":
        return
    units = [
        {f.unit for f in figures(p.text) if f.role in ("percent", "money", "measure") and f.unit}
        for p in (before, piece)
    ]
    if units[0] & units[1]:
        piece.need.add(before.index)
        before.need.add(piece.index)
        before.pair.add(piece.index)


def closure_up(index: int, pieces: list[Piece]) -> set[int]:
    """A piece and all it leans on, directly or not."""
    found, todo = set[int](), [index]
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += pieces[here].leans
    return found
