"""Comparisons that two neighbouring lines make without saying so: the same kind of amount under two conditions."""

from __future__ import annotations

import re

from ytempire.media.domain.script import Figure, Line, Script, Series
from ytempire.media.studio.words import keywords, lead_in, sentence_case

_CONDITION = re.compile(r"\b(?:with|for|in|at|by|without|on)\s+((?:a |an |the |no )?[^,]{2,26})$", re.I)
_ROLES = ("money", "percent", "measure", "duration")


def comparisons(script: Script) -> tuple[Series, ...]:
    """Series for pairs of lines that the script does not already treat as one."""
    taken = {i for series in script.series for i in series.lines}
    found: list[Series] = []
    for a, b in zip(script.lines, script.lines[1:], strict=False):
        if {a.index, b.index} & taken or a.chapter != b.chapter or "fact" not in (a.kind, b.kind):
            continue
        series = _pair(a, b)
        if series is not None:
            found.append(series)
            taken |= set(series.lines)
    return tuple(found)


def _pair(a: Line, b: Line) -> Series | None:
    first, second = _result(a), _result(b)
    if first is None or second is None or (first.role, first.unit) != (second.role, second.unit):
        return None
    labels = tuple(_label(line) for line in (a, b))
    common = set(keywords(a.text)) & set(keywords(b.text))
    # One amount a hundred times the other would leave a bar of nothing.
    spread = max(first.value, second.value) / max(1e-9, min(first.value, second.value))
    if not all(labels) or labels[0] == labels[1] or len(common) < 2 or not 1.02 <= spread <= 60:
        return None
    return Series(
        kind="compare",
        title=_title(a, first),
        lines=(a.index, b.index),
        labels=labels,
        values=(first.value, second.value),
        unit=first.unit,
    )


def _result(line: Line) -> Figure | None:
    """The amount that the main clause comes to: the last one after the opening condition."""
    lead, _ = lead_in(line.text)
    found = [f for f in line.figures if f.role in _ROLES and f.text and f.text not in lead and f.value > 0]
    return found[-1] if found else None


def _label(line: Line) -> str:
    lead, _ = lead_in(line.text)
    found = _CONDITION.search(lead)
    return sentence_case(re.sub(r"^(a|an|the)\s+", "", found[1])) if found else ""


def _title(line: Line, figure: Figure) -> str:
    """The first line's own words, up to its amount."""
    before = line.text.split(figure.text)[0].strip(" ,")
    lead, rest = lead_in(line.text)
    if lead and before.startswith(lead):
        before = f"{lead.split(' with ')[0]}, {rest.split(figure.text)[0].strip(' ,')}" if " with " in lead else rest
    words = before.split(figure.text)[0].split()
    while len(words) > 3 and words[-1].lower() in ("about", "around", "nearly", "almost", "to", "only", "of", "over"):
        words.pop()
    return sentence_case(" ".join(words))
