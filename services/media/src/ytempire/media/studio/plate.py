"""Backgrounds: one pool of light, one counter-tint, a vignette and a hairline motif, dithered once so nothing bands."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import RGB, Ground, mix
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.motion import bob
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Plane, Sprite, blit, yuv

MARGIN_X, MARGIN_Y = 64, 36
_W, _H = WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y
Field = npt.NDArray[np.float32]


class Plate:
    """A background larger than the frame, so that it can drift."""

    def __init__(self, y: Plane, u: Plane, v: Plane) -> None:
        self.planes = y, u, v

    @staticmethod
    def corner(frame: float, direction: float = 1.0) -> tuple[int, int]:
        """Where on the plate the frame's corner lies at this time."""
        x = MARGIN_X + round(direction * min(MARGIN_X - 8, frame * 0.2) / 2) * 2
        return x, MARGIN_Y + round(bob(frame, 420) * 10 / 2) * 2

    def baked(self, layers: list[Sprite]) -> Plate:
        """A copy with sprites laid on it for good; each as large as the plate."""
        whole = Canvas(_W, _H)
        whole.y[:], whole.u[:], whole.v[:] = self.planes
        for layer in layers:
            blit(whole, layer, 0, 0)
        return Plate(whole.y, whole.u, whole.v)

    def draw(self, canvas: Canvas, frame: float, direction: float = 1.0) -> None:
        """Copies the part that the slow drift shows at this frame; even offsets keep the chroma in place."""
        x, y = self.corner(frame, direction)
        canvas.y[:] = self.planes[0][y : y + HEIGHT, x : x + WIDTH]
        hx, hy = x // 2, y // 2
        canvas.u[:] = self.planes[1][hy : hy + HEIGHT // 2, hx : hx + WIDTH // 2]
        canvas.v[:] = self.planes[2][hy : hy + HEIGHT // 2, hx : hx + WIDTH // 2]


@lru_cache(maxsize=1)
def _noise() -> tuple[Field, Field]:
    rng = np.random.default_rng(7)
    return (
        (rng.standard_normal((_H, _W), np.float32) * 0.9).astype(np.float32),
        (rng.standard_normal((_H // 2, _W // 2), np.float32) * 0.55).astype(np.float32),
    )


def _falloff(cx: float, cy: float, radius: float) -> Field:
    """Light that reaches exactly zero at its radius, on the quarter-size grid."""
    xs = (np.arange(_W // 4, dtype=np.float32) - cx / 4) / (radius / 4)
    ys = (np.arange(_H // 4, dtype=np.float32) - cy / 4) / (radius / 4)
    r2 = ys[:, None] ** 2 + xs[None, :] ** 2
    return cast(Field, np.clip(1 - r2, 0, 1) ** 2.4)


def _field(base: RGB, pools: list[tuple[Field, RGB, float]]) -> Field:
    art = np.empty((_H // 4, _W // 4, 3), np.float32)
    art[:] = base
    for mask, rgb, strength in pools:
        share = (mask * strength)[..., None]
        art += (np.array(rgb, np.float32) - art) * share
    return art


def soft_planes(field: Field) -> tuple[Plane, Plane, Plane]:
    """Dithered full-size planes of a quarter-size RGB field."""
    r, g, b = field[..., 0], field[..., 1], field[..., 2]
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    full, half = _noise()
    planes = []
    for plane, size, noise in (
        (16 + 219 * luma, (_W, _H), full),
        (128 + 224 * (b - luma) / 1.8556, (_W // 2, _H // 2), half),
        (128 + 224 * (r - luma) / 1.5748, (_W // 2, _H // 2), half),
    ):
        big = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
        planes.append(np.clip(cv2.add(big, noise) + 0.5, 16, 240).astype(np.uint8))
    return planes[0], planes[1], planes[2]


@lru_cache(maxsize=10)
def plate(kit: Kit, ground: str, motif: str, seed: int) -> Plate:
    """Background of a kit; the seed moves the light and the motif."""
    colours, rng = kit.colours, np.random.default_rng(seed)
    g = colours.ground(ground)
    side = 1 if rng.random() < 0.6 else 0
    lx = _W * (0.62 + 0.22 * rng.random()) if side else _W * (0.16 + 0.2 * rng.random())
    ly = _H * (0.06 + 0.2 * rng.random())
    light = _falloff(lx, ly, 1350)
    counter = _falloff(_W - lx, _H * 1.02, 1150)
    xs, ys = np.linspace(-1, 1, _W // 4, dtype=np.float32), np.linspace(-1, 1, _H // 4, dtype=np.float32)
    edge = np.clip((xs[None, :] ** 2 * 0.75 + ys[:, None] ** 2 * 0.6) - 0.28, 0, 1).astype(np.float32)
    if ground == "paper":
        pools = [(light, colours.white, 0.75), (counter, mix(g.bg, colours.accent, 0.3), 0.35),
                 (edge, mix(g.bg, colours.ink, 0.35), 0.16)]  # fmt: skip
    elif ground == "brand":
        pools = [(light, mix(g.bg, colours.brand, 0.75), 0.8), (counter, mix(g.bg, colours.ink, 0.65), 0.5),
                 (edge, colours.ink, 0.38)]  # fmt: skip
    else:
        pools = [(light, mix(g.bg, colours.brand, 0.62), 0.62), (counter, mix(g.bg, colours.accent, 0.32), 0.34),
                 (edge, mix(colours.ink, (0, 0, 0), 0.3), 0.5)]  # fmt: skip
    planes = soft_planes(_field(g.bg, pools))
    _motif(planes, g, motif, rng, lx, ly)
    return Plate(*planes)


def _motif(
    planes: tuple[Plane, Plane, Plane], g: Ground, motif: str, rng: np.random.Generator, lx: float, ly: float
) -> None:
    """Hairlines painted straight on the planes: luma only, a few levels off the ground."""
    step = 7 if g.dark else -6
    base = int(yuv(g.bg)[0])
    luma = planes[0]
    layer = np.zeros_like(luma)
    if motif == "arcs":
        cx, cy = round(lx), round(ly + 260)
        for r in range(220, 1500, 150):
            cv2.circle(layer, (cx, cy), r, 255, 2, cv2.LINE_AA)
    elif motif == "grid":
        for x in range(int(rng.integers(0, 96)), _W, 96):
            layer[:, x : x + 2] = 190
        for y in range(int(rng.integers(0, 96)), _H, 96):
            layer[y : y + 2] = 190
    elif motif == "dots":
        for y in range(24, _H, 42):
            for x in range(24, _W, 42):
                near = math.hypot((x - lx) / 900, (y - ly) / 700)
                if near < 1:
                    cv2.circle(layer, (x, y), 3, round(255 * (1 - near)), -1, cv2.LINE_AA)
    elif motif == "band":
        x = round(_W * (0.55 + 0.2 * rng.random()))
        for offset, width, level in ((0, 230, 120), (270, 60, 190)):
            points = np.array([(x + offset + 260, 0), (x + offset + width + 260, 0), (x + offset + width - 260, _H),
                               (x + offset - 260, _H)], np.int32)  # fmt: skip
            cv2.fillPoly(layer, [points], level, cv2.LINE_AA)
    elif motif == "topo":
        _topo(layer, rng)
    if base:
        shift = cv2.convertScaleAbs(layer, alpha=abs(step) / 255)
        (cv2.add if step > 0 else cv2.subtract)(luma, shift, dst=luma)


def _topo(layer: Plane, rng: np.random.Generator) -> None:
    small = cv2.resize(rng.random((7, 11)).astype(np.float32), (_W // 4, _H // 4), interpolation=cv2.INTER_CUBIC)
    for level in np.linspace(0.15, 0.85, 9):
        found, _ = cv2.findContours((small > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for line in found:
            if len(line) < 30:
                continue
            points = cv2.GaussianBlur(line[:, 0].astype(np.float32), (1, 15), 3)[3:-3] * 4
            cv2.polylines(layer, [np.round(points).astype(np.int32)], False, 220, 2, cv2.LINE_AA)
