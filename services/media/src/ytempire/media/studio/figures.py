"""Numbers as templates show them, from the figures that a line says."""

from __future__ import annotations

import re

from ytempire.media.domain.script import Figure
from ytempire.media.studio.storyboard import Number

_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_CURRENCY = re.compile(r"(?:US)?[$€£¥]")
_SCALES = ("hundred", "thousand", "million", "billion", "trillion")
_SHORT_UNITS = {
    "percent": "%",
    "per cent": "%",
    "%": "%",
    "°c": "°C",
    "°f": "°F",
    **{
        u.lower(): f" {u}"
        for u in ("km", "kg", "mph", "g", "mg", "bar", "ml", "cm", "mm", "m", "kWh", "kW", "W", "GB", "km/h")
    },
}


def number(figure: Figure) -> tuple[Number, str] | None:
    """The figure as a number to show and the unit to write under it; None when it is no plain number."""
    text = figure.text.strip()
    digits = _DIGITS.findall(text)
    if len(digits) > 1 or figure.role in ("range", "year", "day", "rank"):
        return None
    if not digits:
        return _worded(figure)
    value = float(digits[0].replace(",", ""))
    decimals = len(digits[0].split(".")[1]) if "." in digits[0] else 0
    before, after = text.split(digits[0], 1)
    money = _CURRENCY.search(before)
    rest = after.strip(" -,.")
    if rest.startswith("%"):
        return Number(value=value, decimals=decimals, suffix="%"), rest.lstrip("% ")
    low = rest.lower()
    for word, sign in _SHORT_UNITS.items():
        if low == word or low.startswith(word + " "):
            return Number(value=value, decimals=decimals, suffix=sign), rest[len(word) :].strip()
    if figure.role == "ratio" and (low.startswith(("time", "x", "×", "fold")) or not low):
        return Number(value=value, decimals=decimals, suffix="×"), ""
    return Number(
        value=value, decimals=decimals, prefix="$" if money and "$" in money[0] else money[0] if money else ""
    ), rest


def _worded(figure: Figure) -> tuple[Number, str] | None:
    """A number written out: shown as digits when it is whole."""
    value = figure.value
    if value != int(value) or not 2 <= value < 1e12:
        return None
    words = figure.text.split()
    if figure.role == "ratio" or "times" in words:
        return Number(value=value, suffix="×"), ""
    if figure.role == "percent":
        return Number(value=value, suffix="%"), ""
    unit = " ".join(w for w in words if w.lower() in _SCALES or w.lower() == figure.unit.lower())
    for scale, factor in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if scale in unit.lower() and value >= factor:
            value /= factor
    return Number(value=value, decimals=0 if value == int(value) else 1), figure.unit


def bar_number(value: float, unit: str, decimals: int) -> Number:
    """A chart's value with the sign of its unit, when the unit has one."""
    low = unit.lower().strip()
    money = _CURRENCY.search(unit)
    if money:
        return Number(value=value, decimals=decimals, prefix="$" if "$" in money[0] else money[0])
    if low in ("usd", "dollars", "dollar", "us dollars"):
        return Number(value=value, decimals=decimals, prefix="$")
    return Number(value=value, decimals=decimals, suffix=_SHORT_UNITS.get(low, ""))


def decimals_of(values: tuple[float, ...]) -> int:
    """Decimals that show all values faithfully, at most two."""
    for places in (0, 1, 2):
        if all(abs(v - round(v, places)) < 1e-9 for v in values):
            return places
    return 2


def unit_shown(unit: str) -> str:
    """The unit as a chart's small heading; empty when the values carry its sign themselves."""
    low = unit.lower().strip()
    return "" if low in _SHORT_UNITS or low in ("$", "usd") else unit


def salience(figure: Figure) -> float:
    """How much a figure deserves to be shown large."""
    weight = {"percent": 5.0, "ratio": 4.6, "money": 4.2, "measure": 3.2, "count": 3.0, "duration": 2.6}.get(
        figure.role, 0.0
    )
    if not any(c.isdigit() for c in figure.text) and figure.value < 10 and figure.role != "ratio":
        weight -= 2.5
    return weight + (0.4 if abs(figure.value) >= 1000 else 0.0) - (1.5 if abs(figure.value) < 3 else 0.0)
