"""What a video earns, day by day: a seeded curve of growth and decay, the same in every run.

The shape (a quick rise, then a long tail), the share of engaged views and the ad shares are estimates of the sandbox's
authors; rates per thousand engaged views come from ``data/niche_rpm.csv`` and the ad market's months from
``data/seasonality.csv`` (median of public figures, see ``data/README.md``). All amounts are integers of micro-USD.
"""

import csv
import math
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from ytempire.sandbox.google import draw
from ytempire.sandbox.google.times import next_pacific_midnight, pacific_day, parse

FINAL_AFTER_DAYS = 10
CREATOR_AD_SHARE = 0.55
PREMIUM_PART = 0.09
SHORT_SECONDS = 180
DEFAULT_RPM = (1.5, 4.5)


@dataclass(frozen=True)
class Figures:
    """Sums over one or several days; amounts in micro-USD."""

    views: int = 0
    engaged_views: int = 0
    watch_seconds: int = 0
    possible_seconds: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0
    subscribers_gained: int = 0
    subscribers_lost: int = 0
    ad_micros: int = 0
    premium_micros: int = 0
    gross_micros: int = 0
    ad_impressions: int = 0
    monetized_playbacks: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Seed:
    """What a video's curve depends on."""

    key: str
    monetised: bool
    public_from: date
    public_until: date | None
    duration_s: float
    vertical: bool
    rpm_micros: int


def curve_key(channel: dict[str, Any], ordinal: int) -> str:
    """What the chance of a channel's n-th upload depends on: no random id and no time."""
    return f"{channel['account']}/{channel['label']}/{ordinal}"


def seed_of(video: dict[str, Any], channel: dict[str, Any]) -> Seed | None:
    """The seed of a video that is or was public; None if it never was."""
    if not video["public_from"]:
        return None
    facts = video["facts"]
    key = curve_key(channel, video["ordinal"])
    until = video["public_until"]
    return Seed(
        key,
        channel["monetised"],
        pacific_day(parse(video["public_from"])),
        pacific_day(parse(until)) if until else None,
        max(1.0, facts["duration_ms"] / 1000),
        facts["height"] > facts["width"],
        video["rpm_micros"],
    )


def estimated(seed: Seed, day: date, today: date) -> Figures:
    """A day's figures as known on ``today``: estimates move a little until the day is final, about ten days later."""
    final = day_figures(seed, day)
    if (today - day).days >= FINAL_AFTER_DAYS:
        return final
    age = (day - seed.public_from).days
    money = 1 + draw.between(-0.035, 0.03, seed.key, age, "revision")
    crowd = 1 + draw.between(-0.01, 0.004, seed.key, age, "views revision")
    scale = dict.fromkeys(("ad_micros", "premium_micros", "gross_micros"), money)
    scale |= dict.fromkeys(("views", "engaged_views", "watch_seconds", "possible_seconds"), crowd)
    return Figures(*(round(getattr(final, f.name) * scale.get(f.name, 1.0)) for f in fields(Figures)))


def until_now(seed: Seed, public_at: datetime, now: datetime) -> Figures:
    """Public counters: everything so far, the current day in proportion to the time the video was there."""
    total, day, today = Figures(), seed.public_from, pacific_day(now)
    while day < today:
        total, day = total + day_figures(seed, day), day + timedelta(days=1)
    midnight = next_pacific_midnight(now)
    start = max(public_at, midnight - timedelta(days=1))
    part = max(0.0, (now - start) / (midnight - start))
    running = day_figures(seed, today)
    return total + Figures(*(int(getattr(running, f.name) * part) for f in fields(Figures)))


@lru_cache(maxsize=50_000)
def day_figures(seed: Seed, day: date) -> Figures:
    """The final figures of one Pacific day."""
    age = (day - seed.public_from).days
    if age < 0 or (seed.public_until and day > seed.public_until):
        return Figures()
    views = round(_peak(seed) * _shape(age) * _weekday(day) * draw.between(0.86, 1.16, seed.key, age, "views"))
    engaged = round(views * draw.between(0.66, 0.78, seed.key, age, "engaged"))
    kept = draw.between(0.36, 0.54, seed.key, "retention") * (1.25 if seed.duration_s < 90 else 1.0)
    likes = round(engaged * draw.between(0.028, 0.05, seed.key, age, "likes"))
    money = _money(seed, day, age, engaged) if seed.monetised else {}
    return Figures(
        views=views,
        engaged_views=engaged,
        watch_seconds=round(views * seed.duration_s * kept),
        possible_seconds=round(views * seed.duration_s),
        likes=likes,
        comments=round(likes * draw.between(0.06, 0.14, seed.key, age, "comments")),
        shares=round(likes * draw.between(0.08, 0.2, seed.key, age, "shares")),
        subscribers_gained=round(engaged * draw.between(0.003, 0.008, seed.key, age, "gained")),
        subscribers_lost=round(engaged * draw.between(0.0002, 0.0009, seed.key, age, "lost")),
        **money,
    )


def _money(seed: Seed, day: date, age: int, engaged: int) -> dict[str, int]:
    season, wobble = _seasons()[day.month], draw.between(0.92, 1.08, seed.key, age, "rate")
    length = 0.02 if seed.vertical and seed.duration_s <= SHORT_SECONDS else 0.65 if seed.duration_s < 480 else 1.0
    earned = round(engaged * seed.rpm_micros * season * wobble * length / 1000)
    premium = round(earned * PREMIUM_PART)
    playbacks = round(engaged * draw.between(0.48, 0.58, seed.key, age, "playbacks"))
    return {
        "ad_micros": earned - premium,
        "premium_micros": premium,
        "gross_micros": round((earned - premium) / CREATOR_AD_SHARE),
        "monetized_playbacks": playbacks,
        "ad_impressions": round(playbacks * draw.between(1.1, 1.5, seed.key, "impressions")),
    }


def _peak(seed: Seed) -> float:
    low, high = (150, 720) if seed.monetised else (5, 32)
    return draw.between(low, high, seed.key, "peak")


def _shape(age: int) -> float:
    rise = (0.55, 1.0, 0.93)
    if age < len(rise):
        return rise[age]
    return 0.88 / math.pow(1 + 0.22 * (age - 2), 1.05) + 0.03 * math.exp(-age / 240)


def _weekday(day: date) -> float:
    return float((0.95, 0.96, 0.98, 1.0, 1.02, 1.07, 1.05)[day.weekday()])


def rpm_micros(key: str, text: str) -> int:
    """Micro-USD per thousand engaged views of the niche whose keywords fit the texts best."""
    words = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in text.lower()).split())} "
    best, (low, high) = 0, DEFAULT_RPM
    for keywords, rates in _niches():
        score = sum(1 + word.count(" ") for word in keywords if f" {word} " in words)
        if score > best:
            best, (low, high) = score, rates
    # New work earns near the low end of what is published.
    return round((low + (high - low) * 0.4 * draw.unit(key, "rpm")) * 1_000_000)


@cache
def _niches() -> list[tuple[list[str], tuple[float, float]]]:
    rows = csv.DictReader(_data("niche_rpm.csv").splitlines())
    return [(row["keywords"].split(";"), (float(row["rpm_low_usd"]), float(row["rpm_high_usd"]))) for row in rows]


@cache
def _seasons() -> dict[int, float]:
    rows = csv.DictReader(_data("seasonality.csv").splitlines())
    return {int(row["month"]): float(row["ad_rate_index"]) for row in rows}


def _data(name: str) -> str:
    return (files("ytempire.sandbox.google") / "data" / name).read_text(encoding="utf-8")
