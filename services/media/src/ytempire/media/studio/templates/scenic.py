"""A drawn place that fills the frame, with the sentence in its dark corner."""

from __future__ import annotations

from ytempire.media.studio.sets import scenery
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import LEFT, TOP, Draw, Stage, kicker, template


@template("scenic")
def scenic(stage: Stage) -> Draw:
    place = scenery(stage)
    title = stage.headline(stage.scene.title, (124, 108, 96, 84, 72), 860, 5, 460)
    head = kicker(stage, LEFT + 4, TOP + 34)

    def draw(canvas: Canvas, frame: float) -> None:
        place(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, TOP + 76, 10)

    return draw
