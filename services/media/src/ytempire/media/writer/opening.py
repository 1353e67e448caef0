"""The first lines: a hook out of the brief's own facts, and the promise made from its title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ytempire.media.domain.script import Figure, ScriptKind
from ytempire.media.writer.extract import figures
from ytempire.media.writer.nlp import is_clause, parse, people
from ytempire.media.writer.pieces import Piece, leans_back
from ytempire.media.writer.text import STOP_WORDS, content_stems, number_strings, stem, words, years_in
from ytempire.media.writer.wordlist import listed

_REVERSAL = re.compile(
    r"\b(?:never|less|only|instead|refused|but|yet|however|without|not|nobody|no one|fewer|just)\b", re.I
)
_TURN = re.compile(r"\b(?:but|only|less than|yet|although|though|while)\b", re.I)
_RECORD = re.compile(
    r"\b(?:largest|biggest|smallest|fastest|longest|oldest|deepest|never|nobody|no other|worst)\b",
    re.I,
)
_DRAMA = re.compile(
    r"\b(?:kill|die|stole|steal|lost|lose|fail|collapse|explode|ban|burn|sink|sank|beat|refuse)(?:s|d|ed)?\b", re.I
)
_MAX_HOOK_WORDS = 42
_MAGNITUDE_STEMS = frozenset(stem(w) for w in ("thousand", "million", "billion", "trillion", "hundred"))


@dataclass(frozen=True)
class HookLine:
    """A line of the hook with the pieces it says."""

    text: str
    pieces: tuple[int, ...]
    formula: str | None = None


@dataclass(frozen=True)
class Hook:
    """Opening lines; ``pair`` holds the two amounts of a contrast for the ending to come back to."""

    lines: tuple[HookLine, ...]
    value: float
    pair: tuple[str, str] | None = None

    @property
    def told(self) -> set[int]:
        """Pieces that the hook says in full."""
        return {i for line in self.lines if line.formula is None for i in line.pieces}


def choose_hook(pieces: list[Piece], title: str, kind: ScriptKind) -> Hook | None:
    """The strongest opening among contrasts, reversals, the title's question and plain numbers; None without pieces.

    A list is opened with one of its later items, which is then told again in its place.
    """
    if kind == "list":
        last = max((p.fact.item for p in pieces), default=-1)
        later = [p for p in pieces if p.fact.item >= (last + 1) // 2 > 0]
    else:
        later = pieces
    free = [
        p
        for p in later
        if p.role in ("text", "item", "step")
        and not (p.role == "step" and kind == "howto")
        and not leans_back(p.text)
        and not p.need - p.ideas - p.pair
        and p.dep is None
    ]
    question = _question(title)
    starts = {p.index for p in free}
    candidates = [
        *_contrasts(free, pieces),
        *_parallels(pieces, starts),
        *_reversals(pieces, starts),
        *_turns(free),
        *_numbers(free, question),
    ]
    candidates = [
        c
        for c in candidates
        if sum(len(words(x.text)) + len(number_strings(x.text)) for x in c.lines) <= _MAX_HOOK_WORDS
    ]
    users = {d for p in pieces for d in p.leans}
    known = set(content_stems(title))

    def worth(hook: Hook) -> tuple[float, int]:
        first = next((pieces[i] for line in hook.lines for i in line.pieces), pieces[0])
        built_on = any(i in users for i in hook.told) and len(hook.told) == 1
        return hook.value - (0.1 if built_on else 0) - (0.8 if _unexplained(first, known) else 0), -first.index

    if not candidates:
        fallback = next((p for p in pieces if not leans_back(p.text)), None)
        return Hook((HookLine(fallback.text, (fallback.index,)),), 0.0) if fallback else None
    return _after_question(max(candidates, key=worth), question)


def _after_question(hook: Hook, question: str) -> Hook:
    if not question or hook.lines[0].text == question:
        return hook
    return Hook((HookLine(question, ()), *hook.lines), hook.value, hook.pair)


def _unexplained(piece: Piece, known: set[str]) -> bool:
    """``The banks hoped ...``: which banks? Unless the title speaks of them."""
    found = re.match(r"(?:(?:In|By|On|From|After) [^,]{1,30}, the|The) [a-z]+ ", piece.text)
    return bool(found) and piece.fact.id != "f1" and not piece.stems & known


def _question(title: str) -> str:
    return title if title.endswith("?") else ""


def _amounts(piece: Piece) -> list[Figure]:
    wanted = ("money", "measure", "duration")
    return [
        f
        for f in figures(piece.text)
        if f.role in wanted and f.value > 0 and f.unit and not f.unit.startswith(("°", "degree"))
    ]


def _contrasts(free: list[Piece], pieces: list[Piece]) -> list[Hook]:
    """Two amounts of the same unit, one at least three times the other, in sentences about the same thing."""
    found: list[Hook] = []
    opens = {p.index for p in free}
    sized = [
        (p, f) for p in pieces for f in _amounts(p) if len(_amounts(p)) == 1 and not re.search(r"[-–]| to ", f.text)
    ]
    for i, (one, first) in enumerate(sized):
        for other, second in sized[i + 1 :]:
            if first.unit != second.unit or one.index not in opens:
                continue
            shared = (one.stems & other.stems) - {stem(w) for w in first.unit.split()} - _MAGNITUDE_STEMS
            ratio = max(first.value, second.value) / min(first.value, second.value)
            if len(shared) < 2 or not 3 <= ratio <= 1000 or first.role == "duration":
                continue
            found.append(_contrast(one, first, second, other, ratio))
    return found


def _contrast(one: Piece, first: Figure, second: Figure, other: Piece, ratio: float) -> Hook:
    lines: tuple[HookLine, ...] = (
        HookLine(one.text, (one.index,)),
        HookLine(
            f"Now hold that against another number: {second.text}.", (other.index,), f"taken from {other.fact.id}"
        ),
        _ratio_line(one, first, second, other),
    )
    value = 2.6 + min(1.0, ratio / 40) + 0.2 * (one.score + other.score)
    return Hook(lines, value, (first.text, second.text))


def _ratio_line(one: Piece, first: Figure, second: Figure, other: Piece) -> HookLine:
    """``That is about 37 times cheaper.``"""
    ratio = max(first.value, second.value) / min(first.value, second.value)
    shown = f"{ratio:.1f}".removesuffix(".0") if ratio < 10 else f"{ratio:.0f}"
    hedged = bool(re.search(r"\b(?:about|around|nearly|almost|roughly|some)\b", one.text + other.text))
    about = "" if abs(float(shown) - ratio) < 1e-9 and not hedged else "about "
    larger, smaller = max(first.value, second.value), min(first.value, second.value)
    price = first.role == "money" and all(
        re.search(r"\b(?:costs?|prices?|pays?|paid|charges?)\b", p.text) for p in (one, other)
    )
    less, more = ("cheaper", "as expensive") if price else ("less", "more")
    word = less if second.value < first.value else more
    formula = f"{larger:,.10g} / {smaller:,.10g} = {ratio:.4g} = {about}{shown}"
    return HookLine(f"That is {about}{shown} times {word}.", (one.index, other.index), formula)


def _parallels(pieces: list[Piece], free: set[int]) -> list[Hook]:
    """Two neighbouring sentences that say the same of two amounts."""
    found: list[Hook] = []
    for one, other in pairwise(pieces):
        if one.index not in free or one.section != other.section or other.need - {one.index} - other.ideas:
            continue
        if (one.pair | other.pair) - {one.index, other.index}:
            continue
        first, second = _amounts(one), _amounts(other)
        units = {f.unit for f in first} & {f.unit for f in second}
        shared = (one.stems & other.stems) - _MAGNITUDE_STEMS - {stem(w) for u in units for w in u.split()}
        if not units or not shared or (other.fact.id == one.fact.id and leans_back(one.text)):
            continue
        lines = [HookLine(one.text, (one.index,)), HookLine(other.text, (other.index,))]
        value = 2.0 + 0.15 * min(4, len(shared)) + 0.2 * (one.score + other.score) - 0.01 * (one.words + other.words)
        pair = None
        if len(first) == len(second) == 1:
            ratio = max(first[0].value, second[0].value) / min(first[0].value, second[0].value)
            if 3 <= ratio <= 1000 and first[0].role != "duration" and len(shared) > 1:
                lines.append(_ratio_line(one, first[0], second[0], other))
                value, pair = value + 0.4, (first[0].text, second[0].text)
        found.append(Hook(tuple(lines), value, pair))
    return found


def _reversals(pieces: list[Piece], free: set[int]) -> list[Hook]:
    """Two sentences that follow each other in the brief, the second turning the first around."""
    found: list[Hook] = []
    for before, after in pairwise(pieces):
        linked = after.dep == before.index and before.index in free
        strong = re.search(r"\b(?:never|refused|nobody|no one|instead|not a)\b", after.text)
        if not linked or leans_back(before.text) or not _REVERSAL.search(after.text) or before.section != after.section:
            continue
        if after.need - {before.index} - set(range(before.index)):
            continue
        value = (2.2 if strong else 1.3) + 0.25 * (before.score + after.score) - 0.02 * (before.words + after.words)
        if number_strings(before.text + after.text):
            value += 0.3
        found.append(Hook((HookLine(before.text, (before.index,)), HookLine(after.text, (after.index,))), value))
    return found


def _turns(free: list[Piece]) -> list[Hook]:
    """One sentence that sets two numbers against each other."""
    found: list[Hook] = []
    for piece in free:
        if piece.pair:
            continue
        numbers = [f for f in figures(piece.text) if f.role not in ("year", "day", "rank")]
        if len(numbers) >= 2 and _TURN.search(piece.text) and piece.words <= 32:
            value = 2.3 + 0.3 * piece.score - 0.02 * piece.words
            found.append(Hook((HookLine(piece.text, (piece.index,)),), value))
    return found


def _numbers(free: list[Piece], question: str) -> list[Hook]:
    """A sentence with a strong number, after the title's question if it asks one."""
    found: list[Hook] = []
    for piece in free:
        if piece.pair:
            continue
        numbers = [f for f in figures(piece.text) if f.role not in ("year", "day", "rank")]
        record = bool(_RECORD.search(piece.text))
        if not numbers and not question and not record:
            continue
        striking = max(
            max((_striking(f) for f in numbers), default=0.0),
            (0.45 if piece.fact.item >= 0 else 0.2) if record else 0.0,
        )
        value = 1.0 + 0.35 * piece.score + striking - 0.03 * max(0, piece.words - 14)
        value += 0.2 * bool(_DRAMA.search(piece.text)) + 0.2 * bool(people(parse(piece.text)))
        value += 0.25 * (piece.section == 0) + 0.15 * (len(numbers) > 1) - 0.1 * bool(years_in(piece.text))
        lines = [HookLine(question, (), "title")] if question else []
        found.append(Hook((*lines, HookLine(piece.text, (piece.index,))), value + (0.6 if question else 0)))
    return found


def _striking(figure: Figure) -> float:
    if figure.role == "percent":
        return 0.5 if figure.value >= 80 or figure.value <= 5 else 0.3
    if figure.role == "money":
        return 0.5
    small = 0.25 if figure.role == "count" else 0.15
    return 0.5 if figure.value >= 1e6 else 0.35 if figure.value >= 1000 else small


def title_case(headings: list[str]) -> bool:
    """Whether headings are written With Capitals Throughout, so that a capital in them says nothing."""
    long = [h.split() for h in headings if len(h.split()) > 2]
    capital = [sum(p[:1].isupper() for p in parts) > 0.6 * len(parts) for parts in long]
    return sum(capital) > len(capital) / 2


def sentence_case(text: str, known: frozenset[str], *, every: bool = False) -> str:
    """A title or heading as it stands inside a sentence.

    ``known`` holds the brief's words that are always capital; ``every`` says that all words have capitals here.
    """
    parts = text.split()
    kept = []
    for i, part in enumerate(parts):
        bare = re.sub(r"\W+$|^\W+|['’]s$", "", part)
        special = bare == "I" or (len(bare) > 1 and any(c.isupper() or c.isdigit() for c in bare[1:])) or bare in known
        change = part[:1].isupper() and (i == 0 or every) and not special
        kept.append(part[:1].lower() + part[1:] if change else part)
    return " ".join(kept)


def capital_words(texts: list[str]) -> frozenset[str]:
    """Words that the brief writes with a capital inside sentences and never without: names."""
    inside: set[str] = set()
    small: set[str] = set()
    for text in texts:
        for i, word in enumerate(words(text)):
            if word[0].islower():
                small.add(word)
            elif i:
                inside.add(word.removesuffix("'s").removesuffix("’s"))
    return frozenset(w for w in inside if w.lower() not in small and w.lower() not in STOP_WORDS)


def promise(title: str, kind: ScriptKind, case: str, steps: int) -> str:
    """What the video will do, from the title; empty without a title or after a question (the hook asked it).

    ``case`` is the title in sentence case.
    """
    if not title or title.endswith("?"):
        return ""
    bare = case.rstrip(".!")
    head, _, tail = bare.partition(": ")
    bare = tail if re.match(r"(?:how|why|what|where|when|who)\b", tail, re.I) else head if tail else bare
    if re.match(r"how to\b", bare, re.I):
        return f"Here is {bare}, in {_number(steps)} steps." if 3 <= steps <= 10 else f"Here is {bare}."
    if re.match(r"how\b", bare, re.I):
        return f"This is the story of {bare}." if kind in ("history", "bio") else f"Here is {bare}."
    if re.match(r"why\b", bare, re.I):
        return f"This is {bare}."
    if re.match(r"(?:what|where|when|who)\b", bare, re.I):
        return f"Here is {bare}."
    if kind == "compare":
        return "Let's compare: " + re.sub(r"\bvs\.?(?=\s)|\bversus\b", "or", bare) + "."
    if kind == "bio":
        return f"This is {bare}." if re.match(r"the life\b", bare) else f"This is the life of {bare}."
    if kind == "list":
        return f"Here are {'the ' if bare.startswith('top ') else ''}{bare}."
    if is_clause(bare):
        return f"This is how {bare}."
    if re.match(r"\w{3,}ing\b", bare):
        return f"This is about {bare}."
    if kind == "history":
        return f"This is the story of {bare}."
    return f"Let's look at {bare}."


def _number(value: int) -> str:
    return listed("zero one two three four five six seven eight nine ten")[value]
