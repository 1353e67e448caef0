"""A niche of the packaged data, and what a customer wishes for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ytempire.onboarding.domain.words import Stems, stems

HIGHEST_RISK = 0.8
LEAST_FACELESS = 0.3
EXCLUDED_PARENTS = frozenset({"kids"})
"""Never recommended: made for children, or above the risk and below the suitability that narrated video needs."""


@dataclass(frozen=True)
class Niche:
    """One niche of the packaged data; see ``data/SOURCES.md`` for what the figures are."""

    niche_id: str
    name: str
    parent: str
    description: str
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
    evergreen_share: float
    """Part of a video's views that come after its first month."""
    affiliate_fit: float
    sponsorship_fit: float
    typical_length_s: int
    seasonality: str
    """Months of more demand, in words; empty where there are none."""
    keywords: tuple[str, ...]
    confidence: str
    as_of: str

    @cached_property
    def terms(self) -> tuple[Stems, ...]:
        """Its keywords, as they are compared with what a customer writes."""
        return tuple(stems(word) for word in self.keywords)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.keywords)

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
