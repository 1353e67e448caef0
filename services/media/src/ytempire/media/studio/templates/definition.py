"""What a thing is called or is: the term as in a dictionary, its meaning below, the thing beside it."""

from __future__ import annotations

from ytempire.media.studio.fonts import Font
from ytempire.media.studio.motion import expo, ramp
from ytempire.media.studio.parts import hero
from ytempire.media.studio.shapes import solid
from ytempire.media.studio.sprite import Canvas, blit
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.text import fit, lay_out


@template("definition")
def definition(stage: Stage) -> Draw:
    """``title`` is the term, ``body`` its meaning."""
    scene, ground = stage.scene, stage.ground
    plate = stage.plate()
    face = Font("bricolage", 200, 800, 100) if stage.kit.type == "friendly" else Font("fraunces", 200, 800)
    width = 860 if scene.picture else 1500
    term = fit(scene.title, stage.style(face, 1.0), (220, 184, 150, 124, 100), width, 2, 380)
    meaning = lay_out(scene.body, stage.style(stage.type.body(54), 1.26, ground.fg), width - 60)
    height = term.height + 110 + meaning.height
    top = TOP + 60 + max(10, (BOTTOM - TOP - 60 - height) // 2)
    head = kicker(stage, LEFT + 4, top - 56, scene.kicker or "In a word")
    rule = solid(200, 8, 4, ground.key)
    thing = hero(stage, scene.picture, 1440, 480, 420, 310) if scene.picture else None

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        if thing:
            thing(canvas, frame)
        head(canvas, frame)
        term.draw(canvas, frame, LEFT - 6, top, 4, 4, 20)
        grown = expo(ramp(frame, 18, 24))
        y = top + term.height + 48
        blit(canvas, rule, LEFT, y, clip=(0, 0, round(LEFT + 200 * grown), 1080))
        meaning.draw(canvas, frame, LEFT, y + 62, 24, 1)

    return draw
