"""Rules of the spoken form that read numbers: money, dates, clocks, units, ranges.

Each rule is a function from text to text. Their order matters and is set in :data:`NUMBER_RULES`: a rule sees
what the earlier ones left over.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ytempire.media.writer.numerals import NUMBER, cardinal, decade, digits, is_one, number, ordinal, roman, year
from ytempire.media.writer.spoken_tables import (
    CURRENCIES,
    FRACTIONS,
    MAGNITUDES,
    MONTH_SHORT,
    MONTHS,
    PER,
    UNITS,
)

Rule = Callable[[str], str]
_MONTH = "|".join(MONTHS)
_DASH = r"\s?[-–—−]\s?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_CUR = "|".join(re.escape(c) + (r"\s" if c.isalpha() else r"\s?") for c in CURRENCIES)
_MAG = r"(?:thousand|million|billion|trillion|bn|tn|mn|[kKmMbBT])(?![A-Za-z²³/])"
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
_YEAR = r"(?:1[1-9]|20)\d\d"
_EARLY_YEAR = r"(?:1\d|20)\d\d"
_DENOMINATORS = {2: "half", 4: "quarter"}


def _year_words(text: str) -> str:
    return year(int(text))


def _month(text: str) -> str:
    return MONTH_SHORT.get(text.rstrip("."), text)


def dates(text: str) -> str:
    """Calendar dates, American reading: 26 April 1956 -> April twenty-sixth, nineteen fifty-six."""
    short = "|".join(MONTH_SHORT)
    text = re.sub(rf"\b({short})\.?(?=\s\d)", lambda m: _month(m[1]), text)
    text = re.sub(rf"(?<=\d\s)({short})\b\.?", lambda m: _month(m[1]), text)

    def spell(month: str, day: str, last: str | None, in_year: str | None) -> str:
        said = f"{month} {ordinal(int(day))}" + (f" to {ordinal(int(last))}" if last else "")
        return said + (f", {_year_words(in_year)}" if in_year else "")

    def iso(m: re.Match[str]) -> str:
        return spell(MONTHS[int(m[2]) - 1], m[3], None, m[1]) if 1 <= int(m[2]) <= 12 else m[0]

    def american(m: re.Match[str]) -> str:
        return spell(MONTHS[int(m[1]) - 1], m[2], None, m[3]) if 1 <= int(m[1]) <= 12 else m[0]

    text = re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", iso, text)
    text = re.sub(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b", american, text)
    text = re.sub(rf"\b{_DAY} of ({_MONTH})\b", lambda m: f"{ordinal(int(m[1]))} of {m[2]}", text)
    text = re.sub(
        rf"\b{_DAY}(?:{_DASH}{_DAY})? ({_MONTH})(?:,? (\d{{4}}))?\b", lambda m: spell(m[3], m[1], m[2], m[4]), text
    )
    text = re.sub(
        rf"\b({_MONTH}) {_DAY}(?:{_DASH}{_DAY})?(?:, (\d{{4}}))?\b(?!\s?[%°])",
        lambda m: spell(m[1], m[2], m[3], m[4]),
        text,
    )
    return re.sub(rf"\b({_MONTH}),? ({_YEAR})\b", lambda m: f"{m[1]} {_year_words(m[2])}", text)


def eras(text: str) -> str:
    """Decades, eras and ranges of years: 1990s, '60s, 300 BC, 1939-45."""
    text = re.sub(r"\b(\d{3}0)'?s\b", lambda m: decade(int(m[1])), text)
    text = re.sub(r"(?<!\w)'(\d0)s\b", lambda m: decade(int(m[1])), text)
    text = re.sub(r"\b(\d{1,4}) (BC|AD|BCE|CE)\b", lambda m: f"{year(int(m[1]))} {' '.join(m[2])}", text)
    text = re.sub(r"\b(AD|BC) (\d{1,4})\b", lambda m: f"{' '.join(m[1])} {year(int(m[2]))}", text)

    def span(m: re.Match[str]) -> str:
        end = m[2] if len(m[2]) == 4 else m[1][:2] + m[2]
        if int(end) <= int(m[1]):
            return m[0]
        return f"{_year_words(m[1])} to {_year_words(end)}"

    return re.sub(rf"(?<![\w$£€.,])({_YEAR})[-–]({_YEAR}|\d\d)(?![\w%]|\s?(?:{_UNIT})\b)", span, text)


def clocks(text: str) -> str:
    """Times of day and durations with colons: 14:00 -> two P M."""

    def duration(m: re.Match[str]) -> str:
        hour, minute, second = int(m[1]), int(m[2]), int(m[3])
        names = [(hour, "hour"), (minute, "minute"), (second, "second")]
        said = [f"{cardinal(n)} {unit}{'' if n == 1 else 's'}" for n, unit in names]
        return f"{said[0]}, {said[1]} and {said[2]}"

    def clock(m: re.Match[str]) -> str:
        hour, minute, half = int(m[1]), int(m[2]), (m[3] or "").replace(".", "").replace(" ", "").upper()
        if hour > 24 or minute > 59:
            return m[0]
        half = half or ("PM" if hour >= 12 else "AM")
        said = cardinal(hour - 12 if hour > 12 else hour or 12)
        if minute:
            said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
        return f"{said} {' '.join(half)}"

    text = re.sub(r"\b(\d{1,2}):(\d\d):(\d\d)\b", duration, text)
    half = r"(?:[ap]\.\s?m\.|[ap]m\b|AM\b|PM\b|[AP] M\b)"
    text = re.sub(rf"\b(\d{{1,2}}):(\d\d)(?:\s?({half}))?(?!\d)", clock, text)
    text = re.sub(
        rf"\b(\d{{1,2}})\s?({half})",
        lambda m: f"{cardinal(int(m[1]))} {' '.join(re.sub('[^apmAPM]', '', m[2]).upper())}",
        text,
    )
    return re.sub(r"\b(\d+):(\d+)\b", lambda m: f"{number(m[1])} to {number(m[2])}", text)


def years_after_prepositions(text: str) -> str:
    """A four-digit number after in, since, by, until and the like is a year."""
    words = "[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Bb]efore|[Aa]fter|[Ff]rom|[Dd]uring|around|circa|early|late|mid|[Uu]nlike"

    def said(m: re.Match[str]) -> str:
        return f"{m[1]}{m[2]}{_year_words(m[3])}"

    return re.sub(rf"\b({words})([ -])({_EARLY_YEAR})(?![\d,.:/%×-]\d|%|\s?(?:{_UNIT})(?![A-Za-z])|\w)", said, text)


def _amount(value: str, names: tuple[str, str, str, str], *, adjective: bool) -> str:
    one, many, cent, cents = names
    whole, _, fraction = value.replace(",", "").partition(".")
    if len(fraction) == 2 and not adjective:
        small = f"{cardinal(int(fraction))} {cent if int(fraction) == 1 else cents}"
        if int(fraction) == 0:
            return f"{number(whole)} {one if is_one(whole) else many}"
        if int(whole) == 0:
            return small
        return f"{number(whole)} {one if is_one(whole) else many} and {small}"
    return f"{number(value)} {one if adjective or is_one(value) else many}"


def _money(m: re.Match[str]) -> str:
    names = CURRENCIES[m["cur"].strip()]
    adjective = (
        bool(m["art"])
        and bool(re.match(r"\s[a-z]", m.string[m.end() :]))
        and not re.match(r"\s(?:a|an|per|for|in|to|and|or|each|every|on|from|at|is|was|of)\b", m.string[m.end() :])
    )
    sign = "minus " if m["neg"] else ""
    magnitude = MAGNITUDES[m["mag"]] if m["mag"] else ""
    if magnitude or m["b"]:
        values = number(m["a"]) + (f" to {number(m['b'])}" if m["b"] else "")
        unit = names[0] if adjective else names[1]
        said = f"{values} {magnitude} {unit}".replace("  ", " ")
    else:
        said = _amount(m["a"], names, adjective=adjective)
    per = f" per {_per(m['per'])}" if m["per"] else ""
    return f"{m['art'] or ''}{sign}{said}{per}"


def _per(symbol: str) -> str:
    return PER.get(symbol) or (UNITS[symbol][0] if symbol in UNITS else symbol)


_MONEY = re.compile(
    rf"(?P<art>\b[Aa]n? )?(?:(?<![\w.])(?P<neg>[-−]))?(?<![A-Za-z])(?P<cur>{_CUR})(?P<a>{NUMBER})"
    rf"(?:{_DASH}(?:{_CUR})?(?P<b>{NUMBER}))?(?:\s?(?P<mag>{_MAG}))?(?:/(?P<per>[A-Za-z]+))?"
)
_MONEY_AFTER = re.compile(
    rf"(?P<a>{NUMBER})(?:\s(?P<mag>thousand|million|billion))?\s?(?P<cur>€|USD|EUR|GBP|CHF)(?!\w)"
)


def money(text: str) -> str:
    """Amounts of money: $0.16 -> sixteen cents; $20-30 -> twenty to thirty dollars."""
    text = re.sub(rf"\b({'|'.join(c for c in CURRENCIES if len(c) == 3 and c.isalpha())}) (?=\d)", r"\1 ", text)
    text = _MONEY.sub(_money, text)

    def after(m: re.Match[str]) -> str:
        names = CURRENCIES[m["cur"]]
        if m["mag"]:
            return f"{number(m['a'])} {m['mag']} {names[1]}"
        return _amount(m["a"], names, adjective=False)

    text = _MONEY_AFTER.sub(after, text)
    return re.sub(rf"({NUMBER})\s?(?:¢|ct\b)", lambda m: f"{number(m[1])} {'cent' if is_one(m[1]) else 'cents'}", text)


def fractions(text: str) -> str:
    """Fractions and mixed numbers: 2¾ inches, 6 1/2 minutes, 3/4 mi."""
    text = re.sub(r"\b24/7\b", "twenty-four seven", text)
    text = re.sub(r"\b9/11\b", "nine eleven", text)
    text = re.sub(r"\b(\d)0(\d)\((k|b)\)", lambda m: f"{number(m[1])} oh {number(m[2])} {m[3].upper()}", text)
    text = re.sub(r"\b(\d)'\s?(\d{1,2})\"", lambda m: f"{number(m[1])} foot {number(m[2])}", text)
    glyphs = "".join(FRACTIONS)
    text = re.sub(rf"(\d)\s?([{glyphs}])", lambda m: f"{m[1]} {FRACTIONS[m[2]][0]}/{FRACTIONS[m[2]][1]}", text)
    text = re.sub(rf"([{glyphs}])", lambda m: "{}/{}".format(*FRACTIONS[m[1]]), text)

    def part(above: int, below: int) -> str:
        name = _DENOMINATORS.get(below) or ordinal(below)
        plural = name.replace("half", "halve") + "s" if above > 1 else name
        return f"{cardinal(above)} {plural}"

    def mixed(m: re.Match[str]) -> str:
        above, below = int(m[2]), int(m[3])
        said = f"{number(m[1])} and " + ("a half" if (above, below) == (1, 2) else part(above, below))
        unit = m[4]
        return f"{said} {UNITS[unit][1]}" if unit else said

    def plain(m: re.Match[str]) -> str:
        above, below, unit = int(m[1]), int(m[2]), m[3]
        if not 2 <= below <= 100 or above >= below:
            return m[0]
        return part(above, below) + (f" of a {UNITS[unit][0]}" if unit else "")

    text = re.sub(rf"\b(\d+) (\d)/(\d{{1,2}})(?:\s({_UNIT})(?![A-Za-z]))?\b", mixed, text)
    return re.sub(rf"(?<![\d/])(\d{{1,2}})/(\d{{1,2}})(?:\s({_UNIT})(?![A-Za-z]))?(?![\d/])", plain, text)


def powers(text: str) -> str:
    """Powers and products: 10^6, 3×10⁸, 10×10."""
    text = re.sub(r"(\d)\s?[×x*]\s?10(?:\^|\*\*)(-?\d+)", lambda m: f"{m[1]} times 10^{m[2]}", text)

    def power(m: re.Match[str]) -> str:
        exponent = int(m[2])
        said = ordinal(abs(exponent))
        return f"{number(m[1])} to the {'minus ' if exponent < 0 else ''}{said}"

    text = re.sub(r"\b(\d+)(?:\^|\*\*)(-?\d+)", power, text)
    text = re.sub(rf"({NUMBER})\s?[×x]\s?({NUMBER})", lambda m: f"{number(m[1])} by {number(m[2])}", text)
    return re.sub(rf"({NUMBER})\s?[x×](?![A-Za-z0-9])", lambda m: f"{number(m[1])} times", text)


def _signed(text: str) -> str:
    return ("minus " if text[0] in "-−" else "") + number(text.lstrip("-−"))


def units(text: str) -> str:
    """Numbers with units, ranges of them, and rates: 16-19 °C, 4.5 mm/yr, 10-km run."""
    value = rf"(?:(?<![\w.,)])[-−])?{NUMBER}"
    rate = r"(?:/([A-Za-z]+))?"

    def said(unit: str, per: str | None, *, single: bool) -> str:
        name = UNITS[unit][0] if single else UNITS[unit][1]
        return name + (f" per {_per(per)}" if per else "")

    def measure(m: re.Match[str]) -> str:
        magnitude = f" {m[2].strip()}" if m[2] else ""
        return f"{_signed(m[1])}{magnitude} {said(m[3], m[4], single=is_one(m[1]) and not magnitude)}"

    def span(m: re.Match[str]) -> str:
        return f"{_signed(m[1])} to {_signed(m[2])} {said(m[3], m[4], single=False)}"

    end = r"(?![A-Za-z0-9²³])"
    text = re.sub(rf"({NUMBER})-({_UNIT})(?=\s[a-z]){end}", lambda m: f"{number(m[1])}-{UNITS[m[2]][0]}", text)
    text = re.sub(rf"({value})(?:{_DASH}|\sto\s)({NUMBER})\s?({_UNIT}){rate}{end}", span, text)
    magnitude = r"(\s(?:thousand|million|billion|trillion))?"
    return re.sub(rf"({value}){magnitude}\s?({_UNIT}){rate}{end}", measure, text)


def magnitudes(text: str) -> str:
    """Short magnitudes and counts: 10k users."""
    text = re.sub(rf"({NUMBER})\s?(bn|tn|k)\b", lambda m: f"{number(m[1])} {MAGNITUDES[m[2]]}", text)
    return re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1])), text)


def romans(text: str) -> str:
    """Roman numerals: World War II -> two, Louis XIV -> the fourteenth, Type I -> one."""
    labels = "War|Chapter|Type|Part|Phase|Act|Class|Level|Section|Volume|Apollo|Mark|Stage|Title|Article|Book|Bowl"

    def label(m: re.Match[str]) -> str:
        value = roman(m[2])
        return f"{m[1]} {cardinal(value)}" if value else m[0]

    def name(m: re.Match[str]) -> str:
        value = roman(m[2])
        return f"{m[1]} the {ordinal(value)}" if value and len(m[2]) > 1 else m[0]

    text = re.sub(rf"\b({labels}) ([IVXL]+)\b(?!')", label, text)
    return re.sub(r"\b([A-Z][a-z]{2,}) ([IVXL]{2,6})\b(?!')", name, text)


def labels(text: str) -> str:
    """Numbers that are names: No. 5, #1, v2.0.1, F-16, 4K, CO2, phone numbers."""
    text = re.sub(r"\b[Nn]os?\. ?(?=\d)", lambda m: "Number " if m[0][0] == "N" and m.start() == 0 else "number ", text)
    text = re.sub(r"(?<!\w)#(?=\d)", "number ", text)
    text = re.sub(
        r"\b(?:v|[Vv]ersion )(\d+(?:\.\d+)+)\b",
        lambda m: "version " + " point ".join(number(p) for p in m[1].split(".")),
        text,
    )
    phone = r"(?<![\w.,])(?:\+\d{1,3}[ -])?(?:\(?\d{3}\)?[ -])?\d{3}-\d{4}\b"
    text = re.sub(phone, lambda m: ", ".join(digits(g) for g in re.findall(r"\d+", m[0])), text)
    text = re.sub(r"\b([A-Z]{1,3})-(\d{1,4})\b", lambda m: f"{' '.join(m[1])} {number(m[2])}", text)
    text = re.sub(r"\b(COVID|Covid)-(\d+)", lambda m: f"Covid {number(m[2])}", text)
    text = re.sub(r"\b(\d{1,3})([A-Z])\b", lambda m: f"{number(m[1])} {m[2]}", text)

    def mixture(m: re.Match[str]) -> str:
        parts = re.findall(r"[A-Za-z]|\d+", m[0])
        return " ".join(number(p) if p.isdigit() else p for p in parts)

    return re.sub(
        r"\b(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Z])[A-Z][A-Za-z]?\d+[A-Za-z0-9]*\b|\b[A-Z]{2,4}\d+\b", mixture, text
    )


def years(text: str) -> str:
    """Bare years: 1100 to 2099 unless a plural noun, a unit or a comma follows."""
    keep = r"was|is|has|its|this|as|less|across|thus|was|his|does|plus|series|always|perhaps|besides|towards|sales"

    def said(m: re.Match[str]) -> str:
        follows = re.match(r"\s([a-z]+)", m.string[m.end() :])
        if follows and follows[1].endswith("s") and not re.fullmatch(keep, follows[1]):
            return number(m[0])
        return _year_words(m[0])

    return re.sub(rf"(?<![\d.,$£€/-])\b{_YEAR}\b(?![\d%]|[.,]\d|-\w)", said, text)


def ranges(text: str) -> str:
    """What is left of ranges and scores: 3-1 -> three to one; 1-in-3 -> one in three; 50-mile -> fifty-mile."""
    text = re.sub(r"\b(\d+)-in-(\d+)\b", lambda m: f"{number(m[1])} in {number(m[2])}", text)
    text = re.sub(r"\b\d+(?:-\d+){2,}\b", lambda m: " ".join(number(p) for p in m[0].split("-")), text)
    text = re.sub(rf"({NUMBER})[-–]({NUMBER})-([a-z]+)", lambda m: f"{number(m[1])} to {number(m[2])} {m[3]}", text)
    text = re.sub(rf"({NUMBER}){_DASH}({NUMBER})", lambda m: f"{number(m[1])} to {number(m[2])}", text)
    return re.sub(rf"({NUMBER})-([A-Za-z]+)", lambda m: f"{number(m[1])}-{m[2]}", text)


def plain_numbers(text: str) -> str:
    """Every number that is still there, with its sign."""
    text = re.sub(rf"(?<![\w)])[-−]({NUMBER})", lambda m: f"minus {number(m[1])}", text)
    text = re.sub(r"(?<![\d])\.(\d+)\b", lambda m: f"zero point {digits(m[1])}", text)
    text = re.sub(NUMBER, lambda m: f" {number(m[0])} ", text)
    return re.sub(r" +([,.?!])", r"\1", re.sub(r" {2,}", " ", text))


NUMBER_RULES: tuple[Rule, ...] = (
    dates,
    eras,
    clocks,
    years_after_prepositions,
    money,
    fractions,
    powers,
    units,
    labels,
    magnitudes,
    romans,
    years,
    ranges,
)
