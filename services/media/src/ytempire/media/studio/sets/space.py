"""A ringed planet, a moon on its orbit, and a field of stars."""

from __future__ import annotations

import cv2
import numpy as np

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sets.common import parallax, sky, stars
from ytempire.media.studio.shapes import blank, disc, paint
from ytempire.media.studio.sprite import Art, Canvas, Plane, Sprite, blit, flat, float_blit, sprite
from ytempire.media.studio.stage import Draw, Stage


def space(stage: Stage) -> Draw:
    c, rng, frames = stage.colours, np.random.default_rng(stage.scene.seed), stage.scene.frames
    heaven = sky(
        mix(c.night.bg, c.ink, 0.6), mix(c.night.bg, c.deep, 0.3), mix(c.deep, c.brand, 0.5), 1350, 480, 1150, 0.7
    )
    points = stars(rng, 90, c.white, 1060)
    planet = sprite(_planet(stage), trim=False)
    back, front = (sprite(_ring(stage, half)) for half in (0, 1))
    moon = flat(disc(44), mix(c.acc2, c.white, 0.2), trim=False)
    shade = flat(disc(44), mix(c.night.bg, c.ink, 0.2), trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        heaven.draw(canvas, frame, 0.5)
        for dot, x, y, phase in points:
            blit(canvas, dot, x + parallax(frame, frames, 0.5 * phase), y, 0.6 + 0.4 * bob(frame, 70, phase))
        lift = (1 - expo(ramp(frame, 0, 44))) * 320
        x, y = 1450 + parallax(frame, frames, 0.8), 490 + lift + bob(frame, 160) * 6
        angle = 2 * np.pi * (frame / 260 + 0.12)
        mx, my = x + 500 * np.cos(angle), y + 150 * np.sin(angle) - 60 * np.cos(angle)
        behind = np.sin(angle) < 0
        if behind:
            _moon(canvas, moon, shade, mx, my)
        float_blit(canvas, back, x - 560, y - 300)
        float_blit(canvas, planet, x - 290, y - 290)
        float_blit(canvas, front, x - 560, y - 300)
        if not behind:
            _moon(canvas, moon, shade, mx, my)
        streak = (frame - 50) % 90
        if 0 <= streak < 16:
            for k in range(8):
                blit(canvas, points[0][0], 860 + streak * 26 - k * 9, 120 + streak * 11 - k * 4, 1 - k / 8)

    return draw


def _moon(canvas: Canvas, moon: Sprite, shade: Sprite, x: float, y: float) -> None:
    blit(canvas, moon, x - 44, y - 44)
    blit(canvas, shade, x - 32, y - 36, 0.28)


def _planet(stage: Stage) -> Art:
    c = stage.colours
    art = blank(580, 580)
    ball = disc(290)
    paint(art, ball, mix(c.accent, c.white, 0.1))
    for y, h, tone in (
        (110, 50, mix(c.accent, c.ink, 0.18)),
        (210, 26, mix(c.accent, c.white, 0.4)),
        (300, 74, mix(c.accent, c.acc3, 0.5)),
        (420, 40, mix(c.accent, c.ink, 0.25)),
    ):
        band = np.zeros_like(ball)
        band[y : y + h] = ball[y : y + h]
        paint(art, band, tone)
    # The night side: the same disc, moved, taken away from itself.
    moved = np.zeros_like(ball)
    moved[:, :-110] = ball[:, 110:]
    paint(art, np.asarray(cv2.subtract(ball, moved), np.uint8), c.ink, opacity=0.34)
    return art


def _ring(stage: Stage, half: int) -> Art:
    """One half of the rings: 0 behind the planet, 1 before it."""
    c = stage.colours
    art = blank(1120, 600)
    for a, width, tone in ((470, 36, mix(c.acc2, c.white, 0.3)), (412, 20, c.brand)):
        big = np.zeros((1200, 2240), np.uint8)
        cv2.ellipse(big, (1120, 600), (a * 2, round(a * 0.5)), -9, 0, 360, 255, width * 2, cv2.LINE_AA)
        mask = cv2.resize(big, (1120, 600), interpolation=cv2.INTER_AREA)
        slope = np.tan(np.radians(-9))
        ys, xs = np.mgrid[0:600, 0:1120]
        lower = (ys - 300) > slope * (xs - 560)
        part: Plane = np.where(lower if half else ~lower, mask, 0).astype(np.uint8)
        paint(art, part, tone, opacity=0.9)
    return art
