"""Which spoken words say which written word: ``$5.86`` is heard as "five dollars and eighty-six cents"."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ytempire.media.voice.spoken_timing import Span, spoken_words

_MAX_FOR_NUMBER, _MAX_FOR_WORD = 18, 6
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen")
_TEENS = ("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fifth": "5", "eighth": "8", "ninth": "9", "twelfth": "12"}
_VALUES = {
    **{word: str(n) for n, word in enumerate(_ONES + _TEENS, 1)},
    **{word: str(n) for n, word in enumerate(_TENS, 2)},
    **_ORDINALS,
}
_SILENT_WORDS = frozenset(
    {
        "zero",
        "oh",
        "hundred",
        "hundreds",
        "hundredth",
        "thousand",
        "thousands",
        "thousandth",
        "million",
        "billion",
        "trillion",
        "point",
        "percent",
        "per",
        "cent",
        "cents",
        "minus",
        "negative",
        "and",
        "dollar",
        "dollars",
        "euro",
        "euros",
        "pound",
        "pounds",
        "pence",
        "yen",
        "degrees",
        "half",
        "quarter",
        "quarters",
        "to",
        "am",
        "pm",
        "oclock",
        "times",
        "by",
        "slash",
        "over",
    }
)
_SYMBOLS = {"&": "and", "+": "plus", "=": "equals", "%": "percent", "@": "at", "×": "times", "<": "less", ">": "more"}
_READ_AS = {"ie": "thatis", "eg": "forexample", "etc": "etcetera", "vs": "versus"}
_BARE = re.compile(r"[^a-z0-9]+")
_HAS_DIGIT = re.compile(r"\d")
_NOT_LETTER = re.compile(r"[^a-z]")
_NOT_SOUNDED = re.compile(r"[^1-9]")


def written_words(text: str) -> list[str]:
    """Return the written words of a line as captions show them: cut at white space only."""
    return text.split()


def time_written(text: str, spoken: str, spans: Sequence[Span], whole: Span) -> list[Span]:
    """Time each written word of ``text`` by the ``spans`` of the words of ``spoken``.

    A mark that stands alone takes no time and sits at the end of the word before it. Times never run backwards.
    """
    written, heard = written_words(text), spoken_words(spoken)
    counts = _assign(
        [_bare(w) for w in written], [bool(_HAS_DIGIT.search(w)) for w in written], [_bare(w) for w in heard]
    )
    out: list[Span] = []
    at, now = 0, spans[0].start_s if spans else whole.start_s
    for count in counts:
        mine = spans[at : at + count]
        at += count
        span = Span(max(now, mine[0].start_s), max(now, mine[-1].end_s)) if mine else Span(now, now)
        out.append(span)
        now = span.end_s
    return out


def _bare(word: str) -> str:
    bare = _BARE.sub("", _SYMBOLS.get(word, word).lower())
    return _READ_AS.get(bare, bare)


def _assign(written: Sequence[str], digits: Sequence[bool], heard: Sequence[str]) -> list[int]:
    """Return how many spoken words each written word takes, in order, so that the whole fits best."""
    rows, columns = len(written), len(heard)
    infinite = float("inf")
    best = [[infinite] * (columns + 1) for _ in range(rows + 1)]
    taken = [[0] * (columns + 1) for _ in range(rows + 1)]
    best[0][0] = 0.0
    for i in range(rows):
        for j in range(columns + 1):
            if best[i][j] == infinite:
                continue
            usual = _MAX_FOR_NUMBER if digits[i] else _MAX_FOR_WORD
            longest = columns - j if i == rows - 1 else min(usual, columns - j)
            for n in range(longest + 1):
                cost = best[i][j] + _cost(written[i], digits[i], heard[j : j + n])
                if cost < best[i + 1][j + n]:
                    best[i + 1][j + n], taken[i + 1][j + n] = cost, n
    counts: list[int] = []
    j = columns
    for i in range(rows, 0, -1):
        counts.append(taken[i][j])
        j -= taken[i][j]
    return counts[::-1]


def _cost(written: str, digits: bool, heard: Sequence[str]) -> float:
    if not heard:
        return 0.0 if not written else 2.0
    if not written:
        return 1.5 * len(heard)
    together = "".join(heard)
    if written == together:
        return 0.0
    if digits:
        return 0.1 + _number_cost(written, heard)
    if written[0] == together[0] and _is_subsequence(written, together):
        return 0.3 + 0.15 * (len(heard) - 1)
    return 2.0 * (1.0 - _likeness(written, together)) + 0.5 * (len(heard) - 1)


@functools.lru_cache(maxsize=8192)
def _likeness(first: str, second: str) -> float:
    """Return how alike two strings are, 0 to 1."""
    if 3 * min(len(first), len(second)) < max(len(first), len(second)):
        return 0.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _number_cost(written: str, heard: Sequence[str]) -> float:
    """Compare digits without zeros, which are heard as "thousand" or not at all, and allow units around them."""
    said, cost = "", 0.0
    letters = _NOT_LETTER.sub("", written)
    for word in heard:
        value = _value(word)
        if value:
            said += value
        elif word in _SILENT_WORDS or word in written:
            cost += 0.02
        elif letters and word[0] in letters:
            cost += 0.05
        else:
            cost += 0.7
    wanted = _NOT_SOUNDED.sub("", written)
    return cost + 1.5 * (1.0 - _likeness(wanted, said.replace("0", "")))


@functools.lru_cache(maxsize=4096)
def _value(word: str) -> str:
    """Return the digits a number word stands for, without its zeros: twenty is 2, sixth is 6, nineties is 9."""
    stems = (word, word.removesuffix("th"), word.removesuffix("ieth") + "y", word.removesuffix("ies") + "y")
    return next((_VALUES[stem] for stem in stems if stem in _VALUES), "")


def _is_subsequence(short: str, long: str) -> bool:
    remaining = iter(long)
    return all(c in remaining for c in short)
