"""A chapter begins: its title, and a numeral larger than the frame."""

from __future__ import annotations

import cv2
import numpy as np

from ytempire.media.studio.fonts import Font, mask
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.shapes import solid
from ytempire.media.studio.sprite import Canvas, Plane, blit, flat
from ytempire.media.studio.stage import LEFT, Draw, Stage, kicker, template
from ytempire.media.studio.text import lay_out

_WORDS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@template("chapter")
def chapter(stage: Stage) -> Draw:
    scene, ground = stage.scene, stage.ground
    plate = stage.plate()
    number = scene.chapter + 1
    font = Font("bricolage", 1150, 800, 75) if stage.kit.type == "friendly" else Font("archivo", 1250, 900, 62)
    plane, pen, base = mask(f"{number:02d}", font)
    solid_numeral = flat(plane, ground.key)
    # The outline is the edge of the numeral's own mask: it bleeds off the frame like the numeral itself.
    thick: Plane = np.asarray(cv2.dilate(plane, np.ones((5, 5), np.uint8)), np.uint8)
    outline = flat(np.asarray(cv2.subtract(thick, plane), np.uint8), ground.line)
    x, y = 900 - pen, 1070 - base
    words = f"Chapter {_WORDS[number - 1] if number <= len(_WORDS) else number}"
    title = stage.headline(scene.title, (148, 128, 108, 92, 76), 780, 4, 400)
    sub = lay_out(scene.body, stage.style(stage.type.body(42), 1.25, ground.mut), 700)
    rule = solid(780, 6, 0, ground.key)
    top = max(330, 520 - title.height // 2)
    head = kicker(stage, LEFT + 2, top + 52, words)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        slide = expo(ramp(frame, 0, 26))
        blit(canvas, outline, x - 56 - frame * 0.3, y + (1 - slide) * 300 + bob(frame, 240) * 6)
        slide = expo(ramp(frame, 2, 26))
        blit(canvas, solid_numeral, x + frame * 0.12, y + (1 - slide) * 760)
        grown = expo(ramp(frame, 6, 24))
        blit(canvas, rule, LEFT, top, clip=(0, 0, LEFT + round(780 * grown), 1080))
        head(canvas, frame)
        title.draw(canvas, frame, LEFT - 4, top + 104, 10, 4)
        sub.draw(canvas, frame, LEFT, top + 104 + title.height + 52, 26, 1)

    return draw
