"""The opening: the film's promise over its best picture."""

from __future__ import annotations

from ytempire.media.studio.parts import hero
from ytempire.media.studio.sets import scenery
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import LEFT, TOP, Draw, Stage, kicker, template


@template("hook")
def hook(stage: Stage) -> Draw:
    scene = stage.scene
    place = scenery(stage) if scene.picture.startswith("set:") else None
    plate = stage.plate() if place is None else None
    thing = hero(stage, scene.picture, 1470, 480, 470, 350) if place is None else None
    title = stage.headline(scene.title, (140, 124, 108, 94, 82), 920 if place else 860, 5, 560)
    top = TOP + 110
    head = kicker(stage, LEFT + 6, top - 46)

    def draw(canvas: Canvas, frame: float) -> None:
        if place:
            place(canvas, frame)
        elif plate and thing:
            plate.draw(canvas, frame)
            thing(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT - 4, top, 6, 3)

    return draw
