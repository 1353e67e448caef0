"""Lines between the facts: chapter announcements, computed asides, the ending."""

from __future__ import annotations

import re
from functools import lru_cache

from ytempire.media.domain.script import ScriptKind
from ytempire.media.writer.nlp import FINITE, is_clause, parse, root, subject
from ytempire.media.writer.numerals import cardinal
from ytempire.media.writer.opening import Hook
from ytempire.media.writer.plan import PERSON_HEADING, ChapterPlan

_NOUN_FRAMES = ("Next: {}.", "Now to {}.", "That brings us to {}.")
_PLAIN_FRAMES = ("Next: {}.", "And now: {}.")
_ASK = re.compile(
    r"^(?:how|why|what|where|when|who|which)\s+(?:do|does|did|is|are|was|were|can|could|should|will)\b", re.I
)
_WH = re.compile(r"^(?:how|why|what|where|when|who|which)\b", re.I)
_PERCENT = re.compile(
    r"\b(?:(?P<hedge>about|around|nearly|almost|roughly|more than|over|at least|up to|less than) )?"
    r"(?P<value>[1-9]0|25|75)\s?(?:%|percent) of (?!all\b)"
)
_PARTS = {10: "One in ten", 25: "One in four", 50: "One in two", 75: "Three in four"}
_PARTS |= {v: f"{cardinal(v // 10).capitalize()} in ten" for v in (30, 70, 90)}
_PARTS |= {20: "One in five", 40: "Two in five", 60: "Three in five", 80: "Four in five"}


def bridge(plan: ChapterPlan, case: str, number: int, kind: ScriptKind) -> tuple[str, str | None]:
    """The line that opens a chapter and its formula, both empty if the first fact opens it itself.

    ``case`` is the chapter's title in sentence case, ``number`` counts from zero.
    """
    if plan.form == "step":
        return "", None
    if plan.form == "item":
        rank = plan.rank
        word = "Step" if kind == "howto" else "Number"
        return f"{word} {cardinal(rank)}: {_plain(case)}.", f"{word.lower()} {rank}"
    if plan.form != "heading" or not plan.title:
        return "", None
    return _heading_bridge(plan.title, case, number), None


def _plain(text: str) -> str:
    return text.rstrip(".!?:, ")


@lru_cache(maxsize=512)
def _heading_bridge(title: str, case: str, number: int) -> str:
    bare = _plain(case)
    if title.endswith("?") or _ASK.match(title):
        return title.rstrip("?") + "?"
    if PERSON_HEADING.match(bare):
        return f"Enter {bare}."
    if re.match(r"how to\b", bare, re.I):
        return f"Here is {bare}."
    if _WH.match(bare):
        return f"This is {bare}." if bare.startswith("why") else f"Here is {bare}."
    if is_clause(title) and parse(title)[0].tag_ != "VBG":
        return title.rstrip(".") + "."
    head = root(parse(bare))
    if head is not None and head.tag_ == "VB" and subject(head) is None:
        return title.rstrip(".") + "."
    if not _is_noun_phrase(bare):
        return title.rstrip(".") + "."
    determined = re.match(r"(?:the|a|an|your|our|this|these|one|two|three)\b", bare)
    if number == 0 and not determined:
        return f"First: {bare}."
    if number == 0:
        return f"Let's start with {bare}."
    frames = _NOUN_FRAMES if determined else _PLAIN_FRAMES
    return frames[(number - 1) % len(frames)].format(bare)


def _is_noun_phrase(text: str) -> bool:
    """Whether "now to" can stand before a heading."""
    doc = parse(text)
    head = root(doc)
    finite = any(t.tag_ in FINITE and t.dep_ not in ("relcl", "aux", "auxpass", "advcl", "ccomp") for t in doc)
    return head is not None and head.pos_ in ("NOUN", "PROPN", "PRON") and not finite


def aside(text: str) -> tuple[str, str] | None:
    """``about 90% of ...`` as ``About nine in ten.`` with its formula; only exact tens and quarters."""
    if len(re.findall(r"\d+\s?(?:%|percent)", text)) != 1:
        return None
    found = _PERCENT.search(text)
    if not found:
        return None
    value = int(found["value"])
    said = _PARTS[value]
    if found["hedge"]:
        said = f"{found['hedge'].capitalize()} {said[0].lower()}{said[1:]}"
    return f"{said}.", f"{value} % = {_PARTS[value].lower()}"


def ending(title: str, case: str, kind: ScriptKind, hook: Hook | None) -> list[tuple[str, str | None]]:
    """The lines that close the circle, with the formulas of those that repeat amounts."""
    lines: list[tuple[str, str | None]] = []
    if hook and hook.pair:
        lines.append((f"From {hook.pair[0]} to {hook.pair[1]}.", "the two amounts of the hook"))
    closing = _closing(title, case, kind)
    if closing:
        lines.append((closing, None))
    return lines


def _closing(title: str, case: str, kind: ScriptKind) -> str:
    bare = _plain(case)
    if not title:
        return ""
    if title.endswith("?"):
        return f"{title} Now you know."
    head, _, tail = bare.partition(": ")
    bare = tail if _WH.match(tail) else head if tail else bare
    if re.match(r"how to\b", bare, re.I):
        return f"And that is {bare}."
    if _WH.match(bare):
        return f"That is {bare}."
    if kind == "compare":
        return "Now compare, and the choice is yours."
    if kind == "bio":
        return f"That was {bare}." if bare.startswith("the life") else f"That was the life of {bare}."
    if kind == "list":
        return f"Those were {'the ' if bare.startswith('top ') else ''}{bare}."
    if is_clause(bare):
        return f"And that is how {bare}."
    if kind == "history":
        return f"That is the story of {bare}."
    return f"That was {bare}."


def call_to_action(wish: str, *, short: bool) -> str:
    """The brief's own call to action, or a neutral one."""
    if wish:
        return wish if wish.endswith((".", "!", "?")) else wish + "."
    if short:
        return "Subscribe for the next story."
    return "What surprised you most? Tell us in the comments, and subscribe for the next story."
