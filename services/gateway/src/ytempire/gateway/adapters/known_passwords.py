"""Whether a password is one that is tried first: found in breaches, or such a word with something around it.

Not an estimator: those try every way of writing a password, and one made for the purpose keeps a core busy for seconds.
What is done here takes as long as the password is long.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import pairwise

_LEAST_WORD = 4
_MOST_AROUND = 6
"""So many characters around a known word make it no safer."""
_SPELT = str.maketrans("013457@$!|+", "oieastasiit")
"""Characters that stand for letters they look like."""


@cache
def known_words() -> frozenset[str]:
    """The list, see ``data/SOURCES.md``."""
    text = (files("ytempire.gateway") / "data" / "passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())


def is_known(password: str) -> bool:
    """Whether whoever guesses passwords comes to this one soon."""
    plain = password.casefold()
    return any(_guessed(form) for form in {plain, plain.translate(_SPELT)}) or _is_run(plain)


def _guessed(text: str) -> bool:
    text = _once(text)
    if text in known_words() or len(text) < _LEAST_WORD:
        return True
    letters = [i for i, c in enumerate(text) if c.isalpha()] or [0]
    start, end = letters[0], letters[-1] + 1
    core, around = _once(text[start:end]), text[:start] + text[end:]
    if len(core) < _LEAST_WORD or core not in known_words():
        return False
    return len(around) <= _MOST_AROUND or around in known_words() or _is_run(around)


def _once(text: str) -> str:
    """What a text repeats, or all of it."""
    # the shortest period of a text is where it is found in itself again
    period = (text + text).find(text, 1) if text else 0
    return text[:period]


def _is_run(text: str) -> bool:
    """Whether each character follows the one before at the same distance: ``abcdefghij``, ``9876543210``."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
