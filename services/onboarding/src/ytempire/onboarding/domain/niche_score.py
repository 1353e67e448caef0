"""The score of a niche: eight parts between 0 and 1, and the points that each gives, which sum to the score.

What a video is expected to bring rests on priors that nobody has published (``VIEWS``, ``LOG_SD``) and is shown
as an interval; within it a single video is close to a coin toss. Where each figure comes from: ``data/SOURCES.md``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, exp, log, sqrt

from ytempire.onboarding.domain.niche import Niche, Wish
from ytempire.onboarding.domain.words import Stems, stems, strength

WEIGHTS: Mapping[str, float] = {
    "interest": 0.28,
    "profit": 0.24,
    "competition": 0.12,
    "safety": 0.12,
    "budget": 0.08,
    "experience": 0.08,
    "faceless": 0.04,
    "diversity": 0.04,
}
"""What each part counts; they sum to 1."""

UNMATCHED = 0.6
"""A niche outside every interest keeps this share of its score; it grows to all of it at an interest of 0.5."""

CASH_COST_USD = {1: 2.0, 2: 6.0, 3: 15.0, 4: 60.0, 5: 150.0}
"""Estimated spending on one video by class of production (stock, pictures, speech); own hours are not priced."""

VIDEOS_A_MONTH = 8
"""How many videos of a channel a month's budget is shared by: two a week."""

EXPERIENCE = {"beginner": 1, "some": 2, "intermediate": 3, "advanced": 4, "expert": 5}

VIEWS = 2000.0
"""Engaged views a video of a new channel gets in its first year, in the middle, in a field of average competition that
neither grows nor shrinks. Our prior."""

LOG_SD = 1.46
"""How widely the logarithm of these views spreads. Our prior."""

AUDIENCE: Mapping[str, tuple[float, float]] = {
    "US": (0.50, 1.0),
    "GB": (0.15, 0.797),
    "CA": (0.10, 0.825),
    "IN": (0.15, 0.136),
    "elsewhere": (0.10, 0.2),
}
"""Share of an English channel's viewers, and what an ad there pays against the US: medians of four public tables."""

TAIL = 1.2816
"""Standard deviations from the middle to the 10th and the 90th percentile."""

RANGE_SD = 3.29
"""Standard deviations between the 5th and the 95th percentile, as which a published range of earnings is read."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "technology": ("consumer_tech", "ai_tools", "software_tutorials"),
    "finance": ("personal_finance", "investing_stocks", "dividend_income"),
    "health": ("health_wellness", "nutrition_weight_loss", "fitness"),
    "education": ("education_explainers", "language_learning", "school_maths_science"),
}
"""The four broad names of affiliate categories and the niches they mean first."""


@dataclass(frozen=True, slots=True)
class Profit:
    """What one video is expected to bring in its first year in the Partner Programme, in USD, by advertising alone."""

    low: float
    """The 10th percentile."""
    mid: float
    high: float
    """The 90th percentile."""


@cache
def profit(niche: Niche) -> Profit:
    """Advertising of a year less the spending on the video.

    Before a channel is in the Partner Programme advertising pays nothing, and the loss is the spending.
    """
    crowd, trend = 1.5 - 0.25 * (niche.competition - 1), 1 + 0.15 * niche.growth
    views = VIEWS * crowd * trend * (0.6 + 0.4 * niche.evergreen_share)
    audience = sum(share * pays for share, pays in AUDIENCE.values())
    revenue = views / 1000 * sqrt(niche.rpm_low_usd * niche.rpm_high_usd) * audience
    spread = TAIL * sqrt(LOG_SD**2 + (log(niche.rpm_high_usd / niche.rpm_low_usd) / RANGE_SD) ** 2)
    cost = CASH_COST_USD[niche.production_cost]
    return Profit(revenue * exp(-spread) - cost, revenue - cost, revenue * exp(spread) - cost)


class Field:
    """The niches that are compared with each other."""

    def __init__(self, niches: Iterable[Niche]) -> None:
        self._profits = sorted(profit(niche).mid for niche in niches)

    def standing(self, niche: Niche) -> float:
        """Share of the niches that are not expected to bring more."""
        return bisect_right(self._profits, profit(niche).mid) / len(self._profits)


def parts_of(niche: Niche, wish: Wish, field: Field) -> dict[str, float]:
    """The parts of a niche's score, each between 0 and 1, as if it were recommended first."""
    difficulty = ceil((niche.production_cost + niche.competition) / 2)
    parts = {
        "interest": min(1.0, sum(interest_match(niche, interest) for interest in wish.interests)),
        "profit": field.standing(niche),
        "competition": 1 - (niche.competition - 1) / 4,
        "safety": 1 - niche.policy_risk,
        "budget": min(1.0, wish.budget_usd / VIDEOS_A_MONTH / CASH_COST_USD[niche.production_cost]),
        "experience": 1 - max(0, difficulty - EXPERIENCE[wish.experience]) / 4,
        "faceless": niche.faceless_fit,
        "diversity": 1.0,
    }
    return {name: round(value, 4) for name, value in parts.items()}


def beside(parts: Mapping[str, float], niche: Niche, chosen: Collection[Niche]) -> dict[str, float]:
    """The same behind others that are recommended before it: what resembles one of them adds little."""
    nearest = max((resemblance(niche, other) for other in chosen), default=0.0)
    return {**parts, "diversity": round(1 - nearest, 4)}


def points_of(parts: Mapping[str, float]) -> dict[str, float]:
    """What each part adds to the score; all of them are held back where no interest matches."""
    focus = UNMATCHED + (1 - UNMATCHED) * min(1.0, parts["interest"] / 0.5)
    return {name: round(focus * weight * parts[name], 4) for name, weight in WEIGHTS.items()}


def total(parts: Mapping[str, float]) -> float:
    """The score, between 0 and 1: the sum of the points."""
    return round(sum(points_of(parts).values()), 4)


def interest_match(niche: Niche, interest: str) -> float:
    """1 if the interest is a keyword of the niche or one of the broad names for it, 0.5 if it shares a word, else 0."""
    wanted = stems(interest)
    if any(wanted == stems(alias) and niche.niche_id in niche_ids for alias, niche_ids in ALIASES.items()):
        return 1.0
    category: Sequence[Stems] = (stems(niche.parent.replace("_", " ")),)
    # a category is a broad word: it never names one niche
    return max(strength(interest, niche.terms), min(0.5, strength(interest, category)))


def resemblance(one: Niche, other: Niche) -> float:
    """Half for the same category, half by the share of keywords in common."""
    common = len(one.words & other.words)
    together = len(one.words) + len(other.words) - common
    return 0.5 * (one.parent == other.parent) + 0.5 * common / together
