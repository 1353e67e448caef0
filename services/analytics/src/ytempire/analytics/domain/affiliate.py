"""Which offer fits a niche: a transparent choice, the same for the same niche and programmes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Programme:
    """An advertiser whose programme was joined."""

    network: str
    programme_id: str
    name: str
    sector: str
    description: str
    commission_percent: float


@dataclass(frozen=True)
class NicheProfile:
    words: frozenset[str]
    sectors: Sequence[str]
    """Sectors that fit the niche's parent, best first."""


def choose(niche: NicheProfile, programmes: Sequence[Programme]) -> Programme | None:
    """The best fitting programme: shared words first, then the sector, then the commission. None if nothing fits."""

    def rank(programme: Programme) -> tuple[int, int, float, str]:
        shared = len(niche.words & words(f"{programme.name} {programme.description}"))
        sector = niche.sectors.index(programme.sector) if programme.sector in niche.sectors else len(niche.sectors)
        return (-shared, sector, -programme.commission_percent, programme.programme_id)

    fitting = [p for p in programmes if p.sector in niche.sectors or niche.words & words(f"{p.name} {p.description}")]
    return min(fitting, key=rank, default=None)


def words(text: str) -> frozenset[str]:
    """Lower-case words of four letters and more, in the singular."""
    return frozenset(w.removesuffix("s") for w in re.findall(r"[a-z]{4,}", text.lower()))
