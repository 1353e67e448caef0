"""A share as an arc of a ring, with the figure in its middle."""

from __future__ import annotations

import math

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, io3, ramp
from ytempire.media.studio.parts import picture, raised
from ytempire.media.studio.shapes import blank, disc, paint, ring
from ytempire.media.studio.sprite import Canvas, blit, float_blit, sprite
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, source_note, template
from ytempire.media.studio.storyboard import Number
from ytempire.media.studio.stroke import Stroke, arc
from ytempire.media.studio.text import Counter, label


@template("dial")
def dial(stage: Stage) -> Draw:
    scene, ground, colours = stage.scene, stage.ground, stage.colours
    shown = scene.number or Number(value=0, suffix="%")
    plate = stage.plate()
    text = f"{scene.title} … {scene.body}" if scene.title and scene.body else scene.title or scene.body
    title = stage.headline(text, (96, 86, 76, 66), 760, 6, 500)
    top = TOP + 60 + max(0, (BOTTOM - TOP - 60 - title.height) // 2)
    head = kicker(stage, LEFT + 4, top - 44)
    note = source_note(stage, LEFT + 2, BOTTOM + 2, 60)
    cx, cy, radius, width = 1400, 490, 330, 74
    side = 2 * (radius + width)
    face = paint(
        blank(side, side),
        disc(radius + width / 2 + 22),
        mix(ground.bg, colours.ink, 0.32),
        width // 2 - 22,
        width // 2 - 22,
    )
    paint(face, ring(radius + width / 2, width), mix(ground.bg, ground.fg, 0.13), width // 2, width // 2)
    base = raised(face, colours.ink, 24, 0.3, 8, 20)
    sweep = Stroke(arc(cx, cy, radius, 0, 360 * min(1.0, shown.value / 100)), width, ground.key)
    ticks = [(cx + 262 * math.sin(math.radians(a)), cy - 262 * math.cos(math.radians(a))) for a in range(0, 360, 15)]
    tick = sprite(paint(blank(8, 8), disc(4), mix(ground.bg, ground.fg, 0.4)), trim=False)
    counter = Counter(stage.type.condensed(190), ground.fg, shown.decimals, shown.prefix)
    sign = stage.type.numeral(84)
    thing = sprite(picture(stage, scene.picture, 120, ground.fg, ground.key), trim=False) if scene.picture else None
    total = counter.width(shown.value) + 84
    drop = 60 if thing else 0

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        rise = expo(ramp(frame, 0, 20))
        blit(canvas, base, cx - side / 2, cy - side / 2 + (1 - rise) * 140, min(1.0, rise * 1.4))
        for i, (x, y) in enumerate(ticks):
            blit(canvas, tick, x - 4, y - 4, ramp(frame, 10 + i * 0.6, 6))
        sweep.draw(canvas, io3(ramp(frame, 14, 44)))
        t = expo(ramp(frame, 12, 44))
        x = cx - total / 2
        y = cy + counter.cap / 2 + drop
        counter.draw(canvas, x, y, shown.value * t if t < 1 else shown.value, ramp(frame, 10, 8))
        label(
            canvas,
            shown.suffix,
            sign,
            ground.key,
            x + counter.width(shown.value) + 12,
            y - counter.cap + 60,
            ramp(frame, 30, 10),
        )
        if thing:
            float_blit(canvas, thing, cx - 60, cy - 190 + bob(frame, 110) * 8, ramp(frame, 24, 10))
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, top, 8)
        note(canvas, frame)

    return draw
