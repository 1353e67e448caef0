"""Fields under a low sun, with turbines that turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sets.common import WIDE, blurred, parallax, ridge, rise, sky
from ytempire.media.studio.shapes import disc, polygons, rounded
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat, float_blit, xblit
from ytempire.media.studio.stage import Draw, Stage


def field(stage: Stage) -> Draw:
    c, rng, frames = stage.colours, np.random.default_rng(stage.scene.seed), stage.scene.frames
    heaven = sky(
        mix(c.night.bg, c.ink, 0.1), mix(c.deep, c.brand, 0.55), mix(c.accent, c.deep, 0.3), 1240, 620, 1100, 0.85
    )
    sun = flat(disc(190), mix(c.accent, c.white, 0.3), trim=False)
    layers = [
        (flat(ridge(h, rng, rough, base), tone, trim=False), y, factor, start)
        for h, rough, base, y, tone, factor, start in (
            (330, 0.7, 0.45, 640, mix(c.deep, c.brand, 0.35), 0.5, 0),
            (330, 0.5, 0.55, 730, mix(c.deep, c.ink, 0.25), 0.9, 3),
            (300, 0.4, 0.6, 820, mix(c.deep, c.ink, 0.55), 1.4, 6),
        )
    ]
    furrow = flat(_furrows(), mix(c.accent, c.deep, 0.55), trim=False)
    white = mix(c.white, c.deep, 0.12)
    turbines = [
        (flat(_mast(h), white, trim=False), flat(_blades(r), white, trim=False), x, y, h, speed)
        for h, r, x, y, speed in ((460, 150, 1560, 450, 2.1), (380, 110, 1770, 540, 2.7), (300, 90, 1130, 590, 3.1))
    ]
    grass = flat(blurred(_grass(rng), 7), mix(c.ink, c.deep, 0.2), trim=False)
    clouds = [
        (flat(rounded(w, 22, 11), mix(c.deep, c.white, 0.3), trim=False), x, y, s)
        for w, x, y, s in ((330, 1200, 200, 0.4), (220, 1480, 250, 0.6), (260, 900, 300, 0.5))
    ]

    def draw(canvas: Canvas, frame: float) -> None:
        heaven.draw(canvas, frame, 0.4)
        lift = expo(ramp(frame, 0, 44))
        float_blit(canvas, sun, 1240 - 190, 430 + (1 - lift) * 240 - frame * 0.15)
        for cloud, x, y, speed in clouds:
            blit(canvas, cloud, x - frame * speed, y, 0.7)
        for i, (hill, y, factor, start) in enumerate(layers):
            shift, lower = parallax(frame, frames, factor), rise(frame, start, 220)
            if i == 1:
                _turn(canvas, turbines, frame, shift, lower)
            blit(canvas, hill, -60 + shift, y + lower)
            if i == 2:
                blit(canvas, furrow, 620 + shift, 880 + lower, 0.6)
        blit(canvas, grass, -100 + parallax(frame, frames, 2.4), 950 + rise(frame, 8, 200) + bob(frame, 90) * 4)

    return draw


def _turn(
    canvas: Canvas,
    turbines: list[tuple[Sprite, Sprite, int, int, int, float]],
    frame: float,
    shift: float,
    lower: float,
) -> None:
    for mast, blades, x, y, _, speed in turbines:
        blit(canvas, mast, x - mast.width / 2 + shift, y + lower)
        xblit(canvas, blades, x + shift, y + lower, 1.0, frame * speed + x)


def _mast(height: int) -> npt.NDArray[np.uint8]:
    return polygons(24, height, [[(8, 0), (16, 0), (21, height), (3, height)]])


def _blades(radius: int) -> npt.NDArray[np.uint8]:
    side = radius * 2
    shapes = [[(radius + 7 * np.cos(a), radius + 7 * np.sin(a)) for a in np.linspace(0, 6.28, 16)]]
    for k in range(3):
        a = k * 2 * np.pi / 3
        along, across = np.array((np.sin(a), -np.cos(a))), np.array((np.cos(a), np.sin(a)))
        centre = np.array((radius, radius))
        shapes.append(
            [
                tuple(centre + along * d * radius + across * w)
                for d, w in ((0, -3), (0.2, -9), (0.98, -1), (0.98, 1), (0, 4))
            ]
        )
    return polygons(side, side, shapes)


def _furrows() -> npt.NDArray[np.uint8]:
    shapes = []
    for k in range(9):
        x0, x1 = 400 + (k - 4) * 30, 400 + (k - 4) * 230
        shapes.append([(x0, 0), (x0 + 5, 0), (x1 + 34, 200), (x1, 200)])
    return polygons(900, 200, shapes, 2)


def _grass(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    shapes = []
    for x in range(0, WIDE, 22):
        h, lean = 60 + rng.random() * 110, rng.random() * 40 - 20
        shapes.append([(x, 200), (x + 14, 200), (x + 7 + lean, 200 - h)])
    return polygons(WIDE, 200, shapes, 2)
