"""Numbers as English words, the American way: no "and" inside integers."""

from __future__ import annotations

import re

from ytempire.media.writer.wordlist import listed

ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_SHAPE = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def cardinal(value: int) -> str:
    """An integer in words: 1474 -> one thousand four hundred seventy-four."""
    if value < 0:
        return "minus " + cardinal(-value)
    if value < 20:
        return ONES[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return TENS[tens] + (f"-{ONES[rest]}" if rest else "")
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return f"{ONES[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    for size, name in _SCALES:
        if value >= size:
            count, rest = divmod(value, size)
            return f"{cardinal(count)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(value)


def ordinal(value: int) -> str:
    """An ordinal in words: 26 -> twenty-sixth."""
    words = cardinal(value)
    head, separator, last = "", "", words
    for mark in ("-", " "):
        position = words.rfind(mark)
        if position > len(head):
            head, separator, last = words[:position], mark, words[position + 1 :]
    if last in _IRREGULAR_ORDINALS:
        last = _IRREGULAR_ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return head + separator + last


def digits(text: str) -> str:
    """Each digit by itself: 007 -> zero zero seven."""
    return " ".join(ONES[int(d)] for d in text if d.isdigit())


def year(value: int) -> str:
    """A year as it is said: 1956 -> nineteen fifty-six, 2008 -> two thousand eight."""
    century, rest = divmod(value, 100)
    if value < 1000 or 2000 <= value < 2010:
        return cardinal(value)
    if rest == 0:
        return cardinal(value) if value % 1000 == 0 else f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(value: int) -> str:
    """A decade: 1990 -> nineteen nineties, 60 -> sixties, 1900 -> nineteen hundreds."""
    words = year(value) if value >= 1000 else cardinal(value)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def number(text: str) -> str:
    """A written number in words, with thousands commas and decimals: 4.5 -> four point five."""
    clean = text.replace(",", "")
    whole, _, fraction = clean.partition(".")
    if fraction:
        return f"{cardinal(int(whole or '0'))} point {digits(fraction)}"
    if len(whole) > 1 and whole.startswith("0"):
        return digits(whole)
    if len(whole) > 15:
        return digits(whole)
    return cardinal(int(whole))


def is_one(text: str) -> bool:
    """Whether a unit after this written number is singular."""
    return text == "1"


def roman(text: str) -> int:
    """The value of a Roman numeral, 0 if it is none."""
    if not text or not _ROMAN_SHAPE.fullmatch(text):
        return 0
    total = 0
    for here, after in zip(text, text[1:] + " ", strict=True):
        value = _ROMAN[here]
        total += -value if value < _ROMAN.get(after, 0) else value
    return total
