"""Plain words out of what people type, and patterns that find phrases in them.

A pattern is a row of tokens: ``word`` matches itself, ``charg*`` any word that begins so, ``no|any`` either word and
``...`` up to four words of the same sentence.
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile(r"['’‘`´]")
_SENTENCE_ENDS = re.compile(r"(?:[.!?;:]+(?=\s|$)|[\r\n])\s*")
_NO_WORD = re.compile(r"[^\w/]+|_+")
_END = "/"
"""Stands for the end of a sentence in plain words."""


def plain(text: str) -> str:
    """Lower-case words with one blank between them: ``Can't hear it!`` is ``cant hear it /``."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace(_END, " ")
    folded = _SENTENCE_ENDS.sub(f" {_END} ", _APOSTROPHES.sub("", folded))
    return " ".join(_NO_WORD.sub(" ", folded).split())


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern ready to be searched in plain words.

    :raises ValueError: if a token is empty or holds anything but letters, digits and the signs above.
    """
    parts: list[str] = []
    for number, part in enumerate(pattern.split()):
        if part == "...":
            parts.append(r"(?: [^\s/]+){0,4}")
            continue
        parts.append((" " if number else "") + _word(part, pattern))
    if not parts or pattern.split()[0] == "...":
        raise ValueError(f"the phrase {pattern!r} begins with no word")
    return re.compile(r"(?<!\S)" + "".join(parts) + r"(?!\S)")


def _word(part: str, pattern: str) -> str:
    words: list[str] = []
    for word in part.split("|"):
        stem = word.removesuffix("*")
        if not re.fullmatch(r"\w+", stem):
            raise ValueError(f"the phrase {pattern!r} holds {word!r}, which is no word")
        words.append(stem + (r"\w*" if word.endswith("*") else ""))
    return f"(?:{'|'.join(words)})"
