"""Steps in a row: a traveller hops from one to the next as each is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from ytempire.media.studio.color import mix
from ytempire.media.studio.fonts import advance, metrics
from ytempire.media.studio.motion import back, bob, io3, ramp
from ytempire.media.studio.parts import badge, raised, readable
from ytempire.media.studio.shapes import blank, disc, paint
from ytempire.media.studio.sprite import Art, Canvas, Sprite, blit, flat, xblit
from ytempire.media.studio.stage import LEFT, RIGHT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.stroke import Stroke
from ytempire.media.studio.text import Block, fit, glyphs


@dataclass(frozen=True)
class _Step:
    x: float
    y: float
    start: float
    node: Sprite
    radius: int
    label: Block


@template("process")
def process(stage: Stage) -> Draw:
    scene, ground = stage.scene, stage.ground
    plate, title = stage.plate(), stage.title(scene.title)
    head = kicker(stage, LEFT + 2, TOP + 40)
    steps = _steps(stage)
    dot = flat(disc(5), mix(ground.bg, ground.fg, 0.3), trim=False)
    links = [Stroke([(a.x, a.y), (b.x, b.y)], 8, ground.key if ground.dark else ground.alt) for a, b in pairwise(steps)]
    ball = raised(paint(blank(56, 56), disc(28), ground.key), stage.colours.ink, 8, 0.3, 2, 8)
    trail = [(a.x + (b.x - a.x) * k / 9, a.y + (b.y - a.y) * k / 9) for a, b in pairwise(steps) for k in range(1, 9)]

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, TOP + 78, 4)
        for i, (x, y) in enumerate(trail):
            blit(canvas, dot, x - 5, y - 5, ramp(frame, 8 + i * 0.5, 8))
        for i, link in enumerate(links):
            link.draw(canvas, io3(ramp(frame, steps[i + 1].start - 12, 20)))
        for i, step in enumerate(steps):
            pop = ramp(frame, step.start, 16)
            hover = bob(frame, 120, i * 0.22) * 4 if pop >= 1 else 0.0
            if 0 < pop < 1:
                xblit(
                    canvas,
                    step.node,
                    step.x,
                    step.y,
                    back(pop, 1.4),
                    pivot=(step.radius - step.node.dx, step.radius - step.node.dy),
                )
            elif pop >= 1:
                blit(canvas, step.node, step.x - step.radius, step.y - step.radius + hover)
            step.label.draw(canvas, frame, step.x - step.label.width / 2, step.y + step.radius + 44, step.start + 6, 1)
        _traveller(canvas, frame, steps, ball)

    return draw


def _steps(stage: Stage) -> list[_Step]:
    scene, c = stage.scene, stage.colours
    items = scene.items[:6]
    count = max(1, len(items))
    radius = 140 if count <= 3 else 120 if count == 4 else 98
    span = (RIGHT - LEFT) / count
    fills = (c.deep if not stage.ground.dark else c.brand, c.accent, c.brand, c.acc2, c.acc3, c.accent)
    steps = []
    last = 0.0
    gap = max(22.0, min(60.0, (scene.frames - 60) / count))
    for i, item in enumerate(items):
        fill = fills[i % len(fills)]
        if item.picture:
            art = badge(stage, item.picture, radius * 2, fill, c.white)
        else:
            art = _numbered(stage, i + 1, radius, fill)
        node = raised(art, c.ink, 14, 0.3, 4, 12)
        how = stage.style(stage.type.label(40), 1.16)
        start = max(stage.start(i, 16, gap), last + 16 if i else 12.0)
        last = start
        text = fit(item.label, how, (46, 42, 38, 34, 30), span - 36, 4, 170, "center")
        y = 510 - (44 if i % 2 else -20)
        steps.append(_Step(LEFT + span * (i + 0.5), y, start, node, radius, text))
    return steps


def _numbered(stage: Stage, number: int, radius: int, fill: tuple[float, float, float]) -> Art:
    art = paint(paint(blank(radius * 2, radius * 2), disc(radius), stage.colours.white), disc(radius - 8), fill, 8, 8)
    font = stage.type.numeral(round(radius * 1.0))
    drawn = glyphs(str(number), font, readable(stage, fill))
    x = radius - advance(str(number), font) / 2 + drawn.dx
    y = radius + metrics(font)[0] / 2 + drawn.dy
    return paint(art, drawn.a, readable(stage, fill), round(x), round(y))


def _traveller(canvas: Canvas, frame: float, steps: list[_Step], ball: Sprite) -> None:
    """The ball on its way along the steps, hopping between two of them and resting on the last reached."""
    if not steps or frame < steps[0].start + 10:
        return
    x, y, hop = steps[0].x, steps[0].y - steps[0].radius - 30, 0.0
    for a, b in pairwise(steps):
        t = io3(ramp(frame, b.start - 12, 24))
        if t > 0:
            x, y = a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t - a.radius - 30
            hop = math.sin(math.pi * t) * 90
    rest = bob(frame, 40) * 5
    blit(canvas, ball, x - 28, y - 28 - hop + rest)
