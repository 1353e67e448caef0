"""A ship crosses the sea before a low sun."""

from __future__ import annotations

import numpy as np

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sets.common import sky, waves
from ytempire.media.studio.shapes import blank, disc, lay, paint, polygons, polyline, rounded
from ytempire.media.studio.sprite import Art, Canvas, blit, flat, float_blit, sprite
from ytempire.media.studio.stage import Draw, Stage

_SHEET = 2560
"""Width of a sheet of water: what drifts by in the longest scene and the frame."""


def sea(stage: Stage) -> Draw:
    c = stage.colours
    warm = mix(c.accent, c.white, 0.25)
    heaven = sky(
        mix(c.night.bg, c.ink, 0.3),
        mix(c.night.bg, c.brand, 0.4),
        mix(c.accent, c.night.bg, 0.35),
        1330,
        560,
        1050,
        0.85,
    )
    sun = flat(disc(235), warm, trim=False)
    ship = sprite(_ship(stage), trim=False)
    bars = [
        (flat(rounded(w, 14, 7), mix(c.night.bg, warm, share), trim=False), x, y, speed)
        for w, x, y, share, speed in (
            (420, 1240, 210, 0.35, 0.3),
            (300, 980, 262, 0.28, 0.5),
            (360, 1500, 330, 0.45, 0.4),
            (200, 1180, 420, 0.6, 0.6),
        )
    ]
    tones = [mix(c.deep, c.ink, s) for s in (0.05, 0.3, 0.52, 0.74)]
    sheets = [
        (flat(waves(h, crest, length, 1.3 * i, _SHEET), tone, trim=False), y, speed, sway)
        for i, (h, crest, length, y, tone, speed, sway) in enumerate(
            (
                (330, 14, 420, 752, tones[0], 0.4, 5),
                (300, 20, 520, 796, tones[1], 0.9, 7),
                (240, 26, 620, 846, tones[2], 1.5, 8),
                (180, 30, 800, 924, tones[3], 2.0, 9),
            )
        )
    ]
    glints = flat(rounded(150, 8, 4), warm, trim=False)
    gull = flat(polyline(64, 26, [(3, 18), (16, 6), (31, 18), (46, 6), (61, 18)], 4), c.white)

    def draw(canvas: Canvas, frame: float) -> None:
        heaven.draw(canvas, frame, 0.5)
        lift = expo(ramp(frame, 0, 44))
        float_blit(canvas, sun, 1330 - 235, 380 + (1 - lift) * 260 - frame * 0.12)
        for bar, bar_x, y, speed in bars:
            blit(canvas, bar, bar_x - frame * speed, y)
        for i in range(3):
            blit(
                canvas,
                gull,
                1560 + i * 90 - frame * 1.6,
                300 - i * 34 + bob(frame, 60, i * 0.3) * 10,
                ramp(frame, 20, 12),
            )
        for i, (sheet, level, pace, sway) in enumerate(sheets):
            if i == 2:
                x = 760 + (1 - expo(ramp(frame, 4, 60))) * 1300 - frame * 0.5
                float_blit(canvas, ship, x, 560 + bob(frame, 110) * 6)
            blit(canvas, sheet, -min(_SHEET - 1930.0, 40 + frame * pace), level + bob(frame, 100, i * 0.23) * sway)
            if i == 0:
                for k in range(4):
                    blit(canvas, glints, 1250 + 30 * bob(frame, 80, k * 0.37) + k * 6, 800 + k * 22, 0.5)

    return draw


def _ship(stage: Stage) -> Art:
    """A container ship of 1,040 px with her boxes in the channel's colours."""
    c, rng = stage.colours, np.random.default_rng(stage.scene.seed)
    art = blank(1060, 330)
    tones = (c.accent, c.brand, c.acc2, c.white, c.acc3, mix(c.accent, c.ink, 0.3), mix(c.brand, c.white, 0.4))
    for column in range(21):
        if column in (13, 14):
            continue
        rows = 4 + int(rng.integers(0, 3)) - (2 if column > 17 or column < 2 else 0)
        for row in range(rows):
            tone = tones[int(rng.integers(0, len(tones)))]
            paint(art, rounded(41, 21, 2), tone, 78 + column * 43, 214 - row * 23)
            paint(art, rounded(3, 15, 0), c.ink, 78 + column * 43 + 13, 217 - row * 23, 0.16)
            paint(art, rounded(3, 15, 0), c.ink, 78 + column * 43 + 26, 217 - row * 23, 0.16)
    paint(art, rounded(74, 190, 4), c.white, 640, 46)
    paint(art, rounded(104, 16, 3), c.ink, 626, 40)
    for i in range(3):
        paint(art, rounded(54, 8, 2), mix(c.white, c.ink, 0.4), 650, 80 + i * 34)
    hull = polygons(1060, 100, [[(30, 0), (1050, 0), (980, 96), (92, 96)]])
    layer = blank(1060, 100)
    paint(layer, hull, mix(c.deep, c.ink, 0.62))
    stripe = hull.copy()
    stripe[:66] = 0
    paint(layer, stripe, mix(c.accent, c.ink, 0.25))
    return lay(art, layer, 0, 232)
