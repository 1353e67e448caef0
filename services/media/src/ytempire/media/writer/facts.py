"""Facts of a brief: every sentence, list item and table row that may be said, with an id of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ytempire.media.writer.brief import Block, Brief
from ytempire.media.writer.numerals import cardinal
from ytempire.media.writer.text import words

Role = Literal["text", "intro", "item", "step", "row"]
_ENDS_OPEN = re.compile(
    r"\b(?:need|needs|include|includes|are|is|use|uses|have|has|contains?|get|require|requires|take|buy)$", re.I
)


@dataclass(frozen=True)
class Fact:
    """Something the brief says. ``text`` is speakable, ``source`` is what the brief has written."""

    id: str
    text: str
    source: str
    section: int
    block: int
    role: Role
    item: int = -1
    """Index of the list item or table row it belongs to."""
    lead: str = ""
    formula: str | None = None


def _sentence(text: str) -> str:
    text = text.strip().rstrip(":;,")
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in '.?!"”' else text + "."


def _join(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def _lower(text: str) -> str:
    first = text.split()[0] if text.split() else ""
    return text if first.isupper() or re.search(r"[A-Z].*[A-Z]|\d", first) else text[:1].lower() + text[1:]


def _item_text(sentence: str) -> str:
    """``brown material: dry leaves, straw`` as ``Brown material, like dry leaves and straw.``"""
    match = re.fullmatch(r"([^:]{3,40}): ((?:[^,:.]{2,30}, )+[^,:.]{2,30})\.?", sentence)
    if match and not re.search(r"\d", sentence):
        names = [p.strip() for p in match[2].split(",")]
        names[-1] = names[-1].removeprefix("and ")
        return _sentence(f"{match[1]}, like {_join(names)}")
    return _sentence(sentence)


def _list(block: Block) -> Iterator[tuple[str, str, Role, int, str, str | None]]:
    """Text, source, role, item, lead and formula of each fact of a list."""
    items = [item.sentences for item in block.items]
    short = all(len(s) == 1 and len(s[0].split()) <= 7 for s in items)
    everything = f"{block.intro}: " + "; ".join(" ".join(s) for s in items)
    if block.intro and short and block.kind == "list":
        names = [_lower(s[0].rstrip(".")) for s in items]
        if sum(len(n.split()) for n in names) <= 16 and not any("," in n or ":" in n for n in names):
            yield _sentence(f"{block.intro} {_join(names)}"), everything, "text", -1, "", None
            return
    if block.intro:
        count = f"{len(items)} items listed = {cardinal(len(items))}"
        open_end = bool(_ENDS_OPEN.search(block.intro))
        text = f"{block.intro} {cardinal(len(items))} things" if open_end else block.intro
        yield _sentence(text), everything, "intro", -1, "", count if open_end else None
    for number, item in enumerate(block.items):
        for sentence in item.sentences:
            role: Role = "step" if block.kind == "steps" else "item"
            bare = sentence
            if item.lead and sentence.lower().startswith(item.lead.lower()) and len(item.sentences) > 1:
                rest = sentence[len(item.lead) :].lstrip(" .:,—–-")
                if not rest:
                    continue
                bare = rest if len(words(rest)) >= 4 else sentence
            yield _item_text(bare), sentence, role, number, item.lead, None


def _unit_of(header: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+?)\s*\(([^)]{1,24})\)", header)
    return (match[1], match[2]) if match else (header, "")


def _cell(value: str, unit: str) -> str:
    if unit and re.fullmatch(r"[\d.,]+", value):
        return f"{unit}{value}" if unit in "$€£" else f"{value} {unit}"
    return value


def _table(rows: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str]]:
    """Text and source of each row of a table."""
    header = [_unit_of(h) for h in rows[0]]
    for row in rows[1:]:
        cells = [_cell(c, u) for c, (_, u) in zip(row, header, strict=False)]
        source = " | ".join(f"{h}: {c}" if h else c for h, c in zip(rows[0], row, strict=False))
        names = [_lower(name) for name, _ in header]
        first, unit = _unit_of(cells[0])
        rest = [(n, _cell(c, unit)) for n, c in zip(names[1:], cells[1:], strict=False) if c and c != "-"]
        if not first or not rest:
            continue
        if not names[0] and len(rest) > 1:
            yield _sentence(f"{first}: " + ", ".join(f"{c} for {n}" for n, c in rest)), source
        elif re.fullmatch(r"(?:1\d|20)\d\d", first):
            yield _sentence(f"In {first}, " + ", ".join(f"{n}: {c}" for n, c in rest)), source
        elif len(rest) == 1 and re.fullmatch(r"[\d.,]+", rest[0][1]) and len(rest[0][0].split()) == 1:
            yield _sentence(f"{first}: {rest[0][1]} {rest[0][0]}"), source
        elif len(rest) == 1:
            yield _sentence(f"{first}: {rest[0][1]}"), source
        else:
            yield _sentence(f"{first}: " + ", ".join(f"{n} {c}" for n, c in rest)), source


def facts_of(brief: Brief) -> tuple[Fact, ...]:
    """All facts in the order of the brief; ids are ``f1``, ``f2`` ... and the same for the same brief."""
    found: list[Fact] = []

    def add(
        text: str,
        source: str,
        where: tuple[int, int],
        role: Role,
        item: int = -1,
        lead: str = "",
        formula: str | None = None,
    ) -> None:
        if len(words(text)) >= 2 or role in ("row", "item", "step"):
            found.append(Fact(f"f{len(found) + 1}", text, source, *where, role, item, lead, formula))

    for s, section in enumerate(brief.sections):
        for b, block in enumerate(section.blocks):
            for sentence in block.sentences:
                add(_sentence(sentence), sentence, (s, b), "text")
            if block.kind in ("list", "steps"):
                for text, source, role, item, lead, formula in _list(block):
                    add(text, source, (s, b), role, item, lead, formula)
            if block.kind == "table":
                for i, (text, source) in enumerate(_table(block.rows)):
                    add(text, source, (s, b), "row", i)
    return tuple(found)
