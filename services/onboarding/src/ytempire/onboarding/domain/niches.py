"""Which niches suit a customer: a score whose every part and weight is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from ytempire.events.values import NicheScore
from ytempire.onboarding.domain.words import Stems, stems, strength

RECOMMENDED = 5

WEIGHTS: Mapping[str, float] = {
    "interest": 0.30,
    "earning": 0.22,
    "competition": 0.14,
    "growth": 0.08,
    "safety": 0.12,
    "production": 0.14,
}
"""What each part counts; they sum to 1."""

UNMATCHED = 0.6
"""A niche outside every interest keeps this share of its score; it grows to all of it at an interest of 0.5."""

GOOD_RPM_USD = 10.0
"""Low estimate of revenue per 1,000 engaged views from which on the earning part is 1."""

CASH_COST_USD = {1: 2.0, 2: 6.0, 3: 15.0, 4: 60.0, 5: 150.0}
"""Estimated spending on one video by class of production (stock, pictures, speech)."""

VIDEOS_A_MONTH = 8
"""How many videos of a channel a month's budget is shared by: two a week."""

EXPERIENCE = {"beginner": 1, "some": 2, "intermediate": 3, "advanced": 4, "expert": 5}

HIGHEST_RISK = 0.8
LEAST_FACELESS = 0.3
EXCLUDED_PARENTS = frozenset({"kids"})
"""Never recommended: made for children, or above the risk and below the suitability that narrated video needs."""

CATEGORY_STRENGTH = 0.6

ALIASES: Mapping[str, tuple[str, ...]] = {
    "technology": ("consumer_tech", "ai_tools", "software_tutorials"),
    "finance": ("personal_finance", "investing_stocks", "dividend_income"),
    "health": ("health_wellness", "nutrition_weight_loss", "fitness"),
    "education": ("education_explainers", "language_learning", "school_maths_science"),
}
"""The four broad names of affiliate categories and the niches they mean first."""


@dataclass(frozen=True)
class Niche:
    """One niche of the packaged data; see ``data/SOURCES.md`` for what the figures are."""

    niche_id: str
    name: str
    parent: str
    rpm_low_usd: float
    rpm_high_usd: float
    competition: int
    """1 few active channels to 5 dominated by large ones."""
    growth: int
    """-2 shrinking fast to 2 growing fast."""
    policy_risk: float
    production_cost: int
    """1 slides to 5 full animation."""
    faceless_fit: float
    keywords: tuple[str, ...]
    confidence: str
    as_of: str

    @cached_property
    def terms(self) -> tuple[Stems, ...]:
        words = (self.name, self.niche_id.replace("_", " "), *self.keywords)
        return tuple(stems(word) for word in words)

    @property
    def recommendable(self) -> bool:
        return (
            self.parent not in EXCLUDED_PARENTS
            and self.policy_risk <= HIGHEST_RISK
            and self.faceless_fit >= LEAST_FACELESS
        )


Catalogue = Mapping[str, Niche]
"""Every niche we know, by id."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer told us about themselves."""

    interests: tuple[str, ...]
    experience: str
    budget_usd: int
    """For a month."""


def recommend(catalogue: Catalogue, wish: Wish) -> tuple[NicheScore, ...]:
    """The five best niches, best first; equal scores in order of their ids."""
    scored = [rate(niche, wish) for niche in catalogue.values() if niche.recommendable]
    return tuple(sorted(scored, key=lambda s: (-s.score, s.niche_id))[:RECOMMENDED])


def rate(niche: Niche, wish: Wish) -> NicheScore:
    """One niche's parts, each between 0 and 1, and the score they make, also between 0 and 1."""
    matches = {interest: interest_match(niche, interest) for interest in wish.interests}
    parts = {
        "interest": min(1.0, sum(matches.values())),
        "earning": min(1.0, niche.rpm_low_usd / GOOD_RPM_USD),
        "competition": 1 - (niche.competition - 1) / 4,
        "growth": (niche.growth + 2) / 4,
        "safety": 1 - niche.policy_risk,
        "production": production_fit(niche, wish),
    }
    parts = {name: round(value, 4) for name, value in parts.items()}
    return NicheScore(
        niche_id=niche.niche_id,
        name=niche.name,
        score=total(parts),
        parts=parts,
        reason=_reason(niche, parts, matches),
        rpm_low_usd=niche.rpm_low_usd,
        rpm_high_usd=niche.rpm_high_usd,
    )


def total(parts: Mapping[str, float]) -> float:
    """The weighted sum, held back where no interest matches."""
    focus = UNMATCHED + (1 - UNMATCHED) * min(1.0, parts["interest"] / 0.5)
    return round(focus * sum(weight * parts[name] for name, weight in WEIGHTS.items()), 4)


def interest_match(niche: Niche, interest: str) -> float:
    """How well one interest names this niche: by its words, its category, or one of the broad names."""
    wanted = stems(interest)
    for alias, niche_ids in ALIASES.items():
        if wanted == stems(alias) and niche.niche_id in niche_ids:
            return 1.0
    in_category = CATEGORY_STRENGTH if wanted and wanted == stems(niche.parent.replace("_", " ")) else 0.0
    return max(in_category, strength(interest, niche.terms))


def production_fit(niche: Niche, wish: Wish) -> float:
    """Mean of three: the customer's experience, their budget, and whether the niche works without a face."""
    difficulty = ceil((niche.production_cost + niche.competition) / 2)
    able = 1 - max(0, difficulty - EXPERIENCE[wish.experience]) / 4
    affordable = min(1.0, wish.budget_usd / VIDEOS_A_MONTH / CASH_COST_USD[niche.production_cost])
    return (able + affordable + niche.faceless_fit) / 3


_STRONG = {
    "growth": "demand is growing",
    "competition": "the field is open",
    "safety": "advertising rules are rarely a problem",
    "production": "it suits your experience and budget",
}
_WEAK = {
    "earning": "earnings per view are low",
    "competition": "the field is crowded",
    "growth": "demand is shrinking",
    "safety": "advertising rules need care",
    "production": "it asks for more experience or budget",
}


def _reason(niche: Niche, parts: Mapping[str, float], matches: Mapping[str, float]) -> str:
    fit = _fit(matches)
    rpm = f"{niche.rpm_low_usd:.2f} to {niche.rpm_high_usd:.2f} USD per 1,000 engaged views"
    strong = [text for part, text in _STRONG.items() if parts[part] >= 0.75]
    weak = [text for part, text in _WEAK.items() if parts[part] <= 0.4]
    sentence = f"{fit}; advertising is estimated at {rpm} ({niche.confidence} confidence)."
    if strong:
        sentence += f" In favour: {_listed(strong)}."
    if weak:
        sentence += f" Against: {_listed(weak)}."
    return sentence


def _fit(matches: Mapping[str, float]) -> str:
    direct = [interest for interest, match in matches.items() if match >= CATEGORY_STRENGTH]
    near = [interest for interest, match in matches.items() if 0 < match < CATEGORY_STRENGTH]
    if direct:
        return f"Fits your interest in {_listed(direct)}"
    return f"Close to your interest in {_listed(near)}" if near else "Outside the interests you named"


def _listed(texts: Iterable[str]) -> str:
    *some, last = texts
    return f"{', '.join(some)} and {last}" if some else last
