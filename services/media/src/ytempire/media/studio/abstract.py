"""Abstract moving figures for sentences without a drawn object; each film shows each at most once."""

from __future__ import annotations

import math

from ytempire.media.studio.color import RGB, mix
from ytempire.media.studio.motion import back, bob, expo, io3, ramp
from ytempire.media.studio.shapes import disc, ring, solid
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat, xblit
from ytempire.media.studio.stage import Draw, Stage
from ytempire.media.studio.stroke import Stroke, arc, united

FIGURES = ("art:rings", "art:bubbles", "art:steps", "art:weave", "art:pulse")


def figure(stage: Stage) -> Draw:
    """The figure that the scene's picture names, else the rings."""
    made = {"art:bubbles": _bubbles, "art:steps": _steps, "art:weave": _weave, "art:pulse": _pulse}
    return made.get(stage.scene.picture, _rings)(stage)


def _tones(stage: Stage) -> tuple[RGB, RGB, RGB]:
    """Key colour, second colour and a soft third that read on the ground."""
    g, c = stage.ground, stage.colours
    second = mix(g.bg, c.white, 0.32) if g.name == "brand" else c.brand
    return g.key, second, mix(g.bg, g.fg, 0.16)


def _rings(stage: Stage) -> Draw:
    """Open rings that bleed off the frame, with two bodies travelling along them."""
    key, second, soft = _tones(stage)
    turn = 40 * (stage.scene.seed % 9)
    cx, cy = 1780, 470
    rings = [
        Stroke(arc(cx, cy, 430, turn, turn + 250), 46, second),
        Stroke(arc(cx, cy, 336, turn + 120, turn + 350), 30, key),
        Stroke(arc(cx, cy, 262, turn - 40, turn + 260), 14, soft),
        Stroke(arc(cx, cy, 520, turn + 60, turn + 340), 6, soft),
    ]
    settled = united(rings)
    planet, moon = flat(disc(34), key, trim=False), flat(disc(20), stage.ground.fg, trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        if frame >= 64:
            blit(canvas, settled, 0, 0)
        else:
            for i, stroke in enumerate(rings):
                stroke.draw(canvas, io3(ramp(frame, 4 + 5 * i, 44)))
        x, y = arc(cx, cy, 520, turn + 60, turn + 62 + 280 * io3(ramp(frame, 19, 90)) + frame * 0.3)[-1]
        blit(canvas, planet, x - 34, y - 34, ramp(frame, 10, 10))
        x, y = arc(cx, cy, 262, turn, turn - 42 - frame * 0.5)[-1]
        blit(canvas, moon, x - 20, y - 20, ramp(frame, 20, 10))

    return draw


def _bubbles(stage: Stage) -> Draw:
    """Discs of many sizes that rise together and hang in the air."""
    tones = (*_tones(stage), stage.colours.acc2, stage.colours.acc3)
    rng = stage.rng
    found: list[tuple[float, float, float]] = [(1560, 430, 170)]
    for _ in range(900):
        r = 26 + rng.random() ** 2 * 90
        x, y = 1260 + rng.random() * 620, 110 + rng.random() * 700
        if all(math.hypot(x - a, y - b) > r + q + 16 for a, b, q in found):
            found.append((float(x), float(y), float(r)))
        if len(found) == 16:
            break
    balls = [(flat(disc(r), tones[i % 5], trim=False), x, y, r) for i, (x, y, r) in enumerate(found)]

    def draw(canvas: Canvas, frame: float) -> None:
        for i, (ball, x, y, r) in enumerate(balls):
            t = expo(ramp(frame, 3 * i, 34))
            if t > 0:
                lift = (1 - t) * (900 - y * 0.4)
                blit(canvas, ball, x - r, y - r + lift + bob(frame, 100 + 6 * i, i * 0.13) * 12)

    return draw


def _steps(stage: Stage) -> Draw:
    """Columns that grow to the right, each with a cap that rides on it."""
    key, second, soft = _tones(stage)
    count, width, gap = 7, 76, 22
    x0 = 1900 - count * (width + gap)
    bars = [
        (solid(width, 150 + i * 92, stage.radius(14), key if i == count - 1 else second if i % 2 else soft), i)
        for i in range(count)
    ]
    cap = flat(disc(20), stage.ground.fg, trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        for bar, i in bars:
            t = io3(ramp(frame, 4 + 5 * i, 30))
            wave = bob(frame, 90, -i * 0.1) * 10 * ramp(frame, 60, 30)
            x, y = x0 + i * (width + gap), 850 - bar.height * t + wave
            if t > 0:
                blit(canvas, bar, x, y, clip=(0, 0, 1920, 850))
                blit(canvas, cap, x + width / 2 - 20, y - 58 + bob(frame, 60, -i * 0.12) * 6, t)

    return draw


def _weave(stage: Stage) -> Draw:
    """A field of dots through which a wave passes."""
    key, second, soft = _tones(stage)
    sizes: dict[tuple[int, int], Sprite] = {}
    tones = (soft, second, key)
    for tone in range(3):
        for size in range(3, 19):
            sizes[tone, size] = flat(disc(size), tones[tone], trim=False)
    grid = [(1270 + 62 * i, 150 + 62 * j, i, j) for i in range(11) for j in range(11)]

    def draw(canvas: Canvas, frame: float) -> None:
        for x, y, i, j in grid:
            t = ramp(frame, 2 + i + j, 14)
            if t <= 0:
                continue
            swell = math.sin(frame / 15 - (i * 0.55 + j * 0.35))
            size = max(3, min(18, round(9 + 8 * swell) if t >= 1 else round(9 * t)))
            dot = sizes[2 if swell > 0.72 else 1 if swell > 0 else 0, size]
            blit(canvas, dot, x - dot.width / 2, y - dot.height / 2)

    return draw


def _pulse(stage: Stage) -> Draw:
    """Circles that widen from one point, like a drop in still water."""
    key, second, _ = _tones(stage)
    core, halo = flat(disc(96), key, trim=False), flat(disc(150), second, trim=False)
    waves = [flat(ring(r, 9), mix(stage.ground.bg, second, 1 - r / 620), trim=False) for r in range(190, 560, 60)]
    cx, cy = 1530, 480
    sat = flat(disc(24), stage.ground.fg, trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        for i, wave in enumerate(waves):
            t = ramp(frame, 12 + 6 * i, 18)
            level = t * (0.45 + 0.55 * max(0.0, math.sin(frame / 14 - i * 0.8)))
            blit(canvas, wave, cx - wave.width / 2, cy - wave.height / 2, level)
        pop = back(ramp(frame, 2, 18), 1.2)
        if pop < 0.999 or frame < 20:
            xblit(canvas, halo, cx, cy, pop)
            xblit(canvas, core, cx, cy, pop)
        else:
            blit(canvas, halo, cx - 150, cy - 150)
            blit(canvas, core, cx - 96, cy - 96)
        for k in range(3):
            a = frame / 40 + k * 2.1
            blit(canvas, sat, cx + 250 * math.cos(a) - 24, cy + 250 * math.sin(a) - 24, ramp(frame, 24 + 8 * k, 10))

    return draw
