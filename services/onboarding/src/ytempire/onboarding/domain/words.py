"""How well an interest, in a customer's own words, fits the words a niche is known by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

Stems = frozenset[str]

SHARED = 0.5
"""What an interest counts that only shares a word with a term."""

_WORD = re.compile(r"[a-z0-9]+")
_EMPTY = "a about an and channel content for from general how in into making my of on the tips to videos with youtube"
_STOP = frozenset(_EMPTY.split())
"""Words that say nothing about a topic."""

SYNONYMS: dict[str, str] = {
    "tech": "technology",
    "artificial intelligence": "ai",
    "machine learning": "ai",
    "llm": "ai",
    "gpt": "chatgpt",
    "money": "personal finance",
    "saving": "saving money",
    "savings": "saving money",
    "stock trading": "stocks",
    "investment": "investing",
    "bitcoin": "crypto",
    "cryptocurrency": "crypto",
    "property investing": "real estate",
    "house": "real estate",
    "software development": "programming",
    "computer science": "programming",
    "infosec": "cybersecurity",
    "security": "cybersecurity",
    "gadget": "gadgets",
    "maths": "math",
    "mathematics": "math",
    "languages": "language learning",
    "english": "learn english",
    "spanish": "learn spanish",
    "astronomy": "space",
    "past": "history",
    "well-being": "wellness",
    "wellbeing": "wellness",
    "medicine": "medical",
    "gym": "fitness",
    "sport": "sports",
    "exercise": "workout",
    "slimming": "weight loss",
    "mindfulness": "meditation",
    "cook": "cooking",
    "recipes": "cooking",
    "baking": "cooking",
    "garden": "gardening",
    "plants": "gardening",
    "animals": "pets",
    "dog": "dogs",
    "cat": "cats",
    "automobile": "cars",
    "automobiles": "cars",
    "planes": "aviation",
    "railways": "trains",
    "camping": "outdoors",
    "movie": "movies",
    "cinema": "movies",
    "television": "tv series",
    "videogames": "video games",
    "games": "gaming",
    "marketing": "digital marketing",
    "startups": "startup",
    "jobs": "career",
    "kids": "parenting",
    "children": "parenting",
    "minimalist": "minimalism",
    "psychological": "psychology",
    "teaching": "education",
    "learning": "education",
    "school": "school maths and science",
}
"""Other words for what the niche data calls something else."""


@lru_cache(maxsize=4096)
def stems(text: str) -> Stems:
    """The words of a text, cut to what their forms have in common."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP)


@lru_cache(maxsize=4096)
def readings(interest: str) -> tuple[Stems, ...]:
    """An interest as it was written and, where we know another word for it, as the data would say it."""
    plain = " ".join(_WORD.findall(interest.lower()))
    other = SYNONYMS.get(interest.strip().lower()) or SYNONYMS.get(plain)
    return (stems(plain), stems(other)) if other else (stems(plain),)


def strength(interest: str, terms: Iterable[Stems]) -> float:
    """1 if the interest is one of the terms, ``SHARED`` if it has a word in common with one, else 0."""
    wanted = [words for words in readings(interest) if words]
    known = list(terms)
    if any(words in known for words in wanted):
        return 1.0
    return SHARED if any(words & term for words in wanted for term in known) else 0.0


def _stem(word: str) -> str:
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 4 and word.endswith("ie"):
        word = word[:-2] + "y"
    elif len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word
