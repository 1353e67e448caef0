"""The packaged tables that lead from a niche to words and sectors."""

from __future__ import annotations

import csv
import functools
from importlib.resources import files

from ytempire.analytics.domain.affiliate import NicheProfile, words


@functools.cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = files("ytempire.analytics").joinpath(f"data/{name}").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@functools.cache
def profile(niche_id: str) -> NicheProfile:
    """A niche's words and fitting sectors; an unknown niche has none."""
    niche = next((r for r in _rows("niche_words.csv") if r["niche_id"] == niche_id), None)
    if niche is None:
        return NicheProfile(words(niche_id), ())
    sectors = next((r["sectors"] for r in _rows("parent_sectors.csv") if r["parent"] == niche["parent"]), "")
    return NicheProfile(words(f"{niche_id} {niche['keywords']}"), tuple(filter(None, sectors.split(";"))))
