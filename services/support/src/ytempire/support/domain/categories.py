"""Sort a ticket by its words: weighted phrases of each category, summed; the largest share wins.

Deterministic, so that a replay sorts as the first time did. English only: a text in which no phrase is found is a
``technical_issue`` with the confidence of a guess among five, and gets no specific answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ytempire.support.domain.text import compiled, plain

CATEGORIES = ("technical_issue", "billing_question", "content_quality", "youtube_problem", "feature_request")
"""The guide's five (5.1). On a tie the earlier one wins."""

SUBJECT_FACTOR = 1.5
"""A phrase in the subject says more than one somewhere in the message."""

TOPIC_FROM = 3.0
"""Points a topic needs before it counts as what the ticket is about."""


@dataclass(frozen=True)
class Phrase:
    category: str
    weight: float
    """1 hints, 3 says so, 5 leaves no doubt."""
    topic: str | None
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, category: str, weight: float, topic: str, pattern: str) -> Phrase:
        """:raises ValueError: if the category is none of the five or the pattern cannot be read."""
        if category not in CATEGORIES:
            raise ValueError(f"{category!r} is no category of tickets")
        return cls(category, weight, topic or None, compiled(pattern))


@dataclass(frozen=True)
class Categorised:
    category: str
    confidence: float
    """The category's share of all points, 0 to 1."""
    topic: str | None
    scores: Mapping[str, float]


def categorise(phrases: Iterable[Phrase], subject: str, message: str) -> Categorised:
    """Category, confidence and topic of what somebody wrote. Each phrase counts once, in the better place."""
    head, body = plain(subject), plain(message)
    scores = dict.fromkeys(CATEGORIES, 0.0)
    topics: dict[tuple[str, str], float] = {}
    for phrase in phrases:
        points = _points(phrase, head, body)
        scores[phrase.category] += points
        if phrase.topic and points:
            key = (phrase.category, phrase.topic)
            topics[key] = topics.get(key, 0.0) + points
    total = sum(scores.values())
    if total == 0:
        return Categorised(CATEGORIES[0], round(1 / len(CATEGORIES), 2), None, scores)
    category = max(CATEGORIES, key=lambda name: scores[name])
    return Categorised(category, round(scores[category] / total, 2), _topic(topics, category), scores)


def _points(phrase: Phrase, head: str, body: str) -> float:
    if phrase.pattern.search(head):
        return phrase.weight * SUBJECT_FACTOR
    return phrase.weight if phrase.pattern.search(body) else 0.0


def _topic(topics: Mapping[tuple[str, str], float], category: str) -> str | None:
    found = {topic: points for (owner, topic), points in topics.items() if owner == category and points >= TOPIC_FROM}
    return max(sorted(found), key=lambda topic: found[topic]) if found else None
