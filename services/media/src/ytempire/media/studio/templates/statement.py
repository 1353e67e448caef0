"""A sentence as a picture: large type beside a moving abstract figure, for what has no drawn object."""

from __future__ import annotations

from ytempire.media.studio.abstract import figure
from ytempire.media.studio.motion import bob, io3, ramp
from ytempire.media.studio.shapes import solid
from ytempire.media.studio.sprite import Canvas, float_blit
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, template


@template("statement")
def statement(stage: Stage) -> Draw:
    ground = stage.ground
    plate = stage.plate()
    title = stage.headline(stage.scene.title, (132, 118, 104, 92, 80, 70), 1040, 5, 560)
    top = TOP + 60 + max(0, (BOTTOM - TOP - 60 - title.height) // 2)
    head = kicker(stage, LEFT + 62, top - 46)
    bar = solid(12, title.height + 8, 6, ground.key)
    art = figure(stage)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        art(canvas, frame)
        grown = io3(ramp(frame, 4, 24))
        float_blit(canvas, bar, LEFT, top - 4 + bob(frame, 140) * 3, grown)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT + 58, top, 8)

    return draw
