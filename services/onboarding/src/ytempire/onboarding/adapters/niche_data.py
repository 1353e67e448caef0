"""The packaged niche data."""

from __future__ import annotations

import csv
from importlib.resources import files
from types import MappingProxyType

from ytempire.onboarding.domain.niche import Catalogue, Niche


def load_catalogue() -> Catalogue:
    """Every niche by its id, in the order of the file.

    :raises ValueError: if a figure of the file is no number.
    """
    text = (files("ytempire.onboarding") / "data" / "niches.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["niche_id"]: _niche(row) for row in rows})


def _niche(row: dict[str, str]) -> Niche:
    return Niche(
        niche_id=row["niche_id"],
        name=row["name"],
        parent=row["parent"],
        description=row["description"],
        rpm_low_usd=float(row["rpm_low_usd"]),
        rpm_high_usd=float(row["rpm_high_usd"]),
        competition=int(row["competition"]),
        growth=int(row["growth"]),
        policy_risk=float(row["policy_risk"]),
        production_cost=int(row["production_cost"]),
        faceless_fit=float(row["faceless_fit"]),
        evergreen_share=float(row["evergreen_share"]),
        affiliate_fit=float(row["affiliate_fit"]),
        sponsorship_fit=float(row["sponsorship_fit"]),
        typical_length_s=int(row["typical_length_s"]),
        seasonality=row["seasonality"],
        keywords=tuple(row["keywords"].split(";")),
        confidence=row["confidence"],
        as_of=row["as_of"],
    )
