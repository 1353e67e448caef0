"""Brand colours through OKLCH: the user chooses hues, we choose lightness, so contrast never fails."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

RGB = tuple[float, float, float]
"""sRGB components, 0..1."""

_HEX = re.compile(r"^#?([0-9a-fA-F]{6})$")


def parse_hex(text: str) -> RGB:
    """Colour of ``#rrggbb``; raises ``ValueError`` for anything else."""
    found = _HEX.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a colour of the form #rrggbb")
    number = int(found[1], 16)
    return (number >> 16) / 255, (number >> 8 & 255) / 255, (number & 255) / 255


def to_hex(rgb: RGB) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, c)) * 255):02x}" for c in rgb)


def _linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)


def _gamma(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else float(1.055 * c ** (1 / 2.4) - 0.055)


def to_oklch(rgb: RGB) -> tuple[float, float, float]:
    """Lightness 0..1, chroma, hue in degrees."""
    r, g, b = (_linear(c) for c in rgb)
    l_ = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    m_ = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    s_ = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    light = 0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_
    a = 1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_
    b2 = 0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_
    return light, math.hypot(a, b2), math.degrees(math.atan2(b2, a)) % 360


def _from_oklch(light: float, chroma: float, hue: float) -> RGB:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l_ = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )
    return _gamma(linear[0]), _gamma(linear[1]), _gamma(linear[2])


def oklch(light: float, chroma: float, hue: float) -> RGB:
    """The colour, with chroma reduced until sRGB can show it."""
    while chroma > 0:
        rgb = _from_oklch(light, chroma, hue)
        if all(-1e-3 <= c <= 1 + 1e-3 for c in rgb):
            break
        chroma = chroma * 0.975 if chroma > 0.002 else 0.0
    r, g, b = (min(1.0, max(0.0, c)) for c in _from_oklch(light, chroma, hue))
    return r, g, b


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """``share`` of ``b`` in ``a``."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def luminance(rgb: RGB) -> float:
    return 0.2126 * _linear(rgb[0]) + 0.7152 * _linear(rgb[1]) + 0.0722 * _linear(rgb[2])


def contrast(a: RGB, b: RGB) -> float:
    """WCAG contrast ratio, 1..21."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@dataclass(frozen=True)
class Ground:
    """A background and the colours that may sit on it."""

    name: str
    bg: RGB
    fg: RGB
    mut: RGB
    key: RGB
    alt: RGB
    card: RGB
    line: RGB
    dark: bool


@dataclass(frozen=True)
class Palette:
    """All colours of a channel; see ``palette`` for how they come about."""

    hue: float
    accent_hue: float
    ink: RGB
    deep: RGB
    brand: RGB
    accent: RGB
    acc2: RGB
    acc3: RGB
    white: RGB
    paper: RGB
    night: Ground
    light: Ground
    bold: Ground

    def ground(self, name: str) -> Ground:
        return {"night": self.night, "paper": self.light, "brand": self.bold}[name]

    def series(self, ground: Ground) -> tuple[RGB, ...]:
        """Colours of the marks of a chart, in order of use."""
        return ground.alt, ground.key, self.acc2, self.acc3, mix(self.brand, self.white, 0.45)

    def hues(self) -> tuple[float, ...]:
        return self.hue, self.accent_hue, (self.hue + 55) % 360, (self.accent_hue - 45) % 360

    def recolour(self, rgb: RGB) -> RGB:
        """Moves a colour of a drawing to the nearest hue of the channel."""
        light, chroma, hue = to_oklch(rgb)
        if chroma < 0.045:
            return oklch(min(0.975, max(0.24, light)), min(chroma, 0.018), self.hue)
        near = min(self.hues(), key=lambda h: abs((h - hue + 180) % 360 - 180))
        return oklch(min(0.93, max(0.30, light)), min(chroma, 0.155), near)


def palette(brand: str, accent: str | None = None) -> Palette:
    """Palette of a channel from its brand colour and, optionally, its accent colour (``#rrggbb``)."""
    h = to_oklch(parse_hex(brand))[2]
    ah = to_oklch(parse_hex(accent))[2] if accent else (h + 165) % 360
    warm = ah if 20 < ah < 110 else 85.0
    ink, white = oklch(0.19, 0.035, h), oklch(0.98, 0.008, 85)
    deep, lead = oklch(0.44, 0.12, h), oklch(0.63, 0.17, h)
    key = oklch(0.78, 0.155, ah)
    night = Ground(
        "night", oklch(0.235, 0.045, h), white, oklch(0.74, 0.035, h), key, lead, oklch(0.31, 0.055, h),
        oklch(0.40, 0.05, h), True,
    )  # fmt: skip
    paper = oklch(0.955, 0.016, warm)
    light = Ground(
        "paper", paper, ink, oklch(0.46, 0.035, h), oklch(0.55, 0.17, ah), deep, oklch(0.99, 0.005, warm),
        oklch(0.85, 0.02, warm), False,
    )  # fmt: skip
    bold = Ground(
        "brand", deep, white, mix(deep, white, 0.72), key, white, mix(deep, ink, 0.35), mix(deep, white, 0.25), True
    )
    return Palette(
        h, ah, ink, deep, lead, key, oklch(0.80, 0.11, h + 55), oklch(0.70, 0.14, ah - 45), white, paper,
        night, light, bold,
    )  # fmt: skip
