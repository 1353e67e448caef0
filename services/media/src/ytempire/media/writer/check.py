"""The faithfulness check: nothing may be said that the brief does not say.

It compares words and numbers and uses no parser, so that it does not share the writer's mistakes. It cannot see a
wrong bond between two right words; those are excluded by how lines are made.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.script import Line, Script
from ytempire.media.writer.brief import Brief
from ytempire.media.writer.facts import Fact, facts_of
from ytempire.media.writer.glue import GLUE
from ytempire.media.writer.spoken import ALLOWED, spoken
from ytempire.media.writer.text import number_strings, number_values, stem, words, years_in

Rule = Literal["number", "name", "word", "year", "negation", "hedge", "spoken", "fact", "formula"]
_NEGATIONS = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|\w+n't|refused?|hardly|rarely)\b", re.I
)
_HEDGES = re.compile(
    r"\b(?:about|around|roughly|approximately|nearly|almost|up to|more than|less than|fewer than|over|at least|at most|"
    r"may|might|could|can|estimated|likely|probably|perhaps|often|usually|typically|sometimes|some|most|many|average|"
    r"mostly|suggests?)\b|[~≈<>±]",
    re.I,
)

_TOKEN = re.compile(r"[$£€]?\w[\w'’.,-]*\w%?|\w%?")


class Finding(BaseModel):
    """A line that says something the brief does not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int
    """Index of the line."""
    rule: Rule
    message: str


class Evidence:
    """What a brief holds, ready to be compared with."""

    def __init__(self, brief: Brief) -> None:
        self.facts: dict[str, Fact] = {f.id: f for f in facts_of(brief)}
        text = brief.text
        self.numbers = _number_set(text)
        self.values = number_values(text)
        self.stems = frozenset(stem(w) for w in words(text.replace("-", " "))) | frozenset(stem(w) for w in words(text))
        self.names = frozenset(_bare(w) for w in words(text) if w[0].isupper())


class Reporter(Protocol):
    """The shape of the function that takes a finding."""

    def __call__(self, rule: Rule, message: str) -> None: ...


def _bare(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s").removesuffix("'")


def _number_set(text: str) -> set[str]:
    return {n.replace(",", "") for n in number_strings(text)}


@lru_cache(maxsize=32)
def evidence(brief_json: str) -> Evidence:
    """The evidence of a brief, kept between calls; takes the brief as JSON because that can be compared."""
    return Evidence(Brief.model_validate_json(brief_json))


def check(script: Script, brief: Brief) -> list[Finding]:
    """All findings of a script against its brief; an empty list means that it is faithful."""
    known = evidence(brief.model_dump_json())
    return [finding for line in script.lines for finding in check_line(line, known, script)]


def check_line(line: Line, known: Evidence, script: Script | None = None, glue: frozenset[str] = GLUE) -> list[Finding]:
    """The findings of one line. ``glue`` are the stems that may be said without being in the brief."""
    found: list[Finding] = []

    def add(rule: Rule, message: str) -> None:
        found.append(Finding(line=line.index, rule=rule, message=message))

    missing = [f for f in line.facts if f not in known.facts]
    if missing:
        add("fact", f"the brief has no fact {', '.join(missing)}")
        return found
    facts = [known.facts[f] for f in line.facts]
    own = " ".join(f"{f.source} {f.text}" for f in facts)
    _check_formula(line, known, script, add)
    for number in sorted(_number_set(line.text) - _allowed_numbers(line, own, known)):
        add("number", f"{number} is not in the fact it is taken from")
    _check_count_words(line, own, known, add)
    for word in words(line.text):
        _check_word(word, line, known, glue, add)
    if facts and line.kind in ("fact", "hook") and line.formula is None:
        _check_claims(line, facts, own, add)
    if not ALLOWED.fullmatch(line.spoken) or not line.spoken:
        add("spoken", "the spoken form holds signs that cannot be spoken")
    elif line.spoken != spoken(line.text):
        add("spoken", "the spoken form says something else than the text")
    return found


def _allowed_numbers(line: Line, own: str, known: Evidence) -> set[str]:
    allowed = _number_set(own) if line.facts else set(known.numbers)
    return allowed | (_number_set(line.formula) if line.formula else set())


def _check_count_words(line: Line, own: str, known: Evidence, add: Reporter) -> None:
    """Number words, ``three``: in the own fact, or in the formula; ``one`` is a pronoun too."""
    allowed = number_values(own) if line.facts else set(known.values)
    if line.formula:
        allowed |= number_values(line.formula)
    spelled = number_values(re.sub(r"\d[\d.,]*", " ", line.text))
    for value in sorted(spelled - allowed - {1.0}):
        add("number", f"the number word for {value:g} is not in the fact it is taken from")


def _check_word(word: str, line: Line, known: Evidence, glue: frozenset[str], add: Reporter) -> None:
    bare = _bare(word)
    root = stem(word)
    if root in known.stems or bare in known.names or root in glue:
        return
    initial = line.text.startswith(word)
    if word[0].isupper() and not initial:
        add("name", f"the name {bare} is not in the brief")
    else:
        add("word", f"the word {bare} is not in the brief")


def _check_claims(line: Line, facts: list[Fact], own: str, add: Reporter) -> None:
    """Years, negations and hedges: of the part of the source that the line says."""
    if not years_in(line.text) <= years_in(own):
        add("year", "the year is not that of the fact")
    source = " ".join(f.source for f in facts)
    said = _said_part(line.text, source)
    for rule, pattern in (("negation", _NEGATIONS), ("hedge", _HEDGES)):
        lost = len(pattern.findall(said)) - len(pattern.findall(line.text))
        if lost > 0:
            add(
                "negation" if rule == "negation" else "hedge",
                f"{lost} word(s) like {pattern.findall(said)[0]!r} fell out",
            )


def _said_part(text: str, source: str) -> str:
    """The stretch of a source that a line covers, back to the beginning of its first clause."""
    spots = list(_TOKEN.finditer(source))
    matcher = SequenceMatcher(
        None, [stem(m[0]) for m in spots], [stem(w) for w in _TOKEN.findall(text)], autojunk=False
    )
    blocks = [b for b in matcher.get_matching_blocks() if b.size]
    runs = [b for b in blocks if b.size >= 2] or blocks[:1]
    if not runs:
        return ""
    for block in blocks:
        # "It did not help": a lone last word still belongs to the stretch.
        if 0 <= block.a - (runs[-1].a + runs[-1].size) <= 3:
            runs.append(block)
    start = _clause_start(source, spots[runs[0].a].start())
    return source[start : spots[runs[-1].a + runs[-1].size - 1].end()]


def _clause_start(source: str, start: int) -> int:
    """Back to the beginning of the clause, where ``never`` or ``about`` may stand before the first word said."""
    cut = max(
        source.rfind(mark, 0, start) for mark in (",", ";", ":", "—", "–", ". ", "(", " and ", " but ", " which ")
    )
    return cut + 1


def _check_formula(line: Line, known: Evidence, script: Script | None, add: Reporter) -> None:
    """Recompute ``a / b = c``; check that every number it starts from is the brief's."""
    match = re.fullmatch(r"([\d.,e+-]+) / ([\d.,e+-]+) = [\d.e+]+ = (about )?([\d.]+)", line.formula or "")
    if not match:
        return
    ratio, shown = float(match[1].replace(",", "")) / float(match[2].replace(",", "")), float(match[4])
    if abs(ratio - shown) > max(0.006 * ratio, 0.5 if ratio >= 10 else 0.05) or (
        not match[3] and abs(ratio - shown) > 1e-9
    ):
        add("formula", f"{line.formula} does not come out")
    if match[4] not in number_strings(line.text):
        add("formula", f"the line does not say {match[4]}")
