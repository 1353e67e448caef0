"""The end card: two empty places for the platform's own links, the call to action, and a bell."""

from __future__ import annotations

import cv2

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, io3, ramp
from ytempire.media.studio.parts import badge, raised
from ytempire.media.studio.shapes import blank, paint, rounded
from ytempire.media.studio.sprite import Canvas, Plane, blit, xblit
from ytempire.media.studio.stage import LEFT, RIGHT, TOP, Draw, Stage, template
from ytempire.media.studio.stroke import Stroke, arc
from ytempire.media.studio.text import label

_W, _H = 780, 440


@template("end")
def end(stage: Stage) -> Draw:
    scene, ground, colours = stage.scene, stage.ground, stage.colours
    plate = stage.plate()
    title = stage.headline(scene.title, (84, 74, 64, 56), 1340, 2, 220)
    mask = rounded(_W, _H, stage.radius(28))
    inner = rounded(_W - 6, _H - 6, stage.radius(26))
    frame_mask: Plane = mask.copy()
    frame_mask[3:-3, 3:-3] = cv2.subtract(frame_mask[3:-3, 3:-3], inner)
    art = paint(blank(_W, _H), mask, mix(ground.bg, colours.ink, 0.3))
    slot = raised(paint(art, frame_mask, mix(ground.bg, ground.fg, 0.35)), colours.ink, 20, 0.4)
    bell = raised(badge(stage, "bell-ringing", 150, ground.key), colours.ink, 12, 0.3)
    ring = Stroke(arc(RIGHT - 90, 220, 100, 0, 360), 7, colours.white)
    top = TOP + 46
    y = 350

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        title.draw(canvas, frame, LEFT, top, 4)
        xblit(canvas, bell, RIGHT - 90, 220, expo(ramp(frame, 4, 16)), bob(frame, 22) * 9 * (1 - ramp(frame, 30, 60)),
              pivot=(75 - bell.dx, 75 - bell.dy))  # fmt: skip
        ring.draw(canvas, io3(ramp(frame, 12, 110)))
        for i, (x, words) in enumerate(((LEFT, "Watch next"), (RIGHT - _W, "Best for you"))):
            t = expo(ramp(frame, 8 + i * 8, 24))
            blit(canvas, slot, x, y + (1 - t) * 700)
            label(
                canvas, words.upper(), stage.type.mono(26), ground.mut, x + 4, y + _H + 46, ramp(frame, 34 + i * 6, 10)
            )

    return draw
