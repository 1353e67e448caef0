"""A city in three rows of buildings, with lights that go on and off."""

from __future__ import annotations

import numpy as np

from ytempire.media.studio.color import RGB, mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sets.common import WIDE, parallax, rise, sky, stars
from ytempire.media.studio.shapes import blank, disc, paint, rounded
from ytempire.media.studio.sprite import Art, Canvas, blit, flat, float_blit, sprite
from ytempire.media.studio.stage import Draw, Stage


def skyline(stage: Stage) -> Draw:
    c, rng, frames = stage.colours, np.random.default_rng(stage.scene.seed), stage.scene.frames
    heaven = sky(
        mix(c.night.bg, c.ink, 0.2), mix(c.deep, c.brand, 0.5), mix(c.accent, c.deep, 0.35), 1380, 640, 980, 0.8
    )
    sun = flat(disc(210), mix(c.accent, c.white, 0.2), trim=False)
    lit = mix(c.accent, c.white, 0.25)
    rows = [
        (sprite(_row(rng, h, tone, lit, share, low), trim=False), 1080 - h, factor, start)
        for h, tone, share, low, factor, start in (
            (620, mix(c.deep, c.brand, 0.25), 0.0, 0.35, 0.5, 0),
            (520, mix(c.deep, c.ink, 0.35), 0.16, 0.35, 1.0, 4),
            (380, mix(c.night.bg, c.ink, 0.45), 0.3, 0.4, 1.7, 8),
        )
    ]
    lamp = flat(rounded(12, 16, 2), lit, trim=False)
    lamps = [(1000 + rng.random() * 880, 760 + rng.random() * 250, rng.random()) for _ in range(26)]
    points = stars(rng, 22, c.white, 380)

    def draw(canvas: Canvas, frame: float) -> None:
        heaven.draw(canvas, frame, 0.4)
        for dot, x, y, phase in points:
            blit(canvas, dot, x, y, 0.5 + 0.4 * bob(frame, 80, phase))
        lift = expo(ramp(frame, 0, 44))
        float_blit(canvas, sun, 1380 - 210, 330 + (1 - lift) * 240 - frame * 0.12)
        for row, y, factor, start in rows:
            blit(canvas, row, -60 + parallax(frame, frames, factor), y + rise(frame, start, 260))
        shift = parallax(frame, frames, 1.7)
        for x, y, phase in lamps:
            on = bob(frame, 130, phase)
            if on > 0 and frame > 34:
                blit(canvas, lamp, x + shift, y, min(1.0, on * 3))

    return draw


def _row(rng: np.random.Generator, height: int, tone: RGB, lit: RGB, share: float, low: float) -> Art:
    """A row of towers: taller to the right, so that the text keeps its sky."""
    art = blank(WIDE, height)
    x = -20
    while x < WIDE:
        width = int(rng.integers(84, 190))
        reach = low + (1 - low) * min(1.0, max(0.0, (x - 500) / 1100))
        tall = round(height * reach * (0.55 + 0.45 * rng.random()))
        top = height - tall
        paint(art, rounded(width, tall + 4, 3), tone, x, top)
        if rng.random() < 0.3:
            paint(art, rounded(5, 60, 1), tone, x + width // 2, top - 56)
        if share:
            for wy in range(top + 22, height - 20, 34):
                for wx in range(x + 16, x + width - 20, 28):
                    if rng.random() < share:
                        paint(art, rounded(12, 16, 2), lit, wx, wy, 0.55 + 0.45 * float(rng.random()))
        x += width + int(rng.integers(4, 20))
    return art
