"""Figures of neighbouring lines that belong into one picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ytempire.media.domain.script import Figure, Line, Script, ScriptKind, Series
from ytempire.media.writer.facts import Fact
from ytempire.media.writer.labels import event_label, label
from ytempire.media.writer.nlp import parse, root, subject
from ytempire.media.writer.text import years_in

_AMOUNTS = ("percent", "money", "measure", "duration")
_LEAD = re.compile(r"((?:In|After|By|At|With|Over) [^,]{2,24}?)(?:,| (?=(?:there|it|they|we|you)\b))")
_MOST = {"bars": 5, "timeline": 6, "process": 6, "compare": 5}


def find_series(
    lines: tuple[Line, ...], chapters: tuple[str, ...], facts: dict[str, Fact], title: str, kind: ScriptKind
) -> tuple[Series, ...]:
    """Bars, timelines, processes and comparisons, in the order of their lines; no line is in two."""
    found: list[Series] = []
    taken: set[int] = set()
    steps = [] if kind == "list" else list(_steps(lines, chapters, facts))
    for series in [
        *_contrast(lines, title),
        *_tables(lines, chapters, facts),
        *steps,
        *_rivals(lines, chapters),
        *_timelines(lines, chapters, title),
    ]:
        if not taken & set(series.lines):
            found.append(series)
            taken |= set(series.lines)
    return tuple(sorted(found, key=lambda s: s.lines[0]))


def _contrast(lines: tuple[Line, ...], title: str) -> Iterator[Series]:
    """The two amounts of the hook."""
    hooks = [x for x in lines if x.kind == "hook"]
    if len(hooks) < 3 or not hooks[-1].formula:
        return
    hooks = hooks[-3:]
    pair = [_money_or_measure(x) for x in hooks[:2]]
    if pair[0] is None or pair[1] is None:
        return
    first, second = pair[0], pair[1]
    yield Series(
        kind="bars",
        title=title,
        lines=tuple(x.index for x in hooks),
        labels=(first.text, second.text),
        values=(first.value, second.value),
        unit=first.unit,
    )


def _money_or_measure(line: Line) -> Figure | None:
    return next((f for f in line.figures if f.role in ("money", "measure")), None)


def _runs(lines: tuple[Line, ...], facts: dict[str, Fact], role: str) -> Iterator[list[Line]]:
    """Stretches of consecutive fact lines of one block and role."""
    run: list[Line] = []
    for line in (*lines, None):
        fact = facts.get(line.facts[0]) if line is not None and line.kind == "fact" and line.facts else None
        fits = fact is not None and fact.role == role
        if run and (
            not fits or (facts[run[-1].facts[0]].section, facts[run[-1].facts[0]].block) != (fact.section, fact.block)
            if fact
            else True
        ):
            yield run
            run = []
        if fits and line is not None:
            run.append(line)


def _tables(lines: tuple[Line, ...], chapters: tuple[str, ...], facts: dict[str, Fact]) -> Iterator[Series]:
    for run in _runs(lines, facts, "row"):
        run = run[: _MOST["bars"]]
        if len(run) < 2:
            continue
        labels = tuple(re.split(r": |(?<=\d), ", x.text)[0].removeprefix("In ") for x in run)
        main = [_main(x) for x in run]
        same = all(main) and len({f.unit for f in main if f}) == 1
        kind = "bars" if same else "compare"
        indexes = tuple(x.index for x in run)
        heading = chapters[run[0].chapter] if run[0].chapter >= 0 else ""
        values = tuple(f.value for f in main if f) if same else ()
        unit = main[0].unit if same and main[0] else ""
        yield Series(
            kind="bars" if kind == "bars" else "compare",
            title=heading,
            lines=indexes,
            labels=labels,
            values=values,
            unit=unit,
        )


def _main(line: Line) -> Figure | None:
    numbers = [f for f in line.figures if f.role not in ("day", "rank")]
    body = [f for f in numbers if f.role != "year"] or numbers
    return body[0] if body and len(body) <= 3 else None


@dataclass(frozen=True)
class _Rival:
    """A line that says one amount, and what the amount may be called: after its lead or after its subject."""

    line: Line
    amount: Figure
    lead: str
    subject: str

    def joins(self, other: _Rival) -> bool:
        same = self.amount.unit == other.amount.unit and self.amount.role == other.amount.role
        return same and self.line.chapter == other.line.chapter and self.line.index + 1 == other.line.index


def _rivals(lines: tuple[Line, ...], chapters: tuple[str, ...]) -> Iterator[Series]:
    """Two to five neighbouring facts that each say one amount of the same unit: ``gained 126 %``, ``gained 88 %``."""
    run: list[_Rival] = []
    for line in (*lines, None):
        rival = _rival(line) if line is not None and line.kind == "fact" else None
        if run and (rival is None or not run[-1].joins(rival) or len(run) == _MOST["bars"]):
            names = _names(run)
            if names:
                yield _bars([r.line for r in run], [r.amount for r in run], names, chapters)
            run = []
        if rival is not None:
            run.append(rival)


def _rival(line: Line) -> _Rival | None:
    match = _LEAD.match(line.text)
    body = line.text[match.end() :] if match else line.text
    amounts = [f for f in line.figures if f.role in _AMOUNTS and f.text in body]
    if len(amounts) != 1 or re.search(r"[-–]| to ", amounts[0].text):
        return None
    head = root(parse(line.text))
    noun = subject(head) if head is not None else None
    named = label(line.text) if noun is not None and noun.pos_ in ("NOUN", "PROPN") else ""
    return _Rival(line, amounts[0], match[1].removeprefix("In ") if match else "", named)


def _names(run: list[_Rival]) -> tuple[str, ...]:
    """Labels that all lines of a run have and that tell them apart; none if there are none."""
    for names in ([r.lead for r in run], [r.subject for r in run]):
        if len(run) >= 2 and all(names) and len(set(names)) == len(names):
            return tuple(names)
    return ()


def _bars(lines: list[Line], amounts: list[Figure], names: tuple[str, ...], chapters: tuple[str, ...]) -> Series:
    return Series(
        kind="bars",
        title=chapters[lines[0].chapter] if lines[0].chapter >= 0 else "",
        lines=tuple(x.index for x in lines),
        labels=names,
        values=tuple(f.value for f in amounts),
        unit=amounts[0].unit,
    )


def _steps(lines: tuple[Line, ...], chapters: tuple[str, ...], facts: dict[str, Fact]) -> Iterator[Series]:
    """Three to six steps, each by its first line; the series covers all lines from the first to the last step."""
    steps = [x for x in lines if x.kind == "fact" and x.facts and (f := facts.get(x.facts[0])) and f.role == "step"]
    firsts: dict[tuple[int, int, int], Line] = {}
    for line in steps:
        fact = facts[line.facts[0]]
        firsts.setdefault((fact.section, fact.block, fact.item), line)
    blocks = {key[:2] for key in firsts}
    for block in sorted(blocks):
        group = [x for key, x in firsts.items() if key[:2] == block]
        if not 3 <= len(group) <= _MOST["process"]:
            continue
        labels = tuple(facts[x.facts[0]].lead or label(x.text) for x in group)
        heading = chapters[group[0].chapter] if group[0].chapter >= 0 and len({x.chapter for x in group}) == 1 else ""
        last = max(
            x.index for x in steps if facts[x.facts[0]].section == block[0] and facts[x.facts[0]].block == block[1]
        )
        yield Series(kind="process", title=heading, lines=tuple(range(group[0].index, last + 1)), labels=labels)


def _timelines(lines: tuple[Line, ...], chapters: tuple[str, ...], title: str) -> Iterator[Series]:
    """Three or more dated facts, at most two undated lines between two of them, years never going back."""
    run: list[tuple[Line, int]] = []
    for line in (*lines, None):
        year = _year(line) if line is not None and line.kind in ("fact", "bridge") else None
        gap = line is None or (run and (line.index - run[-1][0].index > 3 or line.chapter != run[-1][0].chapter))
        backwards = year is not None and run and year < run[-1][1]
        if gap or backwards:
            yield from _timeline(run, chapters, title)
            run = []
        if line is not None and year is not None and (not run or year != run[-1][1]):
            run.append((line, year))


def _timeline(run: list[tuple[Line, int]], chapters: tuple[str, ...], title: str) -> Iterator[Series]:
    run = run[: _MOST["timeline"]]
    if len(run) < 3:
        return
    homes = {x.chapter for x, _ in run}
    heading = chapters[run[0][0].chapter] if len(homes) == 1 and run[0][0].chapter >= 0 else title
    yield Series(
        kind="timeline",
        title=heading,
        lines=tuple(range(run[0][0].index, run[-1][0].index + 1)),
        labels=tuple(event_label(x.text) for x, _ in run),
        values=tuple(float(y) for _, y in run),
    )


def _year(line: Line) -> int | None:
    years = sorted(years_in(line.text))
    named = [f for f in line.figures if f.role in ("year", "day")]
    return years[0] if years and named else None


def check_series(script: Script) -> bool:
    """Whether every series covers consecutive lines and has a label for each value."""
    for series in script.series:
        consecutive = list(series.lines) == list(range(series.lines[0], series.lines[-1] + 1))
        if not consecutive or (series.values and len(series.values) != len(series.labels)):
            return False
    return True
