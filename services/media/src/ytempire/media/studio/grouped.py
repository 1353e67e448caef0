"""Scenes for series: figures or steps of several lines that belong into one picture."""

from __future__ import annotations

import re
from typing import Any

from ytempire.media.domain.script import Series
from ytempire.media.studio.context import Context, figures_in
from ytempire.media.studio.figures import bar_number, decimals_of, number, unit_shown
from ytempire.media.studio.pick import icon_for
from ytempire.media.studio.shots import Shot
from ytempire.media.studio.storyboard import Item, Number
from ytempire.media.studio.words import emphasise, headline, sentence_case, tidy, trim

Fields = dict[str, Any]
_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")


def series_scene(shot: Shot, series: Series, context: Context) -> tuple[str, tuple[str, ...], Fields]:
    """Template, preferred grounds and fields of a series' scene."""
    kind = _kind(series)
    make = {"bars": _bars, "line": _line, "timeline": _timeline, "process": _process, "versus": _versus}[kind]
    grounds = {
        "bars": ("night", "paper"), "line": ("paper", "night"), "timeline": ("night", "brand"),
        "process": ("paper", "brand"), "versus": ("paper",),
    }[kind]  # fmt: skip
    title = headline(series.title, 12)
    fields: Fields = {"title": emphasise(title)}
    if len(context.script.sources) == 1 and series.values:
        fields["source"] = context.script.sources[0]
    fields.update(make(shot, series, context))
    return kind, grounds, fields


def _kind(series: Series) -> str:
    values = len(series.values) == len(series.labels)
    if series.kind == "timeline":
        return "timeline"
    if series.kind == "process":
        return "process"
    if series.kind == "compare" and len(series.labels) == 2:
        return "bars" if values and min(series.values) > 0 else "versus"
    years = [_YEAR.search(label) for label in series.labels]
    if values and len(series.labels) >= 4 and all(years):
        return "line"
    if values:
        return "bars"
    return "versus" if len(series.labels) == 2 else "process"


def _at(shot: Shot, *phrases: str) -> int:
    """When the first of the phrases is said."""
    for phrase in phrases:
        frame = shot.frame_of(phrase) if phrase.strip() else 0
        if frame:
            return frame
    return 0


def _line_start(shot: Shot, series: Series, index: int) -> int:
    """Where the line that belongs to an item begins, when there is one line for each item."""
    if len(shot.lines) != len(series.labels):
        return 0
    first = next((w for w in shot.words if w.line == shot.lines[index].index), None)
    return max(0, round(first.start_s * 30) - shot.start - 4) if first else 0


def _said(value: float) -> tuple[str, ...]:
    whole = f"{value:,.0f}" if value == int(value) else f"{value:g}"
    return (whole, whole.replace(",", ""))


def _bars(shot: Shot, series: Series, context: Context) -> Fields:
    decimals = decimals_of(series.values)
    kept = set(context.pictures)
    pictures = [icon_for(label, kept) for label in series.labels]
    if not all(pictures):
        pictures = [""] * len(pictures)
    context.pictures.update(p for p in pictures if p)
    items = tuple(
        Item(
            label=sentence_case(tidy(label)), value=value, number=bar_number(value, series.unit, decimals),
            picture=picture, at=_at(shot, label) or _line_start(shot, series, i) or _at(shot, *_said(value)),
        )
        for i, (label, value, picture) in enumerate(zip(series.labels, series.values, pictures, strict=True))
    )  # fmt: skip
    fields: Fields = {"items": _ordered(items)}
    unit = unit_shown(series.unit)
    if unit:
        fields["kicker"] = unit
    ratio = next((f for f in figures_in(shot) if f.role == "ratio"), None)
    parsed = number(ratio) if ratio else None
    if ratio and parsed and parsed[0].suffix == "×" and len(items) == 2:
        said = next((line.text for line in shot.lines if ratio.text in line.text), "")
        after = said.split(ratio.text, 1)[1].strip(" .,") if said else ""
        fields["number"] = parsed[0]
        fields["body"] = trim(after) if 1 <= len(after.split()) <= 8 else "the difference"
    return fields


def _ordered(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Entrances never run backwards: an item without a time of its own comes right after the one before."""
    out: list[Item] = []
    for item in items:
        # The first is there soon after the title: a frame with nothing but a title says nothing.
        at = max(item.at, out[-1].at + 14) if out else min(item.at, 26)
        out.append(item.model_copy(update={"at": at}))
    return tuple(out)


def _line(shot: Shot, series: Series, context: Context) -> Fields:
    decimals = decimals_of(series.values)
    items = tuple(
        Item(label=_year(label), value=value, number=bar_number(value, series.unit, decimals))
        for label, value in zip(series.labels, series.values, strict=True)
    )
    return {"items": tuple(sorted(items, key=lambda i: i.label)), "unit": unit_shown(series.unit) or series.unit}


def _year(label: str) -> str:
    found = _YEAR.search(label)
    return found[0] if found else label


def _timeline(shot: Shot, series: Series, context: Context) -> Fields:
    items = []
    for i, label in enumerate(series.labels):
        value = series.values[i] if i < len(series.values) else None
        year = str(int(value)) if value and 0 < value < 3000 else _year(label)
        text = tidy(re.sub(rf"^\s*{re.escape(year)}\s*[:,–—-]*\s*", "", label)) if year != label else ""
        if not text and len(shot.lines) == len(series.labels):
            text = headline(
                re.sub(rf"(?i)\b(in|by|on|since)?\s*(\w+ \d+,? |\d+ \w+ )?{re.escape(year)},?", "", shot.lines[i].text),
                8,
            )
        detail = sentence_case(text or label)
        at = _line_start(shot, series, i) or _at(shot, year, label)
        picture = icon_for(detail, context.pictures)
        items.append(Item(label=year, detail=detail, picture=picture, at=at))
    return {"items": _ordered(tuple(items))}


def _process(shot: Shot, series: Series, context: Context) -> Fields:
    items = tuple(
        Item(
            label=sentence_case(tidy(label)), picture=icon_for(label, context.pictures),
            at=_at(shot, label) or _line_start(shot, series, i),
        )
        for i, label in enumerate(series.labels[:6])
    )  # fmt: skip
    return {"items": _ordered(items)}


def _versus(shot: Shot, series: Series, context: Context) -> Fields:
    items = []
    for i, label in enumerate(series.labels[:2]):
        value: Number | None = None
        if i < len(series.values):
            value = bar_number(series.values[i], series.unit, decimals_of(series.values))
        line = shot.lines[i] if len(shot.lines) == 2 else None
        items.append(
            Item(
                label=sentence_case(tidy(label)), detail=headline(line.text, 12) if line else "", number=value,
                picture=icon_for(label, context.pictures), at=_at(shot, label) or _line_start(shot, series, i),
            )
        )  # fmt: skip
    return {"items": _ordered(tuple(items)), "unit": unit_shown(series.unit)}
