"""One noun, one claim: a drawn object on a disc, with the claim beside it."""

from __future__ import annotations

from ytempire.media.studio.parts import hero
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, source_note, template


@template("spot")
def spot(stage: Stage) -> Draw:
    scene = stage.scene
    plate = stage.plate()
    x = 1020 if scene.mirror else LEFT
    title = stage.headline(scene.title, (128, 112, 100, 88, 76, 66), 800 if scene.mirror else 830, 5, 480)
    body = stage.body(scene.body, 42, 760)
    gap = 56 if scene.body else 0
    height = title.height + gap + (body.height if scene.body else 0)
    top = TOP + 60 + max(0, (BOTTOM - TOP - 60 - height) // 2)
    head = kicker(stage, x + 4, top - 44)
    drawn = hero(stage, scene.picture, 500 if scene.mirror else 1420, 480)
    note = source_note(stage, x + 4, BOTTOM + 2, 60)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame, -1 if scene.mirror else 1)
        drawn(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, x, top, 8)
        body.draw(canvas, frame, x + 2, top + title.height + gap, title.lands(8) - 4, 1)
        note(canvas, frame)

    return draw
