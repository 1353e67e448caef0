"""One step of several: its numeral as tall as the stage, what to do, and how far along it is."""

from __future__ import annotations

from ytempire.media.studio.color import mix
from ytempire.media.studio.fonts import advance, metrics
from ytempire.media.studio.motion import bob, expo, io3, ramp
from ytempire.media.studio.parts import hero
from ytempire.media.studio.shapes import disc, solid
from ytempire.media.studio.sprite import Canvas, blit, flat, float_blit
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.text import glyphs


@template("step")
def step(stage: Stage) -> Draw:
    """``number`` is the step, ``unit`` how many there are, ``items`` holds nothing."""
    scene, ground = stage.scene, stage.ground
    plate = stage.plate()
    index = round(scene.number.value) if scene.number else 1
    count = int(scene.unit) if scene.unit.isdigit() else index
    font = stage.type.condensed(560)
    numeral = glyphs(str(index), font, ground.key)
    wide = advance(str(index), font)
    x = LEFT + wide + 70
    room = 1090 - x if scene.picture else 1780 - x
    title = stage.headline(scene.title, (112, 100, 88, 76, 66, 58), max(500, room), 5, 470)
    middle = TOP + 50 + (BOTTOM - TOP - 110) / 2
    cap = metrics(font)[0]
    base = middle + cap / 2
    head = kicker(stage, x + 4, middle - title.height / 2 - 46, f"Step {index} of {count}")
    thing = hero(stage, scene.picture, 1470, 470, 380, 280) if scene.picture else None
    dot, done = flat(disc(11), mix(ground.bg, ground.fg, 0.28), trim=False), flat(disc(15), ground.key, trim=False)
    rail = solid(max(8, (count - 1) * 90), 4, 2, mix(ground.bg, ground.fg, 0.22))
    lit = solid(max(8, (count - 1) * 90), 6, 3, ground.key)
    rail_y = 812

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        if thing:
            thing(canvas, frame)
        rise = expo(ramp(frame, 2, 22))
        float_blit(canvas, numeral, LEFT - 8, base + (1 - rise) * 420 + bob(frame, 130) * 5, min(1.0, rise * 1.3))
        head(canvas, frame)
        title.draw(canvas, frame, x, middle - title.height / 2, 8)
        blit(canvas, rail, LEFT + 15, rail_y - 2)
        reach = 90 * (index - 2 + io3(ramp(frame, 10, 26))) if index > 1 else 0.0
        blit(canvas, lit, LEFT + 15, rail_y - 3, clip=(0, 0, round(LEFT + 15 + reach), 1080))
        for i in range(count):
            at = LEFT + 15 + i * 90
            passed = i < index - 1 or (i == index - 1 and frame > (30 if index > 1 else 8))
            mark = done if passed else dot
            blit(canvas, mark, at - mark.width / 2, rail_y - mark.height / 2)

    return draw
