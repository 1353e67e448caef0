"""Places on the map: countries from Natural Earth, cities by their coordinates, and the Equal Earth projection."""

from __future__ import annotations

import gzip
import json
import math
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

_GRID = 50
"""Map coordinates are stored as whole 1/50 degrees."""
_ALIASES = {
    "us": "United States of America", "u.s": "United States of America", "usa": "United States of America",
    "united states": "United States of America", "america": "United States of America", "uk": "United Kingdom",
    "britain": "United Kingdom", "great britain": "United Kingdom", "holland": "Netherlands", "korea": "South Korea",
    "the netherlands": "Netherlands", "czech republic": "Czechia", "burma": "Myanmar", "uae": "United Arab Emirates",
    "congo": "Dem. Rep. Congo", "persia": "Iran", "türkiye": "Turkey", "ivory coast": "Côte d'Ivoire",
    "bosnia": "Bosnia and Herz.",
}  # fmt: skip
Point = tuple[float, float]
"""Longitude and latitude in degrees."""


@lru_cache(maxsize=1)
def cities() -> dict[str, Point]:
    """Lower-case name to place of larger cities and some regions."""
    found: dict[str, Point] = {}
    text = files("ytempire.media.studio").joinpath("data", "cities.txt").read_text("utf-8")
    for entry in text.splitlines():
        name, latitude, longitude = entry.rsplit(" ", 2)
        found[name.strip().lower()] = (float(longitude), float(latitude))
    return found


@lru_cache(maxsize=1)
def countries() -> dict[str, list[npt.NDArray[np.float64]]]:
    """Country name to the outlines of its parts, largest first; columns are longitude and latitude."""
    packed = files("ytempire.media.studio").joinpath("data", "land.json.gz").read_bytes()
    out = {}
    for name, rings in json.loads(gzip.decompress(packed)).items():
        parts = [np.cumsum(np.array(r, np.float64).reshape(-1, 2), axis=0) / _GRID for r in rings]
        for part in parts:
            # Outlines that cross the date line go on beyond 180 degrees instead of jumping around the world.
            part[:, 0] = np.unwrap(part[:, 0], period=360)
        out[name] = sorted(parts, key=lambda p: -_area(p))
    return out


def _area(ring: npt.NDArray[np.float64]) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _country(name: str) -> str:
    low = name.lower().strip().strip(".")
    low = low.removeprefix("the ")
    wanted = _ALIASES.get(low, low)
    return next((c for c in countries() if c.lower() == wanted.lower()), "")


def country_of(name: str) -> str:
    """The country that a place name means; empty when it means a city or nothing known."""
    return "" if name.lower() in cities() else _country(name)


def locate(name: str) -> Point | None:
    """Coordinates of a city, or of the middle of a country's largest part; None for an unknown place."""
    city = cities().get(name.lower().strip().strip("."))
    if city:
        return city
    country = _country(name)
    if not country:
        return None
    ring = countries()[country][0]
    return float(ring[:, 0].mean()), float(ring[:, 1].mean())


def known_places(names: list[str]) -> list[str]:
    """Those of the names that the map knows, without repeats."""
    return [n for n in dict.fromkeys(names) if locate(n) is not None]


_A = (1.340264, -0.081106, 0.000893, 0.003796)


def equal_earth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Equal Earth coordinates of longitude/latitude pairs; y grows to the south."""
    lon, lat = np.radians(points[..., 0]), np.radians(np.clip(points[..., 1], -89, 89))
    t = np.arcsin(math.sqrt(3) / 2 * np.sin(lat))
    t2 = t * t
    t6 = t2**3
    scale = _A[0] + 3 * _A[1] * t2 + t6 * (7 * _A[2] + 9 * _A[3] * t2)
    x = 2 * math.sqrt(3) * lon * np.cos(t) / (3 * scale)
    y = t * (_A[0] + _A[1] * t2 + t6 * (_A[2] + _A[3] * t2))
    return np.stack((x, -y), -1)
