"""Hills at night: a moon, firs, and one house with a light on."""

from __future__ import annotations

import numpy as np

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sets.common import blurred, parallax, pine, ridge, rise, sky, stars
from ytempire.media.studio.shapes import blank, disc, paint, polygons, rounded
from ytempire.media.studio.sprite import Art, Canvas, blit, flat, float_blit, sprite
from ytempire.media.studio.stage import Draw, Stage


def hills(stage: Stage) -> Draw:
    c, rng, frames = stage.colours, np.random.default_rng(stage.scene.seed), stage.scene.frames
    far = mix(c.deep, c.brand, 0.35)
    heaven = sky(mix(c.night.bg, c.ink, 0.2), mix(c.deep, c.brand, 0.25), mix(far, c.white, 0.25), 1390, 330, 900, 0.75)
    moon = sprite(_moon(stage), trim=False)
    points = stars(rng, 46, c.white, 560)
    layers = [
        (flat(ridge(h, rng, rough, base), tone, trim=False), y, factor, start, amount)
        for h, rough, base, y, tone, factor, start, amount in (
            (420, 0.9, 0.42, 560, mix(far, c.night.bg, 0.35), 0.6, 0, 180),
            (380, 0.7, 0.5, 680, mix(c.deep, c.ink, 0.42), 1.1, 3, 240),
            (300, 0.55, 0.5, 820, mix(c.deep, c.ink, 0.72), 1.6, 6, 300),
        )
    ]
    house = sprite(_house(stage), trim=False)
    dark = mix(c.night.bg, c.ink, 0.75)
    firs = [(flat(pine(w, h), dark, trim=False), x, y) for w, h, x, y in (
        (150, 290, 1040, 560), (120, 220, 1500, 640), (170, 330, 1590, 560), (110, 200, 1130, 660))]  # fmt: skip
    front = flat(blurred(pine(460, 900), 14), mix(c.ink, c.night.bg, 0.25), trim=False)
    front_left = flat(blurred(pine(420, 760), 16), mix(c.ink, c.night.bg, 0.25), trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        heaven.draw(canvas, frame, 0.4)
        for dot, x, y, phase in points:
            blit(canvas, dot, x, y, 0.55 + 0.45 * bob(frame, 70, phase))
        lift = expo(ramp(frame, 0, 40))
        float_blit(canvas, moon, 1390 - 260 + parallax(frame, frames, 0.4), 70 + (1 - lift) * 200 - frame * 0.1)
        for i, (hill, y, factor, start, amount) in enumerate(layers):
            shift = parallax(frame, frames, factor)
            if i == 2:
                lower = rise(frame, 5, 260)
                blit(canvas, house, 1200 + shift, 596 + lower)
                for fir, x, fy in firs:
                    blit(canvas, fir, x + shift, fy + 20 + lower)
            blit(canvas, hill, -60 + shift, y + rise(frame, start, amount))
        blit(canvas, front, 1620 + parallax(frame, frames, 2.6), 330 + rise(frame, 8, 300))
        blit(canvas, front_left, -330 + parallax(frame, frames, 2.2), 480 + rise(frame, 8, 300))

    return draw


def _moon(stage: Stage) -> Art:
    c = stage.colours
    pale = mix(c.accent, c.white, 0.72)
    art = blank(520, 520)
    paint(art, disc(258), pale, 2, 2, 0.10)
    paint(art, disc(216), pale, 44, 44, 0.16)
    paint(art, disc(176), pale, 84, 84)
    for x, y, r in ((190, 180, 34), (300, 230, 46), (220, 300, 24), (330, 150, 18), (170, 260, 14)):
        paint(art, disc(r), mix(pale, c.accent, 0.22), x, y)
    return art


def _house(stage: Stage) -> Art:
    c = stage.colours
    art = blank(300, 300)
    wall = mix(c.night.bg, c.ink, 0.35)
    paint(art, polygons(300, 300, [[(30, 130), (150, 26), (270, 130)]]), mix(c.ink, c.night.bg, 0.1))
    paint(art, rounded(34, 70, 2), mix(c.ink, c.night.bg, 0.1), 206, 36)
    paint(art, rounded(200, 160, 3), wall, 50, 128)
    glow = mix(c.accent, c.white, 0.2)
    for r, share in ((92, 0.08), (66, 0.14), (46, 0.2)):
        paint(art, disc(r), glow, 150 - r, 196 - r, share)
    for i in range(3):
        paint(art, rounded(24, 50, 2), glow, 108 + i * 30, 172)
    return art
