"""How far a written word and a run of phonemes sound alike, good enough to tell neighbours apart.

Both sides are reduced to a skeleton: consonants by the place where they are made, vowels as one class.
"""

from __future__ import annotations

import functools

_LETTERS = {
    **dict.fromkeys("bp", "P"),
    **dict.fromkeys("dt", "T"),
    **dict.fromkeys("ckqgx", "K"),
    **dict.fromkeys("fv", "F"),
    **dict.fromkeys("szj", "S"),
    **dict.fromkeys("m", "M"),
    **dict.fromkeys("n", "N"),
    **dict.fromkeys("l", "L"),
    **dict.fromkeys("r", "R"),
    **dict.fromkeys("w", "W"),
    **dict.fromkeys("h", "H"),
    **dict.fromkeys("aeiouy", "a"),
}
_PHONEMES = {
    **dict.fromkeys("bp", "P"),
    **dict.fromkeys("dtɾθð", "T"),
    **dict.fromkeys("kɡgx", "K"),
    **dict.fromkeys("fv", "F"),
    **dict.fromkeys("szʃʒ", "S"),
    **dict.fromkeys("m", "M"),
    **dict.fromkeys("nŋ", "N"),
    **dict.fromkeys("lɫ", "L"),
    **dict.fromkeys("ɹr", "R"),
    **dict.fromkeys("w", "W"),
    **dict.fromkeys("h", "H"),
    **dict.fromkeys("aeiouæɑɐɒɔəɛɜɪʊʌɨᵻy", "a"),
    "ɚ": "aR",
    "ɝ": "aR",
    "j": "a",
}
_DIGRAPHS = {"ph": "f", "sh": "s", "ch": "s", "th": "t", "gh": "", "ck": "k", "wh": "w", "kn": "n", "wr": "r"}
_VOWEL_COST = 0.5


def _collapse(skeleton: str) -> str:
    kept = [c for i, c in enumerate(skeleton) if i == 0 or c != skeleton[i - 1]]
    return "".join(kept)


@functools.lru_cache(maxsize=4096)
def of_letters(word: str) -> str:
    """Return the skeleton of a spelled word."""
    text = word.lower()
    for pair, sound in _DIGRAPHS.items():
        text = text.replace(pair, sound)
    if len(text) > 3 and text.endswith("e"):
        text = text[:-1]
    return _collapse("".join(_LETTERS.get(c, "") for c in text))


@functools.lru_cache(maxsize=4096)
def of_phonemes(phonemes: str) -> str:
    """Return the skeleton of a run of phonemes in the International Phonetic Alphabet."""
    return _collapse("".join(_PHONEMES.get(c, "") for c in phonemes))


@functools.lru_cache(maxsize=16384)
def distance(first: str, second: str) -> float:
    """Return the edit distance of two skeletons; a vowel counts half a consonant."""
    row = [0.0]
    for c in second:
        row.append(row[-1] + _weight(c))
    for a in first:
        last, row[0] = row[0], row[0] + _weight(a)
        for j, b in enumerate(second, 1):
            change = 0.0 if a == b else max(_weight(a), _weight(b))
            last, row[j] = row[j], min(last + change, row[j] + _weight(a), row[j - 1] + _weight(b))
    return row[-1]


def _weight(sound: str) -> float:
    return _VOWEL_COST if sound == "a" else 1.0


def weight(word: str) -> float:
    """Return about how long a word takes to say, in sounds."""
    skeleton = of_letters(word)
    return max(1.0, sum(1.5 if c == "a" else 1.0 for c in skeleton))
