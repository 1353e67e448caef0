"""A stack of boxes that drop into place, drawn in isometric view."""

from __future__ import annotations

import math

import numpy as np

from ytempire.media.studio.color import RGB, mix
from ytempire.media.studio.motion import back, bob, ramp
from ytempire.media.studio.sets.common import blurred
from ytempire.media.studio.shapes import blank, disc, paint, polygons
from ytempire.media.studio.sprite import Art, Canvas, Sprite, blit, flat, sprite
from ytempire.media.studio.stage import Draw, Stage

_L, _D, _H = 300.0, 122.0, 132.0
"""Length, depth and height of a box along the isometric axes, in pixels."""
_COS, _SIN = math.cos(math.radians(30)), math.sin(math.radians(30))


def blocks(stage: Stage) -> Draw:
    c, rng = stage.colours, np.random.default_rng(stage.scene.seed)
    plate = stage.plate("night")
    tones = (
        c.accent,
        c.brand,
        mix(c.acc2, c.white, 0.35),
        mix(c.accent, c.ink, 0.32),
        mix(c.brand, c.white, 0.45),
        c.acc3,
    )
    made = [sprite(box(tone, c.white, c.ink), trim=False) for tone in tones]
    places = [(row, level) for level in range(3) for row in range(3 - (level > 1))]
    stack: list[tuple[Sprite, float, float, float]] = []
    order = sorted(places, key=lambda p: (p[1], -p[0]))
    for i, (row, level) in enumerate(order):
        x = 1180 + row * _D * _COS * 1.06
        y = 470 + row * -_D * _SIN * 1.06 - level * (_H + 2) + 120
        stack.append((made[(i + int(rng.integers(0, 2))) % len(made)], x, y, 6 + 5 * i))
    stack.sort(key=lambda s: (s[3],))
    soft = flat(blurred(disc(300, 1)[::2].copy(), 40), c.ink, trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        blit(canvas, soft, 1080, 640, 0.5 * ramp(frame, 6, 20))
        for piece, x, y, start in stack:
            t = ramp(frame, start, 16)
            if t > 0:
                settle = bob(frame, 140) * 4 if frame > 70 else 0
                blit(canvas, piece, x, y - (1 - back(t, 1.1)) * 420 + settle, min(1.0, t * 3))

    return draw


def box(tone: RGB, light: RGB, ink: RGB) -> Art:
    """A ribbed container: a long side, an end and the top."""
    width, height = math.ceil((_L + _D) * _COS) + 4, math.ceil((_L + _D) * _SIN + _H) + 4
    art = blank(width, height)
    left = (2.0, _D * _SIN * 0 + _D * _SIN + 2)
    ax, ay = _L * _COS, _L * _SIN
    bx, by = _D * _COS, -_D * _SIN
    x, y = left

    def face(points: list[tuple[float, float]], rgb: RGB) -> None:
        paint(art, polygons(width, height, [points]), rgb)

    face([(x, y), (x + bx, y + by), (x + ax + bx, y + ay + by), (x + ax, y + ay)], mix(tone, light, 0.24))
    face([(x, y), (x + ax, y + ay), (x + ax, y + ay + _H), (x, y + _H)], tone)
    face(
        [(x + ax, y + ay), (x + ax + bx, y + ay + by), (x + ax + bx, y + ay + by + _H), (x + ax, y + ay + _H)],
        mix(tone, ink, 0.34),
    )
    ribs, ends = [], []
    for k in range(1, 22):
        t = k / 22
        px, py = x + ax * t, y + ay * t
        ribs.append([(px, py + 10), (px + 4, py + 12), (px + 4, py + _H - 8), (px, py + _H - 10)])
    for share in (0.27, 0.5, 0.73):
        px, py = x + ax + bx * share, y + ay + by * share
        ends.append([(px, py + 8), (px + 3, py + 7), (px + 3, py + _H - 9), (px, py + _H - 8)])
    paint(art, polygons(width, height, ribs), ink, opacity=0.17)
    paint(art, polygons(width, height, ends), ink, opacity=0.35)
    return art
