"""Skies, ridges and other parts that the sets share."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import RGB
from ytempire.media.studio.motion import expo, out3, ramp
from ytempire.media.studio.plate import MARGIN_X, MARGIN_Y, Plate, soft_planes
from ytempire.media.studio.shapes import disc, polygons
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Plane, Sprite, flat

_W, _H = WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y
WIDE = WIDTH + 240
"""Width of a layer that may move sideways by 120 px either way."""


@lru_cache(maxsize=4)
def sky(top: RGB, bottom: RGB, glow: RGB, x: float, y: float, radius: float, strength: float = 0.8) -> Plate:
    """A sky from top to bottom with a pool of light at (x, y) of the frame; its left stays dark for text."""
    t = np.linspace(0, 1, _H // 4, dtype=np.float32)[:, None, None] ** 1.3
    field = np.broadcast_to(
        np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t, (_H // 4, _W // 4, 3)
    )
    xs = (np.arange(_W // 4, dtype=np.float32) - (x + MARGIN_X) / 4) / (radius / 4)
    ys = (np.arange(_H // 4, dtype=np.float32) - (y + MARGIN_Y) / 4) / (radius / 4)
    pool = np.clip(1 - (ys[:, None] ** 2 + xs[None, :] ** 2), 0, 1) ** 1.8 * strength
    share = pool[..., None].astype(np.float32)
    shade = np.linspace(0.62, 1.0, _W // 4, dtype=np.float32)[None, :, None] ** 0.8
    made = (field * (1 - share) + np.array(glow, np.float32) * share) * np.clip(shade + share, 0, 1)
    return Plate(*soft_planes(cast(npt.NDArray[np.float32], made.astype(np.float32))))


def ridge(height: int, rng: np.random.Generator, rough: float = 1.0, base: float = 0.4, width: int = WIDE) -> Plane:
    """Mask of a line of hills: a sum of sines above a solid base."""
    xs = np.arange(0, width + 12, 12, dtype=np.float64)
    line = np.zeros_like(xs)
    for k in range(1, 6):
        line += np.sin(xs / width * math.pi * (1.3 * k * rough) + rng.random() * 6.3) / k
    low, high = float(line.min()), float(line.max())
    top = (1 - base) * height * (1 - (line - low) / (high - low)) + 2
    points = [*zip(xs.tolist(), top.tolist(), strict=True), (width, height), (0, height)]
    return polygons(width, height, [points], 2)


def waves(height: int, crest: float, length: float, phase: float, width: int = WIDE) -> Plane:
    """Mask of a sheet of water with a wavy surface."""
    xs = np.arange(0, width + 10, 10, dtype=np.float64)
    top = (
        crest * (1 + np.sin(xs / length * 2 * math.pi + phase) * 0.7 + np.sin(xs / length * 14.6 + phase * 2) * 0.3) + 2
    )
    return polygons(width, height, [[*zip(xs.tolist(), top.tolist(), strict=True), (width, height), (0, height)]], 2)


def pine(width: int, height: int) -> Plane:
    """Mask of a fir."""
    w, h = width, height
    shapes = [[(w * 0.44, h), (w * 0.44, h * 0.8), (w * 0.56, h * 0.8), (w * 0.56, h)]]
    for i in range(4):
        top, bottom, half = h * 0.2 * i, h * (0.32 + 0.19 * i), w * (0.2 + 0.1 * i)
        shapes.append([(w / 2, top), (w / 2 + half, bottom), (w / 2 - half, bottom)])
    return polygons(width, height, shapes, 2)


def blurred(mask: Plane, sigma: float) -> Plane:
    """The mask out of focus, on a canvas large enough for it."""
    margin = int(sigma * 3)
    padded = cv2.copyMakeBorder(mask, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    height, width = padded.shape
    small = cv2.resize(padded, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4, borderType=cv2.BORDER_CONSTANT)
    return cast(Plane, cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def stars(rng: np.random.Generator, count: int, rgb: RGB, height: int) -> list[tuple[Sprite, float, float, float]]:
    """Small discs: sprite, x, y and phase of their twinkling."""
    sizes = [flat(disc(r), rgb, trim=False) for r in (1.6, 2.2, 3.2)]
    found = [
        (sizes[int(rng.integers(0, 3))], rng.random() * WIDTH, rng.random() ** 1.4 * height, rng.random())
        for _ in range(count)
    ]
    # None behind the headline, where it would look like a speck on the type.
    return [star for star in found if star[1] > 1040 or star[2] > 640]


def parallax(frame: float, frames: int, factor: float) -> float:
    """Sideways travel of a layer over the scene, in pixels; nearer layers have larger factors."""
    return -60 * factor * out3(ramp(frame, 0, max(60, frames)))


def rise(frame: float, start: float, distance: float) -> float:
    """How far below its place a layer still is while it rises."""
    return (1 - expo(ramp(frame, start, 34))) * distance
