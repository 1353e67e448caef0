"""A series over years: the curve draws itself and its value travels with it."""

from __future__ import annotations

import math

import numpy as np

from ytempire.media.studio.color import RGB, mix
from ytempire.media.studio.fonts import advance
from ytempire.media.studio.motion import bob, io3, ramp
from ytempire.media.studio.shapes import disc, gradient, polygons, polyline, smooth, solid
from ytempire.media.studio.sprite import Canvas, blit, flat, sprite
from ytempire.media.studio.stage import BOTTOM, LEFT, RIGHT, TOP, Draw, Stage, kicker, source_note, template
from ytempire.media.studio.storyboard import Number
from ytempire.media.studio.text import Counter, label


@template("line")
def line(stage: Stage) -> Draw:
    scene, ground = stage.scene, stage.ground
    plate, title = stage.plate(), stage.title(scene.title)
    head = kicker(stage, LEFT + 2, TOP + 40)
    top = TOP + 78
    x0, x1 = LEFT + 110, RIGHT - 130
    y0, y1 = round(top + title.height + 130), BOTTOM - 86
    values = [i.number.value if i.number else i.value or 0.0 for i in scene.items]
    first = scene.items[0].number if scene.items else None
    shown = first or Number(value=0)
    peak = _nice(max(values, default=1.0))
    xs = np.linspace(x0, x1, max(2, len(values)))
    ys = [y1 - (v / peak) * (y1 - y0) for v in (values or [0, 0])]
    curve = smooth(xs.tolist(), ys if len(ys) > 1 else ys * 2, 240)
    local = [(float(px) - x0, float(py) - y0 + 12) for px, py in curve]
    width, height = x1 - x0 + 8, y1 - y0 + 24
    colour = ground.alt
    stroke = flat(polyline(width, height, local, 7), colour, trim=False)
    under = polygons(width, height, [[*local, (x1 - x0, height - 12), (0, height - 12)]], 2)
    area = sprite(
        gradient(width, height, mix(ground.bg, colour, 0.36), mix(ground.bg, colour, 0.04), under), trim=False
    )
    dot, halo = flat(disc(13), ground.key, trim=False), flat(disc(30), ground.key, trim=False)
    counter = Counter(stage.type.label(56), ground.fg, shown.decimals, shown.prefix, shown.suffix)
    grid = _grid(stage, peak, shown, x0, x1, y0, y1)
    note = source_note(stage, LEFT + 2, BOTTOM + 14, 60)
    end = min(130.0, scene.frames * 0.66)
    at_y = np.asarray(curve[:, 1])

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, top, 4)
        grid(canvas, frame)
        t = io3(ramp(frame, 20, end - 20))
        edge = round((x0 + (x1 - x0) * t) / 2) * 2
        blit(canvas, area, x0, y0 - 12, clip=(0, 0, edge, 1080))
        blit(canvas, stroke, x0, y0 - 12, clip=(0, 0, edge + 2, 1080))
        if frame < 18:
            return
        y = float(np.interp(edge, curve[:, 0], at_y))
        value = (y1 - y) / (y1 - y0) * peak if t < 1 else (values or [0.0])[-1]
        blit(canvas, halo, edge - 30, y - 30, 0.26 + 0.12 * bob(frame, 50))
        blit(canvas, dot, edge - 13, y - 13)
        w = counter.width(value)
        counter.draw(canvas, min(RIGHT - w, edge - w / 2), y - 46, value)
        note(canvas, frame)

    return draw


def _nice(peak: float) -> float:
    """A round number at or a little above the peak."""
    if peak <= 0:
        return 1.0
    unit = float(10 ** math.floor(math.log10(peak)))
    return next(m * unit for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * unit >= peak * 0.999)


def _grid(stage: Stage, peak: float, shown: Number, x0: int, x1: int, y0: int, y1: int) -> Draw:
    ground, font = stage.ground, stage.type.mono(24)
    hair: RGB = mix(ground.bg, ground.fg, 0.14)
    rule, base = solid(x1 - x0, 2, 0, hair), solid(x1 - x0, 3, 0, ground.mut)
    labels = [i.label for i in stage.scene.items]
    every = max(1, math.ceil(len(labels) / 8))
    unit = stage.scene.unit
    lead = round(peak / 10 ** math.floor(math.log10(peak)), 3)
    parts = {1: 4, 1.2: 4, 1.5: 3, 2: 4, 2.5: 5, 3: 3, 4: 4, 5: 5, 6: 3, 8: 4}.get(lead, 4)

    def draw(canvas: Canvas, frame: float) -> None:
        t = ramp(frame, 8, 12)
        for k in range(parts + 1):
            y = y1 - (y1 - y0) * k / parts
            blit(
                canvas,
                base if k == 0 else rule,
                x0,
                y,
                t,
                clip=(0, 0, round(x0 + (x1 - x0) * io3(ramp(frame, 6, 26))), 1080),
            )
            value = peak * k / parts
            text = f"{value:,.0f}" if peak >= 10 else f"{value:.1f}"
            label(canvas, text, font, ground.mut, x0 - 20 - advance(text, font), y + 9, t)
        for i, text in enumerate(labels):
            if i % every == 0 or i == len(labels) - 1:
                x = x0 + (x1 - x0) * i / max(1, len(labels) - 1)
                label(canvas, text, font, ground.mut, x - advance(text, font) / 2, y1 + 40, t)
        label(canvas, unit, stage.type.body(28), ground.mut, x0, y0 - 34, t)

    return draw
