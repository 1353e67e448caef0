"""Somebody's own words, with a mark larger than the text and a byline."""

from __future__ import annotations

from ytempire.media.studio.fonts import Font, clean
from ytempire.media.studio.motion import back, bob, expo, ramp
from ytempire.media.studio.parts import readable
from ytempire.media.studio.shapes import blank, disc, paint, solid
from ytempire.media.studio.sprite import Canvas, blit, sprite, xblit
from ytempire.media.studio.stage import LEFT, RIGHT, TOP, Draw, Stage, shortened, template
from ytempire.media.studio.text import fit, glyphs, label


@template("quote")
def quote(stage: Stage) -> Draw:
    scene, ground = stage.scene, stage.ground
    plate = stage.plate()
    mark = glyphs("“", Font("fraunces", 820, 700), ground.key)
    x = 430
    words = fit(
        scene.title, stage.style(stage.type.serif(108), 1.14), (124, 108, 96, 84, 72, 62), RIGHT - x - 40, 5, 470
    )
    top = TOP + 60 + max(0, (470 - words.height) // 2)
    rule = solid(RIGHT - x - 100, 3, 0, ground.line)
    line_y = top + words.height + 84
    name = clean(shortened(scene.body.replace("*", ""), 44))
    initials = "".join(p[0] for p in name.split()[:2] if p[0].isalpha()).upper()
    monogram = paint(blank(104, 104), disc(52), ground.alt)
    badge = sprite(monogram, trim=False)
    letters = glyphs(initials, stage.type.label(40), readable(stage, ground.alt))

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        slide = expo(ramp(frame, 0, 24))
        blit(canvas, mark, LEFT - 30 + bob(frame, 200) * 5, 640 - (1 - slide) * 220 + frame * 0.1)
        words.draw(canvas, frame, x, top, 8, 3, 20)
        if not name:
            return
        grown = expo(ramp(frame, 40, 26))
        blit(canvas, rule, x, line_y, clip=(0, 0, round(x + grown * rule.width), 1080))
        pop = ramp(frame, 46, 14)
        xblit(canvas, badge, x + 52, line_y + 90, back(pop, 1.4))
        if pop >= 1:
            blit(canvas, letters, x + 52 - letters.width / 2 - letters.dx, line_y + 104)
        label(canvas, name, stage.type.label(38), ground.fg, x + 130, line_y + 104, ramp(frame, 52, 10))

    return draw
